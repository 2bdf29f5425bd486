import { describe, expect, test } from "vitest";
import type { Board, Row } from "../src/live/board";
import { applied, keyOf, type Part } from "../src/live/parts";
import { pause } from "../src/live/socket";

const board = { states: ["calm", "watch", "act", "none"], whys: ["calm", "alert", "risk", "old"], rules: [] } as unknown as Board;
const outlook = { observable: "x", unit: "u", issued: 0, now: [1, 0, 2], trend: 0, ahead: [[30, 0, 1, 2]], risk: null, next: null };
const row = {
  i: 7, id: "s", kind: "person", name: "Elm", place: "North", bed: "1/1", state: "calm", why: "calm", about: "", alerts: 0,
  reading: { code: "c", title: "level", unit: "u", value: 100, at: 0, every: 60, past: [[-300, 99], [0, 100]] },
  twins: [{ id: "t", model: "m", title: "M", kind: "patient", standing: "silent", stale: "", outlook }],
} as unknown as Row;

describe("parts of the board", () => {
  test("a reading changes the value, and the curve only when the last point is some minutes old", () => {
    const soon = applied(row, [7, 0, 101, 60], board);
    expect(soon.reading).toMatchObject({ value: 101, at: 60 });
    expect(soon.reading!.past).toBe(row.reading!.past);
    expect(applied(row, [7, 0, 102, 300], board).reading!.past.at(-1)).toEqual([300, 102]);
  });

  test("the curve keeps a bounded number of points, however long the page is open", () => {
    let own = row;
    for (let k = 1; k < 500; k++) own = applied(own, [7, 0, k, 300 * k], board);
    expect(own.reading!.past.length).toBeLessThanOrEqual(49);
    expect(own.reading!.past.at(-1)).toEqual([300 * 499, 499]);
  });

  test("an outlook comes as numbers and is what the whole answer would have said", () => {
    const part: Part = [7, 1, 0, 60, 1, "", 90, 80, 100, -2, 0, 34, 60, 1, 41, 77, [30, 70, 80, 95, 60, 50, 66, 90]];
    const twin = applied(row, part, board).twins[0]!;
    expect(twin.standing).toBe("advisory");
    expect(twin.outlook).toEqual({
      observable: "x", unit: "u", issued: 60, now: [90, 80, 100], trend: -2, ahead: [[30, 70, 80, 95], [60, 50, 66, 90]],
      risk: { rule: 0, probability: 0.34, minutes: 60 }, next: { rule: 1, minutes: 41, probability: 0.77 },
    });
  });

  test("no rule and no event are told by -1", () => {
    const part: Part = [7, 1, 0, 60, 0, "late", 90, 80, 100, 0, -1, 0, 0, -1, 0, 0, []];
    const twin = applied(row, part, board).twins[0]!;
    expect([twin.outlook!.risk, twin.outlook!.next, twin.stale, twin.standing]).toEqual([null, null, "late", "silent"]);
  });

  test("a state says why, and what a part does not tell stays the same object", () => {
    const next = applied(row, [7, 2, 2, 1, "Low", 3], board);
    expect(next).toMatchObject({ state: "act", why: "alert", about: "Low", alerts: 3 });
    expect(next.reading).toBe(row.reading);
    expect(next.twins).toBe(row.twins);
  });

  test("what is for a twin or a reading that nobody knows changes nothing", () => {
    const bare = { ...row, reading: null };
    expect(applied(bare, [7, 0, 1, 1], board)).toBe(bare);
    expect(applied(row, [7, 1, 5, 60, 1, "", 1, 1, 1, 0, -1, 0, 0, -1, 0, 0, []], board)).toBe(row);
  });

  test("parts of different rows, kinds and twins never displace one another", () => {
    const parts: Part[] = [];
    for (let i = 1; i < 50; i++) {
      parts.push([i, 0, 1, 1], [i, 2, 0, 0, "", 0]);
      for (let k = 0; k < 8; k++) parts.push([i, 1, k, 0, 0, "", 1, 1, 1, 0, -1, 0, 0, -1, 0, 0, []]);
    }
    expect(new Set(parts.map(keyOf)).size).toBe(parts.length);
  });
});

test("a broken link is tried again soon, and never more seldom than each quarter of a minute", () => {
  expect(pause(0)).toBeLessThanOrEqual(1_000);
  for (let k = 1; k < 100; k++) expect(pause(k)).toBeGreaterThanOrEqual(pause(k - 1));
  expect(pause(1_000)).toBe(15_000);
});
