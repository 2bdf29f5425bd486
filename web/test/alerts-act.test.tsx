import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { Act } from "../src/panels/alerts-act";
import { possible, pressing, sought, type Alert } from "../src/panels/alerts-data";

function alert(told: Partial<Alert> = {}): Alert {
  return {
    id: "s.alert-1", rule: "r", title: "Low ahead", severity: "warning", state: "raised", silent: false, subject: "s", twin: "t", model: "m",
    raised: "2026-01-01T00:00:00Z", since: "2026-01-01T00:00:00Z", answered: null, rung: 0, reason: "it is low", strength: 1,
    evidence: {}, steps: [], ...told,
  };
}

function shown(action: "acknowledge" | "snooze" | "resolve") {
  const sent = vi.fn(async (_path: string, _asked: RequestInit) => new Response("{}", { headers: { "content-type": "application/json" } }));
  vi.stubGlobal("fetch", sent);
  const [close, done] = [vi.fn(), vi.fn()];
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Act alert={alert()} action={action} close={close} done={done} />
    </QueryClientProvider>,
  );
  return { sent, close, done };
}

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.unstubAllGlobals();
});

test("nothing is sent without who it is", async () => {
  const { sent } = shown("acknowledge");
  await userEvent.click(screen.getByRole("button", { name: "Acknowledge" }));
  expect(screen.getByRole("alert").textContent).toBeTruthy();
  expect(sent).not.toHaveBeenCalled();
});

test("who, why and the minutes are sent, and the name is remembered", async () => {
  const { sent, close } = shown("snooze");
  await userEvent.type(screen.getByLabelText("Your name or badge"), "nurse 7");
  await userEvent.type(screen.getByLabelText("Why (kept on record)"), "being seen to");
  await userEvent.clear(screen.getByLabelText("Minutes"));
  await userEvent.type(screen.getByLabelText("Minutes"), "15{Enter}");
  expect(sent.mock.calls[0]![0]).toBe("/api/alerts/s.alert-1/snooze");
  expect(JSON.parse(sent.mock.calls[0]![1].body as string)).toEqual({ by: "nurse 7", why: "being seen to", minutes: 15 });
  expect(close).toHaveBeenCalled();
  expect(localStorage.getItem("gemel.by")).toBe("nurse 7");
});

test("to resolve needs a reason, and Escape lets it be", async () => {
  const { sent, close } = shown("resolve");
  await userEvent.type(screen.getByLabelText("Your name or badge"), "nurse 7{Enter}");
  expect(screen.getByRole("alert").textContent).toContain("why");
  await userEvent.keyboard("{Escape}");
  expect(close).toHaveBeenCalled();
  expect(sent).not.toHaveBeenCalled();
});

test("what has ended or is silent offers nothing, and what is acknowledged is not acknowledged twice", () => {
  expect(possible(alert({ state: "resolved" }))).toEqual([]);
  expect(possible(alert({ state: "silent" }))).toEqual([]);
  expect(possible(alert({ state: "acknowledged" }))).toEqual(["escalate", "snooze", "resolve"]);
});

test("critical before warning, unanswered before answered, open before ended", () => {
  const all = [
    alert({ id: "ended", severity: "critical", state: "resolved" }), alert({ id: "warning" }),
    alert({ id: "answered", severity: "critical", state: "acknowledged" }), alert({ id: "critical", severity: "critical" }),
  ];
  expect(all.sort(pressing).map((one) => one.id)).toEqual(["critical", "answered", "warning", "ended"]);
});

test("a word finds a patient by name though the alert holds only an id", () => {
  const everybody = new Map([["s", { name: "Elm Virtual", place: "North", bed: "1/1", kind: "person" }]]);
  expect(sought([alert()], { severity: "", text: "elm" }, everybody)).toHaveLength(1);
  expect(sought([alert()], { severity: "critical", text: "elm" }, everybody)).toHaveLength(0);
});
