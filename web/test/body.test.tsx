import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import { counts, ordered, said } from "../src/body/region";
import { Figure } from "../src/body/figure";
import { BodyList } from "../src/panels/body-list";
import { BodyOrgan } from "../src/panels/body-organ";
import { scaleOf } from "../src/panels/body-risk";
import { marker, region } from "./made-body";

afterEach(cleanup);
const regions = [region("brain"), region("liver", { state: "calm" }), region("kidneys", { state: "act", why: "too low" }), region("heart", { state: "watch" })];

describe("the body map", () => {
  test("lists the worst first and counts every state", () => {
    expect(ordered(regions).map((one) => one.id)).toEqual(["kidneys", "heart", "liver", "brain"]);
    expect(counts(regions)).toEqual({ act: 1, watch: 1, calm: 1, none: 1 });
  });

  test("tells what is too old to say from what was never measured", () => {
    expect(said(region("thyroid"))).toBe("Not measured");
    expect(said(region("kidneys", { markers: [marker({ status: "old" })] }))).toBe("Too old to say");
    expect(said(region("kidneys", { state: "calm", markers: [marker()] }))).toBe("In range");
  });

  test("one Tab reaches the list, arrows go through it, Enter opens", async () => {
    const choose = vi.fn();
    render(<BodyList regions={regions} choose={choose} />);
    const user = userEvent.setup();
    await user.tab();
    expect(document.activeElement?.getAttribute("data-region")).toBe("kidneys");
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}{Enter}");
    expect(choose).toHaveBeenCalledWith("heart");
    await user.tab();
    expect(document.activeElement?.tagName).not.toBe("BUTTON");
  });

  test("the figure's labels are buttons with the state in their name", async () => {
    const choose = vi.fn();
    render(<Figure regions={regions} chosen="heart" choose={choose} part="whole" labelled />);
    expect(screen.getByRole("button", { name: "kidneys: Out of range" })).toBeTruthy();
    expect(screen.getByRole("button", { name: /^heart/ }).getAttribute("aria-pressed")).toBe("true");
    const user = userEvent.setup();
    screen.getByRole("button", { name: /^brain/ }).focus();
    await user.keyboard("{Enter}");
    expect(choose).toHaveBeenLastCalledWith("brain");
  });

  test("an organ shows number, unit, age and limits, greys what is old, and closes with Escape", async () => {
    const close = vi.fn();
    const own = region("kidneys", {
      state: "watch", why: "x", markers: [marker(), marker({ name: "urea", about: "urea", status: "old", value: 5, age_days: 4000, old: true })],
    });
    render(<BodyOrgan region={own} close={close} />);
    const sheet = screen.getByRole("region", { name: "Kidneys" });
    expect(sheet.textContent).toContain("90 mL/min");
    expect(sheet.textContent).toContain("3 d ago");
    expect(sheet.textContent).toContain("usual from 60 mL/min");
    expect(sheet.textContent).toContain("11.0 years ago (old)");
    await userEvent.setup().keyboard("{Escape}");
    expect(close).toHaveBeenCalled();
  });

  test("bars of one list share a scale that holds them all", () => {
    const risk = (high95: number) => ({ high95 }) as Parameters<typeof scaleOf>[0][number];
    expect(scaleOf([risk(0.02), risk(0.18)])).toBe(0.2);
    expect(scaleOf([risk(0.7)])).toBe(1);
  });
});
