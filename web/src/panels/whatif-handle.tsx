/** Something to take hold of: by pointer (along the lane is time, up and down is amount), or by keyboard (left and right
 * are five minutes, up and down, or Shift with left and right, one step of the amount; Delete takes it away). */
import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import type { Scale } from "../charts/scale";
import { SNAP } from "../plans/plan";

export interface Nudge {
  minute?: number;
  value?: number;
  later?: number;
  more?: number;
}

interface Shown {
  kind: "dose" | "body" | "end";
  name: string;
  text: string;
  at: number;
  value: number;
  shows: string;
  x: Scale;
  y: Scale;
  max: number;
  offset: number;
  nudge: (by: Nudge) => void;
  drop: () => void;
}

export function Handle({ kind, name, text, at, value, shows, x, y, max, offset, nudge, drop }: Shown) {
  const held = useRef<{ x: number; y: number } | null>(null);
  function take(event: PointerEvent<HTMLDivElement>) {
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus();
    held.current = { x: event.clientX - x(at), y: event.clientY - y(value) };
  }
  function drag(event: PointerEvent<HTMLDivElement>) {
    if (!held.current) return;
    nudge({ minute: x.back(event.clientX - held.current.x) + offset, value: y.back(event.clientY - held.current.y) });
  }
  function key(event: KeyboardEvent) {
    const by = pressed(event);
    if (by === "drop") drop();
    else if (by) nudge(by);
    if (by) event.preventDefault();
  }
  return (
    <div
      className={`handle ${kind}`} role="slider" tabIndex={0} aria-label={name} aria-valuetext={text} aria-valuenow={Math.round(at + offset)} aria-valuemin={0}
      aria-valuemax={max} style={{ left: x(at), top: y(value) }} onPointerDown={take} onPointerMove={drag}
      onPointerUp={() => { held.current = null; }} onPointerCancel={() => { held.current = null; }} onKeyDown={key}
    >
      {shows && <span aria-hidden="true">{shows}</span>}
    </div>
  );
}

/** What a key does; null: nothing. */
export function pressed(event: { key: string; shiftKey: boolean }): Nudge | "drop" | null {
  const { key, shiftKey } = event;
  if (key === "Delete" || key === "Backspace") return "drop";
  if (key === "ArrowUp") return { more: 1 };
  if (key === "ArrowDown") return { more: -1 };
  if (key === "PageUp") return { more: 10 };
  if (key === "PageDown") return { more: -10 };
  if (key === "Home") return { minute: 0 };
  if (key === "ArrowLeft") return shiftKey ? { more: -1 } : { later: -SNAP };
  if (key === "ArrowRight") return shiftKey ? { more: 1 } : { later: SNAP };
  return null;
}
