import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LONG, unanswered, type Requested } from "../src/help/requests";
import { MeHelp } from "../src/panels/me-help";

const sent: { category: string; channel: string }[] = [];
let down = false;
let waiting: Requested[] = [];

beforeEach(() => {
  sent.length = 0;
  down = false;
  waiting = [];
  localStorage.clear();
  vi.stubGlobal("fetch", vi.fn(async (_path: string, asked?: RequestInit) => {
    if (down) throw new TypeError("no link");
    if (asked?.method === "POST") {
      const body = JSON.parse(String(asked.body)) as { category: string; channel: string };
      waiting = [request("asked", Date.now())];
      sent.push(body);
      return new Response(JSON.stringify({ ...request("asked", Date.now()), category: body.category }), { status: 201 });
    }
    return new Response(JSON.stringify({ requests: waiting }));
  }));
});
afterEach(() => { cleanup(); vi.useRealTimers(); vi.unstubAllGlobals(); });

function request(state: Requested["state"], at: number): Requested {
  const time = new Date(at).toISOString();
  return { id: "r", subject: "p", category: "drink", words: "", channel: "touch", state, open: true, asked: time, since: time, steps: [] };
}

function shown() {
  render(<QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}><MeHelp subject="p" /></QueryClientProvider>);
}

describe("asking for help", () => {
  test("a touch sends what was touched and says that nobody has seen it yet", async () => {
    shown();
    fireEvent.click(screen.getByRole("button", { name: "Drink or food" }));
    await waitFor(() => expect(screen.getByText(/Nobody has seen it yet/)).toBeTruthy());
    expect(sent).toEqual([{ category: "drink", words: "", channel: "touch" }]);
  });

  test("with one switch the mark moves by itself, and two presses send", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    localStorage.setItem("gemel.ways", JSON.stringify({ way: "one", order: "rows", seconds: 1 }));
    shown();
    fireEvent.click(screen.getByText("Start"));
    act(() => void vi.advanceTimersByTime(1000));
    fireEvent.keyDown(document, { key: " " });
    act(() => void vi.advanceTimersByTime(1000));
    fireEvent.keyDown(document, { key: "Enter" });
    await waitFor(() => expect(sent).toEqual([{ category: "drip", words: "", channel: "switch" }]));
  });

  test("with two switches nothing moves by itself: Space moves, Enter chooses, Escape ends it", async () => {
    localStorage.setItem("gemel.ways", JSON.stringify({ way: "two", order: "each", seconds: 1 }));
    shown();
    fireEvent.click(screen.getByText("Start"));
    for (let n = 0; n < 3; n++) fireEvent.keyDown(document, { key: " " });
    fireEvent.keyDown(document, { key: "Enter" });
    await waitFor(() => expect(sent.map((one) => one.category)).toEqual(["toilet"]));
    await screen.findByText("Take back my last one");
    expect(screen.getByText("Stop")).toBeTruthy();
    fireEvent.keyDown(document, { key: "Escape" });
    expect(screen.getByText("Start")).toBeTruthy();
  });

  test("who has only a switch need not press Start, and typing is left alone", async () => {
    localStorage.setItem("gemel.ways", JSON.stringify({ way: "two", order: "each", seconds: 1, auto: true }));
    shown();
    expect(screen.getByText("Stop")).toBeTruthy();
    fireEvent.keyDown(screen.getByRole("textbox"), { key: "Enter" });
    fireEvent.keyDown(document, { key: " " });
    fireEvent.keyDown(document, { key: "Enter" });
    await waitFor(() => expect(sent.map((one) => one.category)).toEqual(["breathing"]));
  });

  test("a resting pointer sends when the time is up, and not when it leaves before", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    localStorage.setItem("gemel.ways", JSON.stringify({ way: "dwell", order: "rows", seconds: 2 }));
    shown();
    const button = screen.getByRole("button", { name: /Toilet/ });
    fireEvent.pointerEnter(button);
    act(() => void vi.advanceTimersByTime(1500));
    fireEvent.pointerLeave(button);
    act(() => void vi.advanceTimersByTime(1500));
    expect(sent).toEqual([]);
    fireEvent.pointerEnter(button);
    act(() => void vi.advanceTimersByTime(2100));
    await waitFor(() => expect(sent.map((one) => one.channel)).toEqual(["other"]));
  });

  test("when the link is down it says so and sends the patient to the bell", async () => {
    down = true;
    shown();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Press the bell"));
    fireEvent.click(screen.getByRole("button", { name: "I have pain" }));
    await waitFor(() => expect(screen.getByText(/This was not sent/)).toBeTruthy());
  });

  test("nobody is left waiting without being told", () => {
    const now = 1_780_000_000_000;
    expect(unanswered(request("asked", now - LONG + 1), now)).toBe(false);
    expect(unanswered(request("asked", now - LONG - 1), now)).toBe(true);
    expect(unanswered(request("seen", now - 10 * LONG), now)).toBe(false);
  });
});
