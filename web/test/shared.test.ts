import { describe, expect, test } from "vitest";
import { picked } from "../src/panels/together-ahead";
import { plansOf, read, write, type Shared } from "../src/together/shared";

describe("the shared view", () => {
  test("everything that both see goes into the address and comes back", () => {
    const shared: Shared = { step: "plans", twin: "p.m", point: "plans", level: "plain", big: true, plans: null, typed: "a\nb: x=1@+0", hours: 8 };
    expect(read(new URLSearchParams(write(shared).toString()))).toEqual(shared);
  });

  test("what stands at its first value is left out, and nonsense is not taken", () => {
    const first = read(new URLSearchParams(""));
    expect(write(first).toString()).toBe("");
    expect(read(new URLSearchParams("step=x&show=y&hours=-3&big=2"))).toEqual(first);
  });

  test("a plan without actions is things as they are", () => {
    expect(plansOf(" as now \n\n B: insulin=2@+0")).toEqual(["as now:", "B: insulin=2@+0"]);
  });

  test("the hours shown are the forecast's own that lie nearest, none beyond its end", () => {
    expect(picked([0.25, 0.5, 0.75, 1, 1.25])).toEqual([1, 3]);
    expect(picked([])).toEqual([]);
  });
});
