import { describe, expect, test } from "vitest";
import type { Row } from "../src/live/board";
import { columnsFor, tileHeight } from "../src/pages/wall";
import { called, filtered, headline, isOld, leads, ordered, urgency } from "../src/panels/overview-rank";

let n = 0;
function row(told: Record<string, unknown> = {}): Row {
  n += 1;
  return {
    i: n, id: `id-${n}`, kind: "person", name: `Patient ${n}`, place: "North", bed: `1/${n}`, state: "calm", why: "calm", about: "",
    alerts: 0, reading: { code: "c", title: "level", unit: "u", value: 1, at: 0, every: 60, past: [] }, twins: [], ...told,
  } as unknown as Row;
}
const twin = (probability: number, standing = "advisory", id = "t") => ({
  id, standing, outlook: { risk: { rule: 0, probability, minutes: 60 } },
});

describe("who comes first", () => {
  test("act before watch before not known before calm", () => {
    const rows = ["calm", "none", "act", "watch"].map((state) => row({ state }));
    expect(ordered(rows, "urgent").map((own) => own.state)).toEqual(["act", "watch", "none", "calm"]);
  });

  test("of equals the one nearest to a limit, and the order is total", () => {
    const rows = [row({ twins: [twin(0.1)] }), row({ twins: [twin(0.7)] }), row(), row()];
    const found = ordered(rows, "urgent");
    expect(found[0]).toBe(rows[1]);
    for (const a of rows) for (const b of rows) if (a !== b) expect(Math.sign(urgency(a, b))).toBe(-Math.sign(urgency(b, a)));
  });

  test("beds are ordered as numbers, not as words", () => {
    const rows = [row({ bed: "10/1" }), row({ bed: "2/1" })];
    expect(ordered(rows, "bed").map((own) => own.bed)).toEqual(["2/1", "10/1"]);
  });

  test("who has never been read counts as oldest", () => {
    const rows = [row(), row({ reading: null })];
    expect(ordered(rows, "old")[0]).toBe(rows[1]);
  });

  test("a twin that may speak speaks for the row, however near a silent one is to a limit", () => {
    expect(headline(row({ twins: [twin(0.9, "silent", "quiet"), twin(0.1, "advisory", "voice")] }))!.id).toBe("voice");
  });
});

describe("who is shown", () => {
  const rows = [row({ name: "Elm", place: "North", state: "act" }), row({ name: "Oak", place: "South" })];
  test("by ward, state and word together", () => {
    expect(filtered(rows, { place: "North" })).toEqual([rows[0]]);
    expect(filtered(rows, { state: "act", text: "oak" })).toEqual([]);
    expect(filtered(rows, { text: " OAK " })).toEqual([rows[1]]);
    expect(filtered(rows, {})).toEqual(rows);
  });

  test("a long id is shortened, a name and a short id are not", () => {
    expect(called({ name: "", id: "67f22f09-f99f-442f-beee-50b1ef1be570" })).toBe("67f22f09…");
    expect(called({ name: "", id: "pump-7" })).toBe("pump-7");
  });

  test("a row leads to its twin; without one to its place on the overview", () => {
    expect(leads(row({ twins: [{ ...twin(0), id: "a b" }] }))).toBe("/twins/a%20b");
    expect(leads(row({ id: "x/y" }))).toBe("/?who=x%2Fy");
  });

  test("old is more than twice the usual time between two readings", () => {
    const own = row({ reading: { code: "c", title: "l", unit: "u", value: 1, at: 0, every: 300, past: [] } });
    expect([isOld(own, 600), isOld(own, 620)]).toEqual([false, true]);
  });
});

describe("the wall", () => {
  test("every number of beds from one to forty-eight fits a full-HD screen", () => {
    for (let beds = 1; beds <= 48; beds++) {
      const columns = columnsFor(beds, 1920, 1010);
      expect(Math.ceil(beds / columns) * tileHeight(1920 / columns)).toBeLessThanOrEqual(1010);
    }
  });

  test("on a phone there is one tile above the other", () => {
    expect(columnsFor(24, 390, 780)).toBeLessThanOrEqual(2);
  });
});
