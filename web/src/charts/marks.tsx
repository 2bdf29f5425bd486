/** What is drawn on a plane: bands, lines, readings, and upright or level lines with a word. */
import { usePlane } from "./frame";

export interface Points {
  at: readonly number[];
  value: readonly (number | null)[];
}

/** Where a run of finite numbers begins anew, the pen is lifted; `step` holds a value until the next. */
export function path(points: Points, x: (v: number) => number, y: (v: number) => number, step = false): string {
  let pen = "M";
  let drawn = "";
  points.at.forEach((at, i) => {
    const value = points.value[i];
    if (value === null || value === undefined || !Number.isFinite(value)) {
      pen = "M";
      return;
    }
    drawn += step && pen === "L" ? `H${x(at).toFixed(1)}V${y(value).toFixed(1)}` : `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  return drawn;
}

export function Line({ points, kind, step }: { points: Points; kind: string; step?: boolean }) {
  const { x, y, clip } = usePlane();
  return <path className={`line ${kind}`} d={path(points, x, y, step)} clipPath={`url(#${clip})`} />;
}

interface Edges {
  at: readonly number[];
  low: readonly number[];
  high: readonly number[];
}

export function Band({ edges, kind }: { edges: Edges; kind: string }) {
  const { x, y, clip } = usePlane();
  if (edges.at.length < 2) return null;
  const up = path({ at: edges.at, value: edges.high }, x, y);
  const down = path({ at: [...edges.at].reverse(), value: [...edges.low].reverse() }, x, y).replace("M", "L");
  return <path className={`band ${kind}`} d={`${up}${down}Z`} clipPath={`url(#${clip})`} />;
}

/** Readings: solid, joined only where no more than `gap` ms lies between; an arrow where only a limit is known. */
export function Readings({ points, edge, gap }: { points: Points; edge?: readonly string[]; gap: number }) {
  const { x, y, clip } = usePlane();
  const cut: { at: number[]; value: (number | null)[] } = { at: [], value: [] };
  points.at.forEach((at, i) => {
    const before = points.at[i - 1];
    if (before !== undefined && at - before > gap) {
      cut.at.push(before + 1);
      cut.value.push(null);
    }
    cut.at.push(at);
    cut.value.push(points.value[i] ?? null);
  });
  const dense = points.at.length > 260;
  return (
    <g clipPath={`url(#${clip})`}>
      <path className="line measured" d={path(cut, x, y)} />
      {!dense && points.at.map((at, i) => <circle key={at} className="reading" cx={x(at)} cy={y(points.value[i] ?? NaN)} r={2.4} />)}
      {edge?.map((which, i) => which === "" ? null : (
        <text key={i} className="edge" x={x(points.at[i] ?? 0)} y={y(points.value[i] ?? 0) + 5} textAnchor="middle">
          {which === "<" ? "↓" : which === ">" ? "↑" : "~"}
        </text>
      ))}
    </g>
  );
}

export function Upright({ at, says, kind = "now", anchor = "start" }: { at: number; says: string; kind?: string; anchor?: "start" | "end" }) {
  const { x, top, bottom } = usePlane();
  return (
    <g className={`upright ${kind}`}>
      <line x1={x(at)} x2={x(at)} y1={top} y2={bottom} />
      <text x={x(at) + (anchor === "start" ? 5 : -5)} y={top + 10} textAnchor={anchor}>{says}</text>
    </g>
  );
}

/** A level that means something, with its word; not drawn where it lies outside the plane. */
export function Level({ value, says }: { value: number; says: string }) {
  const { y, left, right } = usePlane();
  if (value < y.from || value > y.to) return null;
  return (
    <g className="level">
      <line x1={left} x2={right} y1={y(value)} y2={y(value)} />
      <text x={left + 4} y={y(value) - 4}>{says}</text>
    </g>
  );
}
