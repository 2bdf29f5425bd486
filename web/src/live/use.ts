/** The live board in components. */
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { boardNow, orderNow, rowNow, watchBoard, watchOrder, watchRow, type Row, type Seen } from "./board";

export const useBoard = (): Seen => useSyncExternalStore(watchBoard, boardNow);

export function useRow(i: number): Row | undefined {
  const watch = useCallback((listener: () => void) => watchRow(i, listener), [i]);
  return useSyncExternalStore(watch, () => rowNow(i));
}

/** Grows whenever rows may have to be ordered anew. */
export const useOrder = (): number => useSyncExternalStore(watchOrder, orderNow);

export interface Who {
  name: string;
  place: string;
  bed: string;
  kind: string;
}

/** Who a subject is, for people: undefined until the board is read, and for one that is not on it. */
export function useWho(subject: string | undefined): Who | undefined {
  const { board } = useBoard();
  return board?.subjects.find((row) => row.id === subject);
}

/** Everybody by id, anew when rows come or go. */
export function useEverybody(): Map<string, Who> {
  const { board } = useBoard();
  return useMemo(() => new Map((board?.subjects ?? []).map((row) => [row.id, row])), [board]);
}

let second = Math.floor(Date.now() / 1000) * 1000;
let beat: ReturnType<typeof setInterval> | undefined;
const waiting = new Set<() => void>();

function watchSecond(listener: () => void): () => void {
  waiting.add(listener);
  beat ??= setInterval(() => {
    second = Math.floor(Date.now() / 1000) * 1000;
    waiting.forEach((tell) => tell());
  }, 1000);
  return () => {
    waiting.delete(listener);
    if (waiting.size === 0) {
      clearInterval(beat);
      beat = undefined;
    }
  };
}

/** The time in whole seconds (ms since 1970), one clock for the whole page. */
export const useSecond = (): number => useSyncExternalStore(watchSecond, () => second);
