/** Who and what this twin is of, how it stands, what was read last, and what is forecast; in one glance. */
import { Link } from "wouter";
import { Link as Live } from "../live/link";
import type { LinkState } from "../live/socket";
import { useWho } from "../live/use";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { useAsked } from "../parts/ask";
import { Status, type State } from "../parts/status";
import { ago, clock, number, useNow } from "../parts/time";
import { words } from "../words";
import { isOld, mainOf, OFTEN, plain, unitOf, type Course, type Forecast, type TwinShape } from "./twin-data";

const say = words.twin.header;
type Alerts = Told<"/api/alerts">;

interface Shown {
  twin: TwinShape;
  link: LinkState;
  course: Course | undefined;
  forecast: Forecast | undefined;
}

export function Header({ twin, link, course, forecast }: Shown) {
  const subject = useAsked<Told<"/api/subjects/{subject}">>(`/api/subjects/${part(twin.subject)}`);
  const alerts = useAsked<Alerts>(`/api/alerts?subject=${part(twin.subject)}`, { every: OFTEN });
  const who = useWho(twin.subject);
  const now = useNow();
  const place = course ? mainOf(course) : 0;
  const main = course?.read[place];
  const old = main ? isOld(main, now) : true;
  return (
    <header className="twin-head sheet">
      <div className="who">
        <p className="soft small row">
          <span>{words.twin.of(who?.kind ?? subject.data?.kind ?? "…")}{who?.place && ` · ${who.place}`}{who?.bed && ` · ${who.bed}`}</span>
          <Live link={link} />
        </p>
        <h1>{who?.name || twin.subject}</h1>
        <p className="row small">
          <span>{twin.believed.model}</span>
          <Standing standing={twin.standing} />
          <Calls alerts={alerts.data} old={old} />
        </p>
        {twin.believed.stale && <p className="warned"><strong>{say.stale}</strong> {twin.believed.stale}</p>}
      </div>
      {course && main && <Last read={main} old={old} now={now} zone={course.zone} />}
      {forecast && <Ahead forecast={forecast} place={place} />}
      <nav className="row no-print places" aria-label={words.twin.jump}>
        <a className="button main" href="#whatif">{words.twin.parts.whatif}</a>
        <a className="button" href="#why">{words.twin.parts.why}</a>
        <Link className="button" href={`/reports/twin/${part(twin.id)}`}>{words.twin.report}</Link>
        {(who ?? subject.data)?.kind === "person" && <Person subject={twin.subject} />}
      </nav>
    </header>
  );
}

function Person({ subject }: { subject: string }) {
  return (
    <>
      <Link className="button" href={`/body/${part(subject)}`}>{words.twin.body}</Link>
      <Link className="button" href={`/me/${part(subject)}`}>{words.twin.subject}</Link>
      <Link className="button" href={`/together/${part(subject)}`}>{words.twin.together}</Link>
    </>
  );
}

function Standing({ standing }: { standing: string }) {
  const silent = standing === "silent";
  return (
    <span className={`standing ${standing}`}>
      {silent ? words.standing.silent : words.standing.advisory}{silent && <>: {words.standing.silentAbout}</>}
    </span>
  );
}

function Calls({ alerts, old }: { alerts: Alerts | undefined; old: boolean }) {
  if (!alerts) return null;
  const open = alerts.alerts.filter((alert) => !alert.silent);
  const state: State = open.some((a) => a.severity === "critical") ? "act" : open.length ? "watch" : old ? "none" : "calm";
  const text = open.length ? say.alerts(open.length) : old ? say.oldReading : say.noAlerts;
  return (
    <>
      <Status state={state} says={text} />
      {open[0] && <Link href="/alerts">{open[0].title}</Link>}
    </>
  );
}

function Last({ read, old, now, zone }: { read: Course["read"][number]; old: boolean; now: number; zone: string }) {
  const [at, value] = [read.at.at(-1), read.value.at(-1)];
  if (at === undefined) return <p className="figure soft">{plain(read.name)}<span>{say.noReading}</span></p>;
  return (
    <p className={old ? "figure stale" : "figure"}>
      <span className="small soft">{plain(read.name)}, {say.measured}</span>
      <strong>{read.edge.at(-1)}{number(value)} <small>{unitOf(read.unit)}</small></strong>
      <span className="small">{clock(new Date(at), zone)}, {ago(now - at)}{old && ` · ${words.stale}`}</span>
    </p>
  );
}

function Ahead({ forecast, place }: { forecast: Forecast; place: number }) {
  const fan = forecast.observables[place];
  const one = forecast.hours.findIndex((hour) => hour >= 0.999);
  const i = one < 0 ? forecast.hours.length - 1 : one;
  if (!fan) return null;
  return (
    <p className="figure foreseen">
      <span className="small soft">{say.forecastIn(number(forecast.hours[i]))}</span>
      <strong>{number(fan.q50[i])} <small>{unitOf(fan.unit)}</small></strong>
      <span className="small">{say.range(number(fan.q05[i]), number(fan.q95[i]))}</span>
    </p>
  );
}
