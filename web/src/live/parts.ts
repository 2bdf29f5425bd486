/** The parts in which the board's changes come (see the service's `/api/stream?view=board`), and what each does to a row. */
import type { Board, Outlook, Row } from "./board";

export type Reading = [i: number, tag: 0, value: number, at: number];
export type Spoken = [
  i: number, tag: 1, k: number, issued: number, speaks: number, stale: string, mean: number, low: number, high: number,
  trend: number, rule: number, percent: number, minutes: number, next: number, inMinutes: number, nextPercent: number,
  ahead: number[],
];
export type Judged = [i: number, tag: 2, state: number, why: number, about: string, alerts: number];
export type Part = Reading | Spoken | Judged;

/** Least seconds between two readings that the small curve keeps, and how many it keeps. */
const THIN = 240;
const KEPT = 48;

/** Of parts with one key only the newest counts. */
export const keyOf = (part: Part): number => part[0] * 256 + part[1] * 64 + (part[1] === 1 ? part[2] : 0);

export function applied(row: Row, part: Part, board: Board): Row {
  switch (part[1]) {
    case 0:
      return read(row, part);
    case 1:
      return spoke(row, part);
    case 2:
      return {
        ...row, state: board.states[part[2]] as Row["state"], why: board.whys[part[3]] as Row["why"], about: part[4],
        alerts: part[5],
      };
  }
}

function read(row: Row, [, , value, at]: Reading): Row {
  if (!row.reading) return row;
  const last = row.reading.past.at(-1);
  const thin = last !== undefined && at - (last[0] as number) < THIN;
  const past = thin ? row.reading.past : [...row.reading.past.slice(-KEPT), [at, value] as [number, number]];
  return { ...row, reading: { ...row.reading, value, at, past } };
}

function spoke(row: Row, part: Spoken): Row {
  const [, , k, issued, speaks, stale, mean, low, high, trend, rule, percent, minutes, next, inMinutes, nextPercent, flat] = part;
  const own = row.twins[k];
  if (!own?.outlook) return row;
  const ahead: Outlook["ahead"] = [];
  for (let n = 0; n + 3 < flat.length; n += 4) ahead.push(flat.slice(n, n + 4) as Outlook["ahead"][number]);
  const outlook: Outlook = {
    ...own.outlook, issued, trend, now: [mean, low, high], ahead,
    risk: rule < 0 ? null : { rule, probability: percent / 100, minutes },
    next: next < 0 ? null : { rule: next, minutes: inMinutes, probability: nextPercent / 100 },
  };
  const twins = row.twins.slice();
  twins[k] = { ...own, standing: speaks ? "advisory" : "silent", stale, outlook };
  return { ...row, twins };
}
