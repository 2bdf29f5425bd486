import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Chart } from "../src/charts/frame";
import { Cursor, nearest } from "../src/charts/cursor";
import { path } from "../src/charts/marks";
import { limits, linear, niceStep, offset, ticks, timeTicks } from "../src/charts/scale";
import { horizons, kept, madeAhead, madeAt, upTo } from "../src/panels/twin-past";
import { isOld, usualGap, type Read, type Said } from "../src/panels/twin-data";
import { pressed } from "../src/panels/whatif-handle";

const HOUR = 3_600_000;

describe("scales", () => {
  it("map there and back", () => {
    const x = linear(10, 30, 100, 500);
    expect([x(10), x(20), x(30), x.back(300)]).toEqual([100, 300, 500, 20]);
  });
  it("do not divide by an empty range", () => expect(linear(5, 5, 0, 10)(5)).toBe(0));
  it("choose round steps", () => {
    expect(niceStep(100, 5)).toBe(20);
    expect(niceStep(0.7, 10)).toBe(0.1);
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-1, 1, 4)).toContain(0);
  });
  it("put time ticks on whole local hours, on either side of a half-hour zone", () => {
    const start = Date.UTC(2026, 2, 2, 5, 10);
    expect(timeTicks(start, start + 4 * HOUR, 4, "UTC").map((t) => new Date(t).getUTCHours())).toEqual([6, 7, 8, 9]);
    expect(offset(start, "Asia/Kolkata")).toBe(5.5 * HOUR);
    expect(timeTicks(start, start + 4 * HOUR, 4, "Asia/Kolkata").map((t) => new Date(t).getUTCMinutes())).toEqual([30, 30, 30, 30]);
  });
  it("hold all that was measured, and an outrageous band only so far", () => {
    const [low, high] = limits([80, 120], [60, 1e9]);
    expect(low).toBeLessThan(60);
    expect(high).toBeGreaterThan(120);
    expect(high).toBeLessThan(250);
    expect(limits([], [])).toEqual([0, 1]);
    expect(limits([0.5, 10])[0]).toBe(0);
  });
});

describe("lines", () => {
  const same = (v: number) => v;
  it("lift the pen over what is not there", () => expect(path({ at: [0, 1, 2, 3], value: [1, null, 3, 4] }, same, same)).toBe("M0.0 1.0M2.0 3.0L3.0 4.0"));
  it("hold a rate until the next", () => expect(path({ at: [0, 2], value: [1, 5] }, same, same, true)).toBe("M0.0 1.0H2.0V5.0"));
  it("find the nearest moment", () => expect([nearest([0, 10, 20], 4), nearest([0, 10, 20], 6), nearest([0, 10, 20], 99)]).toEqual([0, 1, 2]));
});

describe("past forecasts", () => {
  const minute = 60_000;
  const said: Said = {
    observable: "level", issued: [0, 0, 30, 30].map((m) => m * minute), target: [30, 60, 60, 90].map((m) => m * minute),
    q05: [1, 2, 3, 4], q25: [1, 2, 3, 4], q50: [5, 6, 7, 8], q75: [9, 9, 9, 9], q95: [9, 9, 9, 9],
  };
  const read = { at: [30, 60, 90].map((m) => m * minute), value: [5, 1, 20] } as unknown as Read;
  it("are found by how far ahead they were made, and by when", () => {
    expect(horizons(said)).toEqual([30, 60]);
    expect(madeAhead(said, 30).q50).toEqual([5, 7]);
    expect(madeAt(said, 30 * minute).at).toEqual([60 * minute, 90 * minute]);
    expect(upTo(madeAhead(said, 60), 60 * minute).q50).toEqual([6]);
  });
  it("are counted right where the reading lay inside, wrong where it did not, and not at all where there is none", () => {
    expect(kept(madeAhead(said, 30), read, minute)).toEqual([1, 2]);
    expect(kept(madeAhead(said, 30), { ...read, at: [0], value: [5] }, minute)).toEqual([0, 0]);
  });
});

describe("age", () => {
  const read = { at: [0, 5, 10, 15].map((m) => m * 60_000) } as unknown as Read;
  it("is judged by the usual time between readings", () => {
    expect(usualGap(read.at)).toBe(300_000);
    expect(isOld(read, 24 * 60_000)).toBe(false);
    expect(isOld(read, 26 * 60_000)).toBe(true);
    expect(isOld({ ...read, at: [] }, 0)).toBe(true);
  });
});

describe("the cursor of a chart", () => {
  it("goes from moment to moment by the arrow keys and says what stands there", () => {
    render(
      <Chart label="c" unit="" span={[0, 20]} range={[0, 1]} zone="UTC" over={<Cursor label="read" stops={[0, 10, 20]} start={10} read={(at) => `at ${at}`} show={(at) => at} />}>
        <g />
      </Chart>,
    );
    const slider = screen.getByRole("slider", { name: "read" });
    expect(slider.getAttribute("aria-valuetext")).toBe("at 10");
    fireEvent.keyDown(slider, { key: "ArrowRight" });
    expect(slider.getAttribute("aria-valuetext")).toBe("at 20");
    fireEvent.keyDown(slider, { key: "ArrowRight" });
    expect(slider.getAttribute("aria-valuetext")).toBe("at 20");
    fireEvent.keyDown(slider, { key: "Home" });
    expect(slider.getAttribute("aria-valuetext")).toBe("at 0");
  });
});

describe("keys on a handle", () => {
  it("move time by five minutes and amounts by a step, also with Shift", () => {
    expect(pressed({ key: "ArrowRight", shiftKey: false })).toEqual({ later: 5 });
    expect(pressed({ key: "ArrowLeft", shiftKey: true })).toEqual({ more: -1 });
    expect(pressed({ key: "ArrowUp", shiftKey: false })).toEqual({ more: 1 });
    expect(pressed({ key: "Delete", shiftKey: false })).toBe("drop");
    expect(pressed({ key: "Tab", shiftKey: false })).toBeNull();
  });
});
