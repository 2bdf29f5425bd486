/** What the overview knows, kept up live: read once, then changed part by part.
 *
 * Frames are gathered and applied once per picture; of each part only the newest is kept meanwhile, so nothing grows
 * while nobody looks. A row that has not changed stays the same object: what shows it is not drawn again. */
import { ask } from "../api/client";
import type { Told } from "../api/told";
import { applied, keyOf, type Part } from "./parts";
import { openSocket, streamAt, type LinkState, type Socket } from "./socket";

export type Board = Told<"/api/board">;
export type Row = Board["subjects"][number];
export type Twin = Row["twins"][number];
export type Outlook = NonNullable<Twin["outlook"]>;
export type Rule = Board["rules"][number];

export interface Seen {
  board: Board | undefined;
  problem: Error | undefined;
  link: LinkState;
}

type Listener = () => void;
const MISSED = 2_000;

let seen: Seen = { board: undefined, problem: undefined, link: { is: "connecting", since: Date.now() } };
let rows = new Map<number, Row>();
let order = 0;
let number = 0;
let waiting = new Map<number, Part>();
let planned = false;
let socket: Socket | undefined;
let late: ReturnType<typeof setTimeout> | undefined;
const whole = new Set<Listener>();
const each = new Map<number, Set<Listener>>();
const ordered = new Set<Listener>();

/** Watch the board as a whole: read, refused, linked, cut off. */
export function watchBoard(listener: Listener): () => void {
  return joined(whole, listener);
}

/** Watch one row. */
export function watchRow(i: number, listener: Listener): () => void {
  let own = each.get(i);
  if (!own) each.set(i, (own = new Set()));
  return joined(own, listener);
}

/** Watch what decides the order of rows: a state or an outlook of any of them. */
export function watchOrder(listener: Listener): () => void {
  return joined(ordered, listener);
}

export const boardNow = (): Seen => seen;
export const rowNow = (i: number): Row | undefined => rows.get(i);
export const rowsNow = (): Iterable<Row> => rows.values();
export const orderNow = (): number => order;

function joined(set: Set<Listener>, listener: Listener): () => void {
  set.add(listener);
  start();
  return () => {
    set.delete(listener);
    if (!watched()) stop();
  };
}

const watched = () => whole.size + ordered.size + [...each.values()].reduce((n, own) => n + own.size, 0) > 0;

function start() {
  if (socket || late) return;
  late = setTimeout(() => void read(), 0);
}

/** Pages follow one another: the link is let go only when nothing watches for a while. */
function stop() {
  setTimeout(() => {
    if (watched()) return;
    clearTimeout(late);
    late = undefined;
    socket?.close();
    socket = undefined;
  }, MISSED);
}

async function read(): Promise<void> {
  try {
    const board = await ask<Board>("/api/board");
    rows = new Map(board.subjects.map((row) => [row.i, row]));
    number = board.number;
    waiting.clear();
    order += 1;
    put({ board, problem: undefined });
    for (const own of each.values()) own.forEach((tell) => tell());
    ordered.forEach((tell) => tell());
    late = undefined;
    socket ??= openSocket({
      address: () => streamAt({ view: "board", after: number }), heard, state: (link) => put({ link }),
    });
  } catch (problem) {
    put({ problem: problem as Error });
    late = setTimeout(() => void read(), MISSED);
  }
}

function put(part: Partial<Seen>) {
  seen = { ...seen, ...part };
  whole.forEach((tell) => tell());
}

function heard(frame: unknown) {
  if (!Array.isArray(frame)) {
    if ((frame as { kind?: string }).kind === "anew" && !late) late = setTimeout(() => void read(), 0);
    return;
  }
  const [after, parts] = frame as [number, Part[]];
  number = Math.max(number, after);
  for (const part of parts) waiting.set(keyOf(part), part);
  if (!planned && waiting.size) {
    planned = true;
    if (document.hidden) setTimeout(apply, 1_000);
    else requestAnimationFrame(apply);
  }
}

function apply() {
  planned = false;
  const { board } = seen;
  if (!board) return;
  const parts = waiting;
  waiting = new Map();
  let turned = false;
  const touched = new Set<number>();
  for (const part of parts.values()) {
    const row = rows.get(part[0]);
    if (!row) continue;
    rows.set(part[0], applied(row, part, board));
    touched.add(part[0]);
    turned ||= part[1] !== 0;
  }
  for (const i of touched) each.get(i)?.forEach((tell) => tell());
  if (turned) {
    order += 1;
    ordered.forEach((tell) => tell());
  }
}
