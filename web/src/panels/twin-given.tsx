/** What was given, in lanes under a chart: a stem for each dose, steps for a rate; on the chart's own time. */
import { usePlane } from "../charts/frame";
import { path } from "../charts/marks";
import { linear } from "../charts/scale";
import { clock, number } from "../parts/time";
import { isLevel } from "../plans/plan";
import { words } from "../words";
import { plain, unitOf, type Course } from "./twin-data";

export const LANE = 56;
type Given = Course["given"][number];

/** Inputs of which something was given in this time, or runs. */
export const lanesOf = (given: readonly Given[]): Given[] =>
  given.filter((one) => one.dose.length > 0 || one.rate.some((rate) => rate !== 0));

export function Lane({ given, top, end, zone }: { given: Given; top: number; end: number; zone: string }) {
  const { x, left, right } = usePlane();
  const floor = top + LANE - 8;
  const most = Math.max(...given.dose, 1e-9);
  const dose = linear(0, most * 1.5, floor, top + 18);
  const rated = given.rate.some((rate) => rate !== 0);
  const rate = linear(0, Math.max(...given.rate, given.rate_now) * 1.6, floor, top + 18);
  const steps = { at: [...given.rate_at, end], value: [...given.rate, given.rate_now] };
  return (
    <g className="lane">
      <line className="grid" x1={left} x2={right} y1={floor} y2={floor} />
      <text className="tick" x={left + 4} y={top + 12}>
        {plain(given.name)}{rated && ` · ${isLevel(given) ? "" : `${words.twin.given.rate} `}${number(given.rate_now)} ${unitOf(given.unit)}`}
      </text>
      {rated && <path className="line rate" d={path(steps, x, rate, true)} />}
      {given.dose.map((amount, i) => {
        const at = given.dose_at[i] ?? 0;
        const where = x(at);
        if (where < left) return null;
        const says = `${number(amount)} ${unitOf(given.dose_unit ?? given.unit)}`;
        return (
          <g key={at} className="dose">
            <title>{words.twin.given.dose(says, plain(given.name), clock(new Date(at), zone))}</title>
            <line x1={where} x2={where} y1={floor} y2={dose(amount)} />
            <circle cx={where} cy={dose(amount)} r={3.5} />
            <text x={where + 6} y={dose(amount) + 4}>{says}</text>
          </g>
        );
      })}
    </g>
  );
}
