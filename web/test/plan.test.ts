import { describe, expect, it } from "vitest";
import { readPlans, written } from "../src/plans/address";
import {
  actionsOf, added, amountOf, begun, ceiling, fault, freeName, grain, isLevel, lagOf, kindsOf, moved, replaced, stretched, typed, without,
  type Draft, type Lever, type Step,
} from "../src/plans/plan";

const drug: Lever = { name: "drug", about: "", unit: "mg/h", dose_unit: "mg", low: 0, high: 20, rate_now: 2, usual_dose: 5, most_dose: 8 };
const beds: Lever = { name: "beds", about: "", unit: "{beds}", dose_unit: null, low: 0, high: null, rate_now: 10, usual_dose: null, most_dose: null };
const extra: Lever = { ...beds, name: "extra", low: null, rate_now: 0 };
const AHEAD = 240;
const dose = (at: number, amount = 5): Step => ({ input: "drug", kind: "dose", at, until: at, amount });
const rate = (at: number, until: number): Step => ({ input: "drug", kind: "rate", at, until, amount: 2 });

describe("moving in time", () => {
  it("snaps to five minutes", () => {
    expect(moved(dose(0), 12, AHEAD).at).toBe(10);
    expect(moved(dose(0), 12.6, AHEAD).at).toBe(15);
  });
  it("never goes before the present, nor so late that nothing could follow", () => {
    expect(moved(dose(30), -40, AHEAD).at).toBe(0);
    expect(moved(dose(30), 999, AHEAD).at).toBe(AHEAD - 5);
  });
  it("keeps the length of a rate, also at the end", () => {
    expect(moved(rate(0, 60), 33, AHEAD)).toMatchObject({ at: 35, until: 95 });
    expect(moved(rate(0, 60), 999, AHEAD)).toMatchObject({ at: AHEAD - 60, until: AHEAD });
  });
  it("lets one end of a rate move while the other stays, and leaves five minutes between", () => {
    expect(stretched(rate(30, 60), "until", 120, AHEAD)).toMatchObject({ at: 30, until: 120 });
    expect(stretched(rate(30, 60), "at", 90, AHEAD)).toMatchObject({ at: 55, until: 60 });
    expect(stretched(rate(30, 60), "until", 0, AHEAD)).toMatchObject({ at: 30, until: 35 });
  });
});

describe("amounts", () => {
  it("step by a round part of what is usual for the input", () => {
    expect(grain(drug, "dose")).toBe(0.5);
    expect(grain(drug, "rate")).toBe(0.2);
    expect(grain(extra, "rate")).toBe(1);
  });
  it("stay inside the limits that the model declares", () => {
    expect(amountOf(drug, "dose", 99)).toBe(20);
    expect(amountOf(drug, "dose", -3)).toBe(0);
    expect(amountOf(extra, "rate", -3)).toBe(-3);
    expect(typed(drug, "dose", 99)).toBe(20);
    expect(typed(drug, "dose", NaN)).toBe(0);
  });
  it("keep what was typed, though it is no round step", () => expect(typed(drug, "dose", 3.37)).toBe(3.37));
  it("do not gather rounding errors", () => expect(amountOf({ ...drug, usual_dose: 1 }, "dose", 0.1 + 0.2)).toBe(0.3));
  it("fit under the top of their lane", () => {
    expect(ceiling(drug, "dose", 0)).toBe(10);
    expect(ceiling(drug, "dose", 15)).toBe(15);
    expect(ceiling(drug, "dose", 90)).toBe(20);
  });
});

describe("plans", () => {
  const plan: Draft = { name: "A", steps: [dose(0), rate(30, 60)] };
  it("begin an action with the usual dose, or an hour of the rate in force", () => {
    expect(begun(drug, "dose", 7, AHEAD)).toEqual({ input: "drug", kind: "dose", at: 5, until: 5, amount: 5 });
    expect(begun(beds, "rate", 0, AHEAD)).toMatchObject({ at: 0, until: 60, amount: 10 });
  });
  it("begin where the clock is, when the twin's newest reading is older", () => {
    expect([lagOf(0, 4 * 60_000), lagOf(0, 57 * 60_000), lagOf(9e6, 0)]).toEqual([0, 55, 0]);
  });
  it("offer doses only where the model takes them", () => {
    expect(kindsOf(drug)).toEqual(["dose", "rate"]);
    expect(kindsOf(beds)).toEqual(["rate"]);
    expect([isLevel(beds), isLevel(drug)]).toEqual([true, false]);
  });
  it("change one action and leave the others", () => {
    expect(replaced(plan, 0, dose(10)).steps).toEqual([dose(10), rate(30, 60)]);
    expect(without(plan, 0).steps).toEqual([rate(30, 60)]);
    expect(added(plan, dose(5)).steps).toHaveLength(3);
    expect(plan.steps).toHaveLength(2);
  });
  it("are sent with times from the twin's present", () => {
    expect(actionsOf(plan)).toEqual([
      { input: "drug", at: "+0min", dose: 5 }, { input: "drug", at: "+30min", rate: 2, until: "+60min" },
    ]);
  });
  it("cannot be compared while there are too few, two of one name, or no difference", () => {
    expect(fault([plan])).toBe("few");
    expect(fault([plan, { name: " ", steps: [] }])).toBe("unnamed");
    expect(fault([plan, { name: "A ", steps: [] }])).toBe("twice");
    expect(fault([plan, { ...plan, name: "B" }])).toBe("same");
    expect(fault([plan, { name: "B", steps: [] }])).toBeNull();
  });
  it("take the first free letter", () => expect(freeName([plan], (letter) => letter)).toBe("B"));
  it("come back from an address as they went in, and nothing else does", () => {
    expect(readPlans(written([plan, { name: "B", steps: [] }]))).toEqual([plan, { name: "B", steps: [] }]);
    for (const bad of [null, "", "[", "{}", "[]", '[["A",["drug","x",0,0,1]]]', '[["A",["drug","d",0,0,null]]]', "[[1]]"]) expect(readPlans(bad)).toBeNull();
  });
});
