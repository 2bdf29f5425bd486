/** Forecasts that were made, as bands behind what really happened.  Pure. */
import { nearest } from "../charts/cursor";
import type { Read, Said } from "./twin-data";

export interface Fanned {
  at: number[];
  q05: number[];
  q25: number[];
  q50: number[];
  q75: number[];
  q95: number[];
}

/** Rows of the ledger that satisfy a condition, in order of what they were made for. */
export function picked(said: Said, wanted: (issued: number, target: number) => boolean): Fanned {
  const rows = said.target
    .map((target, i) => ({ target, i }))
    .filter(({ target, i }) => wanted(said.issued[i] ?? 0, target))
    .sort((a, b) => a.target - b.target);
  const column = (values: readonly number[]) => rows.map(({ i }) => values[i] ?? NaN);
  return {
    at: rows.map((row) => row.target), q05: column(said.q05), q25: column(said.q25), q50: column(said.q50),
    q75: column(said.q75), q95: column(said.q95),
  };
}

/** How far ahead the forecasts of a ledger were made [min], in order. */
export const horizons = (said: Said): number[] =>
  [...new Set(said.target.map((target, i) => Math.round((target - (said.issued[i] ?? target)) / 60_000)))].sort((a, b) => a - b);

export const madeAhead = (said: Said, minutes: number): Fanned =>
  picked(said, (issued, target) => Math.round((target - issued) / 60_000) === minutes);

/** Only what was made for times up to an instant: beyond the present, the forecast of now holds. */
export function upTo(band: Fanned, end: number): Fanned {
  const n = band.at.filter((at) => at <= end).length;
  const cut = (values: number[]) => values.slice(0, n);
  return { at: cut(band.at), q05: cut(band.q05), q25: cut(band.q25), q50: cut(band.q50), q75: cut(band.q75), q95: cut(band.q95) };
}

export const madeAt = (said: Said, issued: number): Fanned => picked(said, (at) => at === issued);

export const issues = (said: Said): number[] => [...new Set(said.issued)].sort((a, b) => a - b);

/** Of the readings for which a forecast was made (within `reach` ms), how many lay inside its 90 % band. */
export function kept(band: Fanned, read: Read, reach: number): [inside: number, all: number] {
  let [inside, all] = [0, 0];
  band.at.forEach((target, i) => {
    const k = nearest(read.at, target);
    const [at, value] = [read.at[k], read.value[k]];
    if (at === undefined || value === undefined || Math.abs(at - target) > reach) return;
    all += 1;
    if (value >= (band.q05[i] ?? NaN) && value <= (band.q95[i] ?? NaN)) inside += 1;
  });
  return [inside, all];
}
