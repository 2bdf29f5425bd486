/** The course: a chart with its choices (what, how far back and ahead, which past forecasts), its key and its table. */
import { useState } from "react";
import { Key, type Meaning } from "../charts/key";
import { Numbers } from "../charts/table";
import type { Told } from "../api/told";
import { Failed, useAsked } from "../parts/ask";
import { clock, number } from "../parts/time";
import { words } from "../words";
import { TwinChart, type Limit } from "./twin-chart";
import { mainOf, plain, unitOf, usualGap, type Course, type Forecast, type Read } from "./twin-data";
import { horizons, issues, kept, madeAhead, madeAt, upTo } from "./twin-past";
import { Past, type Look } from "./twin-past-choice";

const say = words.twin.course;

interface Shown {
  course: Course;
  forecast: Forecast | undefined;
  refused: Error | null;
  back: number;
  ahead: number;
  choose: (back: number, ahead: number) => void;
}

export function CoursePanel({ course, forecast, refused, back, ahead, choose }: Shown) {
  const [chosen, pick] = useState<number | null>(null);
  const what = chosen ?? mainOf(course);
  const [look, set] = useState<Look>({ minutes: 60, past: true, then: null });
  const read = course.read[what] ?? course.read[0];
  const levels = useLevels(read);
  if (!read) return null;
  const fan = forecast?.observables.find((one) => one.name === read.name);
  const said = course.said.find((one) => one.observable === read.name);
  const band = said && look.past ? upTo(madeAhead(said, look.minutes), course.now) : null;
  const then = said && look.then !== null ? { issued: look.then, band: madeAt(said, look.then) } : null;
  return (
    <section className="sheet stack" id="course" aria-labelledby="course-title">
      <div className="row spread">
        <h2 id="course-title">{say.title}</h2>
        <div className="row no-print">
          {course.read.length > 1 && (
            <Choice label={say.what} value={what} of={course.read.map((one, i) => [i, plain(one.name)] as const)} set={pick} />
          )}
          <Choice label={say.back} value={back} of={[3, 6, 12, 24, 72].map((n) => [n, say.hours(n)] as const)} set={(n) => choose(n, ahead)} />
          <Choice label={say.ahead} value={ahead} of={[1, 2, 4, 8, 24].map((n) => [n, say.hours(n)] as const)} set={(n) => choose(back, n)} />
        </div>
      </div>
      {read.at.length === 0 && <p className="soft">{say.empty}</p>}
      <TwinChart course={course} read={read} forecast={forecast} fan={fan} past={then ? null : band} then={then} levels={levels} />
      <Key of={meanings(look, Boolean(fan), Boolean(said))} />
      {refused && <Failed error={refused} again={() => choose(back, ahead)} />}
      <Past
        said={said && { issued: issues(said), horizons: horizons(said) }} look={look} set={set} zone={course.zone}
        tally={band ? kept(band, read, usualGap(read.at)) : null}
      />
      <Notes read={read} forecast={forecast} zone={course.zone} />
      {forecast && fan && <Table course={course} read={read} forecast={forecast} name={fan.name} />}
    </section>
  );
}

function Choice({ label, value, of, set }: { label: string; value: number; of: readonly (readonly [number, string])[]; set: (n: number) => void }) {
  return (
    <label className="small choice">
      {label}
      <select value={value} onChange={(event) => set(Number(event.target.value))}>
        {of.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </label>
  );
}

/** Limits of the alert rules in force that are about this observable. */
function useLevels(read: Read | undefined): Limit[] {
  const rules = useAsked<Told<"/api/alerts/rules">>("/api/alerts/rules");
  const found = (rules.data?.rule ?? []).filter((rule) => rule.kind === "forecast" && rule.observable === read?.name && rule.unit === read?.unit);
  return [...new Map(found.map((rule) => [rule.limit, { value: rule.limit ?? 0, says: say.level(number(rule.limit), rule.title) }])).values()];
}

function meanings(look: Look, fan: boolean, said: boolean): Meaning[] {
  const past: Meaning[] = said && look.past && look.then === null
    ? [{ kind: "said", shape: "band", says: say.key.past(say.past.minutes(look.minutes)) }] : [];
  const next: Meaning[] = fan
    ? [{ kind: "forecast", shape: "line", says: say.key.median }, { kind: "near", shape: "band", says: say.key.near },
       { kind: "wide", shape: "band", says: say.key.wide }] : [];
  return [{ kind: "measured", shape: "dot", says: say.key.measured }, ...next, ...past];
}

function Notes({ read, forecast, zone }: { read: Read; forecast: Forecast | undefined; zone: string }) {
  return (
    <div className="small soft">
      {forecast && <p>{say.issued(clock(new Date(forecast.issued), zone))} ({zone}). {forecast.failed > 0 && say.failed(forecast.failed, forecast.members)}</p>}
      {read.thinned > 0 && <p>{say.thinned(read.thinned)}</p>}
    </div>
  );
}

function Table({ course, read, forecast, name }: { course: Course; read: Read; forecast: Forecast; name: string }) {
  const fan = forecast.observables.find((one) => one.name === name);
  const when = (at: number) => clock(new Date(at), course.zone);
  const past = read.at.map((at, i) => [when(at), `${read.edge[i] ?? ""}${number(read.value[i])}`, "", ""]);
  const next = forecast.times.map((time, i) => [when(Date.parse(time)), "", number(fan?.q50[i]), `${number(fan?.q05[i])} – ${number(fan?.q95[i])}`]);
  return <Numbers caption={`${say.table} [${unitOf(read.unit)}]`} columns={[words.charts.time, say.reading, say.median, say.band]} rows={[...past, ...next]} />;
}
