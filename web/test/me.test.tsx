import { describe, expect, test } from "vitest";
import { compared } from "../src/panels/me-changes";
import { questionsOf } from "../src/panels/me-questions";
import { movers } from "../src/panels/me-why";
import { made, marker, region } from "./made-body";

const row = (mean: number | null, before: number | null) => ({
  code: "c", title: "c", unit: "g", value: 1, at: "", age_minutes: 1, n: 3, mean, low: 1, high: 2, n_before: 3, mean_before: before,
});

describe("the patient's page", () => {
  test("says more, less, the same, or that there is nothing to compare with", () => {
    expect(compared(row(120, 100))).toContain("more");
    expect(compared(row(80, 100))).toContain("less");
    expect(compared(row(104, 100))).toContain("same");
    expect(compared(row(104, null))).toContain("nothing from the day before");
  });

  test("names what was done that moved the number most, and not the readings", () => {
    const one = { facts: 1, first: "", last: "", spread: 1, moved: {} };
    const lines = movers({
      unit: "mg/dL",
      contributions: [
        { ...one, names: ["carbs"], acted: true, shift: 22.5 }, { ...one, names: ["insulin"], acted: true, shift: -40 },
        { ...one, names: ["reading"], acted: false, shift: 99 }, { ...one, names: ["walk"], acted: true, shift: 0 },
      ],
    });
    expect(lines).toEqual(["Insulin brought it down by about 40 mg/dL.", "Carbs pushed it up by about 23 mg/dL."]);
  });

  test("asks about alerts first, then what is out of range, then what to measure; never more than seven", () => {
    const alert = { id: "a", title: "Low sugar", severity: "warning", state: "raised", reason: "", raised: "", twin: "" };
    const next = ["x", "y", "z"].map((about) => ({ name: about, about, unit: "1", share: 0.5, of: "", reason: "" }));
    const asked = questionsOf(made(
      [region("pancreas", { state: "watch", alerts: [alert, alert] }), region("kidneys", { state: "act" }), region("liver", { markers: [marker({ status: "old" })] })],
      { measure_next: next },
    ));
    expect(asked[0]).toContain("Low sugar");
    expect(asked[1]).toContain("kidneys");
    expect(asked[1]).not.toContain("pancreas");
    expect(asked[2]).toContain("liver");
    expect(asked.filter((question) => question.includes("help to check"))).toHaveLength(2);
    expect(questionsOf(made([]))).toEqual([]);
    const many = Array.from({ length: 12 }, (_, i) => region(`r${i}`, { alerts: [{ ...alert, title: `t${i}` }] }));
    expect(questionsOf(made(many))).toHaveLength(7);
  });
});
