import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import type { Course } from "../src/panels/twin-data";
import { Plans } from "../src/panels/whatif-plans";
import { actionsOf, type Draft } from "../src/plans/plan";

afterEach(cleanup);

const given = (name: string, more: Partial<Course["given"][number]> = {}): Course["given"][number] => ({
  name, about: `${name} it is`, unit: "mg/h", dose_unit: "mg", low: 0, high: 20, dose_at: [], dose: [], rate_at: [], rate: [],
  rate_now: 0, usual_dose: 5, most_dose: 8, ...more,
});
const course: Course = {
  twin: "t", subject: "s", model: "m", causal: "mechanistic", zone: "UTC", from: 0, now: 3_600_000, clock: 3_600_000, read: [],
  given: [given("drug"), given("beds", { unit: "{beds}", dose_unit: null, rate_now: 10, usual_dose: null, most_dose: null })], said: [],
};
let plans: readonly Draft[] = [];

function Held() {
  const [held, set] = useState<readonly Draft[]>([{ name: "As things are", steps: [] }, { name: "Plan B", steps: [] }]);
  plans = held;
  return <Plans course={course} plans={held} set={set} ahead={240} />;
}

describe("the editor of plans", () => {
  it("has a lane for every input that the model declares, and a dose only where it takes one", () => {
    render(<Held />);
    expect(screen.getByRole("button", { name: "+ one dose of drug" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "+ another level of beds" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "+ one dose of beds" })).toBeNull();
  });

  it("moves a dose by the keys, and fields and timeline hold the same values", () => {
    render(<Held />);
    fireEvent.click(screen.getByRole("button", { name: "+ one dose of drug" }));
    const mark = screen.getByRole("slider", { name: "drug" });
    fireEvent.keyDown(mark, { key: "ArrowRight" });
    fireEvent.keyDown(mark, { key: "ArrowUp" });
    expect(actionsOf(plans[1]!)).toEqual([{ input: "drug", at: "+5min", dose: 5.5 }]);
    expect(screen.getByRole("slider", { name: "drug" }).getAttribute("aria-valuetext")).toBe("drug, 5.5 mg, at 01:05, in 5 min");
    expect((screen.getByRole("spinbutton", { name: "drug: From" }) as HTMLInputElement).value).toBe("5");
  });

  it("keeps a typed amount inside the model's limits", () => {
    render(<Held />);
    fireEvent.click(screen.getByRole("button", { name: "+ one dose of drug" }));
    const field = screen.getByRole("spinbutton", { name: "drug: Amount" });
    fireEvent.blur(field, { target: { value: "999" } });
    expect(plans[1]!.steps[0]!.amount).toBe(20);
  });

  it("stretches a rate by its end, and Delete takes it away", () => {
    render(<Held />);
    fireEvent.click(screen.getByRole("button", { name: "+ another level of beds" }));
    fireEvent.keyDown(screen.getByRole("slider", { name: "End of beds" }), { key: "ArrowRight" });
    expect(actionsOf(plans[1]!)).toEqual([{ input: "beds", at: "+0min", rate: 10, until: "+65min" }]);
    fireEvent.keyDown(screen.getByRole("slider", { name: "Rate of beds" }), { key: "Delete" });
    expect(plans[1]!.steps).toEqual([]);
  });

  it("takes up to five plans and keeps at least two; a copy has the same actions under a name of its own", () => {
    render(<Held />);
    fireEvent.click(screen.getByRole("button", { name: "+ one dose of drug" }));
    fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    expect(plans.map((plan) => [plan.name, plan.steps.length])).toEqual([["As things are", 0], ["Plan B", 1], ["Plan A", 1]]);
    fireEvent.click(screen.getByRole("button", { name: "Add a plan" }));
    fireEvent.click(screen.getByRole("button", { name: "Add a plan" }));
    expect((screen.getByRole("button", { name: "Add a plan" }) as HTMLButtonElement).disabled).toBe(true);
    for (let k = 0; k < 3; k++) fireEvent.click(screen.getByRole("button", { name: "Remove plan" }));
    expect((screen.getByRole("button", { name: "Remove plan" }) as HTMLButtonElement).disabled).toBe(true);
  });

  it("goes from tab to tab by the arrow keys, one of them in the tab order", () => {
    render(<Held />);
    const list = screen.getByRole("tablist");
    fireEvent.keyDown(list, { key: "ArrowRight" });
    const tabs = within(list).getAllByRole("tab");
    expect(tabs.map((tab) => [tab.getAttribute("aria-selected"), tab.tabIndex])).toEqual([["true", 0], ["false", -1]]);
    expect(document.activeElement).toBe(tabs[0]);
  });
});
