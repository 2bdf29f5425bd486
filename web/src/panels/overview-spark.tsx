/** A small curve: what was read (ink), the present, what is forecast (dashed, with its 90 % band), limits as thin lines. */
import { memo } from "react";
import type { Outlook, Row } from "../live/board";
import { words } from "../words";
import "./overview-spark.css";

const [W, H] = [240, 56];
const [BACK, AHEAD] = [180, 120];

interface Drawn {
  reading: NonNullable<Row["reading"]>;
  outlook: Outlook | null | undefined;
  limits: number[];
}

export const Spark = memo(function Spark({ reading, outlook, limits }: Drawn) {
  const now = outlook?.issued ?? reading.at;
  const past = reading.past.filter(([at]) => (now - (at as number)) / 60 <= BACK) as [number, number][];
  const ahead = outlook ? ([[0, outlook.now[1], outlook.now[0], outlook.now[2]], ...outlook.ahead] as number[][]) : [];
  const near = limits.filter((limit) => within(limit, past, ahead));
  const [low, high] = span([...past.map((p) => p[1]), ...ahead.flatMap((a) => [a[1]!, a[3]!]), ...near]);
  const x = (minutes: number) => ((BACK + minutes) / (BACK + AHEAD)) * W;
  const y = (value: number) => H - 3 - ((value - low) / (high - low)) * (H - 6);
  const line = (points: [number, number][]) => points.map(([a, b], k) => `${k ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
  const upper = ahead.map((a) => [a[0]!, a[3]!] as [number, number]);
  const lower = ahead.map((a) => [a[0]!, a[1]!] as [number, number]).reverse();
  const read = past.map(([at, value]) => [(at - now) / 60, value] as [number, number]);
  return (
    <svg className="spark" viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={words.overview.spark(reading.title)}>
      {near.map((limit) => <line key={limit} className="limit" x1="0" x2={W} y1={y(limit)} y2={y(limit)} />)}
      {ahead.length > 1 && <path className="band" d={`${line([...upper, ...lower])}Z`} />}
      <line className="present" x1={x(0)} x2={x(0)} y1="0" y2={H} />
      {ahead.length > 1 && <path className="ahead" d={line(ahead.map((a) => [a[0]!, a[2]!]))} />}
      {read.length > 1 && <path className="read" d={line(read)} />}
      {read.length === 1 && <circle className="dot" cx={x(read[0]![0])} cy={y(read[0]![1])} r="2.5" />}
    </svg>
  );
});

/** Whether a limit is near enough to what is drawn to be worth the room it takes. */
function within(limit: number, past: [number, number][], ahead: number[][]): boolean {
  const values = [...past.map((p) => p[1]), ...ahead.flatMap((a) => [a[1]!, a[3]!])];
  if (!values.length) return false;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.25 * (high - low || 1);
  return limit > low - room && limit < high + room;
}

function span(values: number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return high > low ? [low, high] : [low - 1, high + 1];
}
