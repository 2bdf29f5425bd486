/** One observable on one time line: past forecasts, what really happened, what was given, the present, and the fan. */
import { Chart } from "../charts/frame";
import { Cursor, nearest } from "../charts/cursor";
import { Band, Level, Line, Readings, Upright } from "../charts/marks";
import { limits } from "../charts/scale";
import { clock, number, useNow } from "../parts/time";
import { words } from "../words";
import { LANE, Lane, lanesOf } from "./twin-given";
import { plain, solid, unitOf, usualGap, type Course, type Fan, type Forecast, type Read } from "./twin-data";
import type { Fanned } from "./twin-past";

const say = words.twin.course;

export interface Limit {
  value: number;
  says: string;
}

interface Shown {
  course: Course;
  read: Read;
  forecast: Forecast | undefined;
  fan: Fan | undefined;
  past: Fanned | null;
  then: { issued: number; band: Fanned } | null;
  levels: readonly Limit[];
}

export function TwinChart({ course, read, forecast, fan, past, then, levels }: Shown) {
  const ahead = (forecast?.times ?? []).map((time) => Date.parse(time));
  const now = useNow();
  const late = now - course.now > Math.max(600_000, 2 * usualGap(read.at));
  const lanes = lanesOf(course.given);
  const span: [number, number] = [course.from, ahead.at(-1) ?? course.now + 3_600_000];
  const range = limits([...read.value, ...solid(fan?.q25), ...solid(fan?.q75)], [
    ...solid(fan?.q05), ...solid(fan?.q95), ...(past?.q05 ?? []), ...(past?.q95 ?? []), ...(then?.band.q05 ?? []), ...(then?.band.q95 ?? []),
  ]);
  const stops = [...read.at, ...(fan ? ahead : [])];
  const at = (time: number) => says(time, course, read, fan, ahead);
  return (
    <Chart
      label={say.chart(plain(read.name))} unit={unitOf(read.unit)} span={span} range={range} zone={course.zone} height={340}
      lanes={lanes.length * LANE}
      over={
        <Cursor
          label={words.charts.cursor(plain(read.name))} stops={stops} start={course.now} read={(time) => at(time).join(", ")}
          show={(time) => at(time).map((line) => <p key={line}>{line}</p>)}
        />
      }
    >
      {levels.map((level) => <Level key={level.says} value={level.value} says={level.says} />)}
      {past && <Past band={past} />}
      {fan && <Ahead at={ahead} fan={fan} />}
      {then && <Then {...then} zone={course.zone} />}
      <Readings points={read} edge={read.edge} gap={3 * usualGap(read.at)} />
      <Upright at={course.now} says={say.now} anchor={late ? "end" : "start"} />
      {late && now < span[1] && <Upright at={now} says={say.clock} />}
      {lanes.map((given, i) => <Lane key={given.name} given={given} top={340 + i * LANE} end={course.now} zone={course.zone} />)}
    </Chart>
  );
}

export function Ahead({ at, fan }: { at: readonly number[]; fan: Fan }) {
  return (
    <>
      <Band edges={{ at, low: solid(fan.q05), high: solid(fan.q95) }} kind="wide" />
      <Band edges={{ at, low: solid(fan.q25), high: solid(fan.q75) }} kind="near" />
      <Line points={{ at, value: fan.q50 }} kind="forecast" />
    </>
  );
}

function Past({ band }: { band: Fanned }) {
  return (
    <>
      <Band edges={{ at: band.at, low: band.q05, high: band.q95 }} kind="said" />
      <Line points={{ at: band.at, value: band.q50 }} kind="said" />
    </>
  );
}

function Then({ issued, band, zone }: { issued: number; band: Fanned; zone: string }) {
  return (
    <>
      <Band edges={{ at: band.at, low: band.q05, high: band.q95 }} kind="wide" />
      <Band edges={{ at: band.at, low: band.q25, high: band.q75 }} kind="near" />
      <Line points={{ at: band.at, value: band.q50 }} kind="forecast" />
      <Upright at={issued} says={`${say.said} ${clock(new Date(issued), zone)}`} kind="said" anchor="end" />
    </>
  );
}

/** What stands at a moment: the time, then a reading, or the forecast with its band. */
function says(time: number, course: Course, read: Read, fan: Fan | undefined, ahead: readonly number[]): string[] {
  const when = clock(new Date(time), course.zone);
  const unit = unitOf(read.unit);
  if (time > course.now && fan) {
    const i = nearest(ahead, time);
    return [when, `${say.key.median} ${number(fan.q50[i])} ${unit}`, words.twin.header.range(number(fan.q05[i]), `${number(fan.q95[i])} ${unit}`)];
  }
  const i = nearest(read.at, time);
  return [when, `${say.key.measured} ${read.edge[i] ?? ""}${number(read.value[i])} ${unit}`];
}
