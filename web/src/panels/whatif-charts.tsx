/** Plans side by side on one chart, and each plan's difference from the first with its own band. */
import { Chart, usePlane } from "../charts/frame";
import { Cursor, nearest } from "../charts/cursor";
import { Key } from "../charts/key";
import { Band, Line, Readings, Upright } from "../charts/marks";
import { limits } from "../charts/scale";
import { Numbers } from "../charts/table";
import { clock, number } from "../parts/time";
import { words } from "../words";
import { plain, solid, unitOf, usualGap, type Course, type Fan } from "./twin-data";
import type { WhatIfAnswer } from "./whatif";

const say = words.whatif.answer;
const BEFORE = 3_600_000;

interface Shown {
  of: WhatIfAnswer;
  course: Course;
  observable: string;
}

export function SideBySide({ of, course, observable }: Shown) {
  const at = of.times.map((time) => Date.parse(time));
  const fans = of.courses.flatMap((own) => own.observables.filter((fan) => fan.name === observable).map((fan) => ({ plan: own.plan, fan })));
  const read = course.read.find((one) => one.name === observable);
  const unit = unitOf(fans[0]?.fan.unit ?? "");
  const begin = Date.parse(of.issued);
  const recent = read?.at.map((time, i) => ({ time, i })).filter(({ time }) => time >= begin - BEFORE && time <= begin) ?? [];
  const points = { at: recent.map(({ time }) => time), value: recent.map(({ i }) => read?.value[i] ?? NaN) };
  const range = limits([...points.value, ...fans.flatMap(({ fan }) => solid([...fan.q25, ...fan.q75]))], fans.flatMap(({ fan }) => solid([...fan.q05, ...fan.q95])));
  const title = say.chart(plain(observable));
  const says = (time: number) => [clock(new Date(time), course.zone), ...fans.map(({ plan, fan }) => told(plan, fan, nearest(at, time), unit))];
  return (
    <div className="stack">
      <Chart label={title} unit={unit} span={[begin - BEFORE, at.at(-1) ?? begin]} range={range} zone={course.zone} height={300}
        over={<Cursor label={words.charts.cursor(title)} stops={at} start={begin} read={(time) => says(time).join("; ")} show={(time) => says(time).map((line) => <p key={line}>{line}</p>)} />}
      >
        {fans.map(({ plan, fan }, i) => (
          <g key={plan} className={`plan-${i + 1}`}>
            <Band edges={{ at, low: solid(fan.q05), high: solid(fan.q95) }} kind="plan" />
            <Line points={{ at, value: fan.q05 }} kind="plan-edge" /><Line points={{ at, value: fan.q95 }} kind="plan-edge" />
            <Line points={{ at, value: fan.q50 }} kind="plan" />
          </g>
        ))}
        <Names ends={fans.map(({ plan, fan }) => ({ plan, value: fan.q50.at(-1) ?? NaN }))} at={at.at(-1) ?? begin} />
        {read && <Readings points={points} gap={3 * usualGap(read.at)} />}
        <Upright at={begin} says={words.twin.course.now} />
      </Chart>
      <Key of={[{ kind: "measured", shape: "dot", says: say.measured }]} />
      <Numbers caption={`${title} [${unit}], ${say.band}`} columns={[words.charts.time, ...fans.map(({ plan }) => plan)]}
        rows={at.map((time, k) => [clock(new Date(time), course.zone), ...fans.map(({ fan }) => `${number(fan.q50[k])} (${number(fan.q05[k])} – ${number(fan.q95[k])})`)])} />
    </div>
  );
}

const told = (plan: string, fan: Fan, i: number, unit: string): string =>
  `${plan}: ${number(fan.q50[i])} ${unit} (${number(fan.q05[i])} – ${number(fan.q95[i])})`;

/** Each plan's name at the end of its middle course, moved apart where they would overlap. */
function Names({ ends, at }: { ends: readonly { plan: string; value: number }[]; at: number }) {
  const { x, y, top, bottom } = usePlane();
  const order = ends.map((end, i) => ({ ...end, i, y: y(end.value) })).sort((a, b) => a.y - b.y);
  order.forEach((end, k) => { end.y = Math.max(end.y, (order[k - 1]?.y ?? top) + 14); });
  const over = Math.max(0, (order.at(-1)?.y ?? 0) - bottom);
  return order.map((end) => <text key={end.plan} className={`plan-name plan-${end.i + 1}`} x={x(at) - 4} y={end.y - over - 4} textAnchor="end">{end.plan}</text>);
}

export function Differences({ of, course, observable }: Shown) {
  const at = of.times.map((time) => Date.parse(time));
  return of.gaps.filter((gap) => gap.observable === observable).map((gap) => {
    const place = of.courses.findIndex((own) => own.plan === gap.plan);
    const title = say.difference(gap.plan, gap.against);
    const unit = unitOf(gap.unit);
    const says = (time: number) => {
      const i = nearest(at, time);
      return [clock(new Date(time), course.zone), `${number(gap.mean[i])} ${unit} (${number(gap.low[i])} – ${number(gap.high[i])})`];
    };
    return (
      <figure key={gap.plan}>
        <figcaption><strong className="small">{title}</strong><p className="small soft">{say.differenceAbout}</p></figcaption>
        <Chart label={title} unit={unit} span={[Date.parse(of.issued) - BEFORE, at.at(-1) ?? 0]} range={limits([0, ...gap.mean], [...gap.low, ...gap.high])} zone={course.zone} height={170}
          over={<Cursor label={words.charts.cursor(title)} stops={at} start={at[0] ?? 0} read={(time) => says(time).join("; ")} show={(time) => says(time).map((line) => <p key={line}>{line}</p>)} />}
        >
          <Line points={{ at: [Date.parse(of.issued), at.at(-1) ?? 0], value: [0, 0] }} kind="zero" />
          <g className={`plan-${place + 1}`}>
            <Band edges={{ at, low: gap.low, high: gap.high }} kind="plan" />
            <Line points={{ at, value: gap.mean }} kind="plan" />
          </g>
        </Chart>
      </figure>
    );
  });
}
