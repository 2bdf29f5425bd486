/** Choosing with one or two switches: where the mark stands, and where a step or a press leads.  Pure; time and keys come
 * from outside (`use-scan.ts`).
 *
 *     rows    the mark goes from row to row; a press goes into the row
 *     cells   it goes from button to button of that row; a press chooses; after two rounds it goes back to the rows
 *     each    it goes through all buttons one by one; a press chooses
 */
export type Order = "rows" | "each";

export interface Scan {
  order: Order;
  /** How many buttons there are in each row. */
  rows: readonly number[];
  row: number;
  /** null: the mark is on a whole row. */
  cell: number | null;
  /** Rounds of this row that ended without a press. */
  rounds: number;
}

/** So many rounds of a row, and the mark leaves it. */
export const ROUNDS = 2;

export function begin(order: Order, rows: readonly number[]): Scan {
  return { order, rows, row: 0, cell: order === "each" ? 0 : null, rounds: 0 };
}

/** The next place of the mark. */
export function stepped(scan: Scan): Scan {
  if (scan.cell === null) return { ...scan, row: (scan.row + 1) % scan.rows.length };
  const last = scan.cell + 1 >= (scan.rows[scan.row] ?? 1);
  if (!last) return { ...scan, cell: scan.cell + 1 };
  if (scan.order === "each") return { ...scan, row: (scan.row + 1) % scan.rows.length, cell: 0 };
  return scan.rounds + 1 >= ROUNDS ? { ...scan, cell: null, rounds: 0 } : { ...scan, cell: 0, rounds: scan.rounds + 1 };
}

/** A press: into the row, or the number of the button that was chosen. */
export function pressed(scan: Scan): { scan: Scan; chosen: number | null } {
  if (scan.cell === null) {
    const alone = scan.rows[scan.row] === 1;
    return alone ? { scan: begin(scan.order, scan.rows), chosen: flat({ ...scan, cell: 0 }) } : { scan: { ...scan, cell: 0, rounds: 0 }, chosen: null };
  }
  return { scan: begin(scan.order, scan.rows), chosen: flat(scan) };
}

/** The number of the button under the mark; null while it is on a row. */
export function flat(scan: Scan): number | null {
  if (scan.cell === null) return null;
  return scan.rows.slice(0, scan.row).reduce((sum, n) => sum + n, 0) + scan.cell;
}

/** Rows of so many buttons, `wide` in each, the last one shorter. */
export function rowsOf(count: number, wide: number): number[] {
  return Array.from({ length: Math.ceil(count / wide) }, (_, row) => Math.min(wide, count - row * wide));
}
