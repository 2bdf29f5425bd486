import { describe, expect, test } from "vitest";
import { begin, flat, pressed, ROUNDS, rowsOf, stepped, type Scan } from "../src/help/scan";
import { kept } from "../src/help/ways";

const after = (scan: Scan, steps: number): Scan => (steps === 0 ? scan : after(stepped(scan), steps - 1));

describe("scanning", () => {
  test("row by row, every button is reached with two presses", () => {
    const rows = [3, 3, 2];
    const reached = new Set<number>();
    rows.forEach((width, row) => {
      for (let cell = 0; cell < width; cell++) {
        const into = pressed(after(begin("rows", rows), row));
        expect(into.chosen).toBeNull();
        reached.add(pressed(after(into.scan, cell)).chosen ?? -1);
      }
    });
    expect([...reached].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("one by one, every button is reached with one press, and then it begins anew", () => {
    for (let n = 0; n < 7; n++) {
      const done = pressed(after(begin("each", [3, 3, 1]), n));
      expect(done.chosen).toBe(n);
      expect(flat(done.scan)).toBe(0);
    }
    expect(flat(after(begin("each", [3, 3, 1]), 7))).toBe(0);
  });

  test("a row entered by mistake is left again after its rounds", () => {
    const inside = pressed(after(begin("rows", [3, 3]), 1)).scan;
    expect(after(inside, 3 * ROUNDS - 1).cell).not.toBeNull();
    expect(after(inside, 3 * ROUNDS).cell).toBeNull();
    expect(after(inside, 3 * ROUNDS).row).toBe(1);
  });

  test("a row of one is chosen at once", () => {
    expect(pressed(after(begin("rows", [3, 1]), 1)).chosen).toBe(3);
  });

  test("rows hold as many as there are", () => {
    expect(rowsOf(9, 3)).toEqual([3, 3, 3]);
    expect(rowsOf(10, 3)).toEqual([3, 3, 3, 1]);
  });

  test("what was kept is taken only where it can be read", () => {
    expect(kept('{"way":"two","order":"each","seconds":3,"auto":true}')).toEqual({ way: "two", order: "each", seconds: 3, auto: true });
    expect(kept('{"way":"nose","seconds":-1}')).toEqual(kept(null));
    expect(kept("{")).toEqual(kept(null));
  });
});
