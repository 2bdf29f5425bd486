import { describe, expect, test } from "vitest";
import { step } from "../src/body/figure";
import { GAP, labels } from "../src/body/labels";
import { DETAIL, HEIGHT, mirrored, OUTLINE, SHAPES, WIDTH } from "../src/body/shapes";

const regions = Object.keys(SHAPES);
const numbers = (path: string) => [...path.matchAll(/-?\d+(\.\d+)?/g)].map((m) => Number(m[0]));

describe("the figure", () => {
  test("has inner lines only for what it draws", () => {
    expect(Object.keys(DETAIL).filter((id) => !(id in SHAPES))).toEqual([]);
  });

  test("stays inside its field", () => {
    for (const drawn of Object.values(SHAPES)) {
      for (const path of drawn.paths) {
        if (/[HV]/.test(path)) continue;
        numbers(path).forEach((n, i) => {
          expect(n).toBeGreaterThanOrEqual(-10);
          expect(n).toBeLessThanOrEqual(i % 2 === 0 ? WIDTH : HEIGHT);
        });
      }
    }
  });

  test("mirrored twice is itself, and what is mirrored has no single coordinates", () => {
    expect(mirrored(mirrored(OUTLINE)).replaceAll(/\s+/g, " ")).toBe(OUTLINE.replaceAll(/\s+/g, " "));
    expect(OUTLINE).not.toMatch(/[HVhv]/);
  });

  test("labels keep their distance and their order", () => {
    const at = labels(regions);
    expect(at.length).toBe(regions.length);
    for (const side of ["left", "right"] as const) {
      const own = at.filter((label) => label.side === side).sort((a, b) => a.y - b.y);
      own.slice(1).forEach((label, i) => {
        expect(label.y - (own[i]?.y ?? 0)).toBeGreaterThanOrEqual(GAP - 1e-9);
        expect(label.spot[1]).toBeGreaterThanOrEqual(own[i]?.spot[1] ?? 0);
      });
    }
  });

  test("arrows go down by height and across to the nearest", () => {
    const order = labels(regions).sort((a, b) => a.spot[1] - b.spot[1]);
    expect(step("ArrowDown", 0, order)).toBe(1);
    expect(step("ArrowUp", 0, order)).toBe(0);
    expect(step("End", 0, order)).toBe(order.length - 1);
    const left = order.findIndex((label) => label.side === "left");
    const across = step("ArrowRight", left, order) ?? -1;
    expect(order[across]?.side).toBe("right");
    expect(step("ArrowLeft", left, order)).toBeNull();
    expect(step("x", 0, order)).toBeNull();
  });
});
