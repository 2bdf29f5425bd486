/** Who comes first, who is shown, and what is said of a row: pure functions over rows. */
import type { Board, Outlook, Row, Rule, Twin } from "../live/board";

export const SORTS = ["urgent", "bed", "name", "old"] as const;
export type Sort = (typeof SORTS)[number];
export const STATES = ["act", "watch", "calm", "none"] as const;

const GRAVITY: Record<Row["state"], number> = { act: 0, watch: 1, none: 2, calm: 3 };

/** The twin that speaks for the row: one that may speak before one that may not, then the one nearest to a limit. */
export function headline(row: Row): Twin | undefined {
  return row.twins
    .filter((twin) => twin.outlook)
    .sort((a, b) => Number(b.standing !== "silent") - Number(a.standing !== "silent") || chance(b) - chance(a))[0] ?? row.twins[0];
}

export const chance = (twin: Twin | undefined): number => twin?.outlook?.risk?.probability ?? 0;

/** Not known and old stands before calm: what nobody watches may be anything. */
export function urgency(a: Row, b: Row): number {
  return GRAVITY[a.state] - GRAVITY[b.state] || chance(headline(b)) - chance(headline(a)) || b.alerts - a.alerts || a.i - b.i;
}

const words = new Intl.Collator(undefined, { numeric: true });

export function ordered(rows: Row[], sort: Sort): Row[] {
  const by: Record<Sort, (a: Row, b: Row) => number> = {
    urgent: urgency,
    bed: (a, b) => words.compare(a.place, b.place) || words.compare(a.bed, b.bed) || a.i - b.i,
    name: (a, b) => words.compare(called(a), called(b)),
    old: (a, b) => (a.reading?.at ?? -Infinity) - (b.reading?.at ?? -Infinity),
  };
  return [...rows].sort(by[sort]);
}

export interface Wanted {
  place?: string | undefined;
  state?: Row["state"] | undefined;
  text?: string | undefined;
}

export function filtered(rows: Row[], { place, state, text }: Wanted): Row[] {
  const sought = text?.trim().toLowerCase() ?? "";
  return rows.filter(
    (row) =>
      (place === undefined || row.place === place) &&
      (!state || row.state === state) &&
      (!sought || [called(row), row.place, row.bed, row.kind, row.reading?.title, ...row.twins.map((twin) => twin.title)]
        .some((word) => word?.toLowerCase().includes(sought))),
  );
}

/** A name; a short mark of the id where nobody has said one. */
export const called = (row: Pick<Row, "name" | "id">): string => row.name || (row.id.length > 18 ? `${row.id.slice(0, 8)}…` : row.id);

export function counted(rows: Row[]): Record<Row["state"], number> {
  const counts = { act: 0, watch: 0, calm: 0, none: 0 };
  for (const row of rows) counts[row.state] += 1;
  return counts;
}

/** Older than twice the usual time between two readings: the service's own rule, for the seconds between its words. */
export function isOld(row: Row, nowS: number): boolean {
  if (!row.reading) return true;
  const every = row.reading.every;
  return nowS - row.reading.at > (every === null ? 1800 : Math.max(2 * every + 10, 60));
}

/** Where the row leads: its twin, else its own place on the overview. */
export function leads(row: Row): string {
  const twin = headline(row);
  return twin ? `/twins/${encodeURIComponent(twin.id)}` : `/?who=${encodeURIComponent(row.id)}`;
}

/** The limits of an observable, for thin lines in a curve. */
export const limitsOf = (board: Board, outlook: Outlook): Rule[] =>
  board.rules.filter((rule) => rule.observable === outlook.observable && rule.kind === "forecast" && rule.unit === outlook.unit);
