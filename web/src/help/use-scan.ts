/** Scanning in time: with one switch the mark moves on its own; with two the first key moves it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { begin, pressed, stepped, type Scan } from "./scan";
import type { Choice } from "./ways";

interface Scanned { scan: Scan | null; start: () => void; stop: () => void; step: () => void; press: () => void }

export function useScan(choice: Choice, rows: readonly number[], chosen: (index: number) => void): Scanned {
  const [scan, set] = useState<Scan | null>(null);
  const now = useRef<Scan | null>(null);
  const shape = rows.join();
  const put = useCallback((to: Scan | null) => { now.current = to; set(to); }, []);
  const step = useCallback(() => { if (now.current) put(stepped(now.current)); }, [put]);
  const press = useCallback(() => {
    if (!now.current) return;
    const done = pressed(now.current);
    put(done.scan);
    if (done.chosen !== null) chosen(done.chosen);
  }, [put, chosen]);
  const on = scan !== null;
  const place = scan ? `${scan.row}.${scan.cell}.${scan.rounds}` : "";
  useEffect(() => {
    if (!on || choice.way !== "one") return;
    const beat = setTimeout(step, choice.seconds * 1000);
    return () => clearTimeout(beat);
  }, [on, place, choice.way, choice.seconds, step]);
  const begins = choice.auto && (choice.way === "one" || choice.way === "two");
  const last = useRef(choice.way);
  useEffect(() => {
    const goes = begins || (now.current !== null && last.current === choice.way);
    last.current = choice.way;
    put(goes ? begin(choice.order, shape.split(",").map(Number)) : null);
  }, [begins, choice.way, choice.order, shape, put]);
  useEffect(() => {
    if (!on) return;
    function key(event: KeyboardEvent) {
      if (event.key === "Escape") { put(null); return; }
      if (event.target instanceof HTMLTextAreaElement || (event.target instanceof HTMLInputElement && event.target.type === "text")) return;
      const moves = choice.way === "two" && event.key === " ";
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat) return;
      if (moves) step(); else press();
    }
    document.addEventListener("keydown", key, true);
    return () => document.removeEventListener("keydown", key, true);
  }, [on, choice.way, step, press, put]);
  return { scan, start: () => put(begin(choice.order, rows)), stop: () => put(null), step, press };
}
