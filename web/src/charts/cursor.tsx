/** A line through a chart that follows the pointer, or the arrow keys, and reads out what stands there.
 *
 * The whole chart is one slider for the keyboard: left and right go from moment to moment, with Shift ten at a time,
 * Home and End to the ends.  What is read aloud is the slider's own text, so nothing is announced twice. */
import { useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { usePlane } from "./frame";

interface Asked {
  label: string;
  stops: readonly number[];
  start: number;
  read: (at: number) => string;
  show: (at: number) => ReactNode;
}

export function Cursor({ label, stops, start, read, show }: Asked) {
  const { x, top, bottom, left, right } = usePlane();
  const [at, set] = useState<number | null>(null);
  if (!stops.length) return null;
  const here = nearest(stops, at ?? start);
  const place = stops[here] ?? start;
  const go = (index: number) => set(stops[Math.min(stops.length - 1, Math.max(0, index))] ?? null);
  function key(event: KeyboardEvent) {
    const to = goal(event.key, event.shiftKey ? 10 : 1, here, stops.length);
    if (to === null) return;
    event.preventDefault();
    if (event.key === "Escape") return set(null);
    go(to);
  }
  function point(event: PointerEvent<HTMLDivElement>) {
    const from = event.currentTarget.getBoundingClientRect().left;
    go(nearest(stops, x.back(left + event.clientX - from)));
  }
  return (
    <>
      <div
        className="cursor" role="slider" tabIndex={0} aria-label={label} aria-valuemin={0} aria-valuemax={stops.length - 1}
        aria-valuenow={here} aria-valuetext={read(place)} onKeyDown={key} onPointerMove={point}
        onPointerLeave={(event) => event.currentTarget !== document.activeElement && set(null)} onFocus={() => set(place)}
        onBlur={() => set(null)} style={{ left, width: Math.max(0, right - left), top, height: bottom - top }}
      >
        {at !== null && <div className="cursor-line" style={{ left: x(place) - left }} />}
      </div>
      {at !== null && (
        <div className="cursor-says" aria-hidden="true" style={x(place) > (left + right) / 2 ? { left: left + 8 } : { right: 18 }}>{show(place)}</div>
      )}
    </>
  );
}

function goal(key: string, by: number, here: number, count: number): number | null {
  switch (key) {
    case "ArrowLeft": case "ArrowDown": return here - by;
    case "ArrowRight": case "ArrowUp": return here + by;
    case "Home": return 0;
    case "End": return count - 1;
    case "Escape": return here;
    default: return null;
  }
}

/** The place of the stop nearest to an instant; stops are in order. */
export function nearest(stops: readonly number[], at: number): number {
  let low = 0;
  let high = stops.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((stops[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return Math.abs((stops[high] ?? 0) - at) < Math.abs((stops[low] ?? 0) - at) ? high : low;
}
