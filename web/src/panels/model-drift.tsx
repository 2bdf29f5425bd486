/** How the model fares here: its standing and every change of it, its twins with their records and drift alarms. */
import { Link } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { useWho } from "../live/use";
import { Status } from "../parts/status";
import { clock, day, percent } from "../parts/time";
import { words } from "../words";
import { Speaks } from "./model-table";

export type Fares = Told<"/api/governance/models/{model}">;
type Watched = Fares["twins"][number];

const own = words.models;
const say = own.driftColumns;

export function ModelStanding({ fares }: { fares: Fares }) {
  const now = fares.standing;
  return (
    <section className="sheet stack tight" aria-labelledby="standing">
      <div className="row"><h2 id="standing">{own.standing}</h2><Speaks standing={now} /><span className="soft small">{own.site(now.site)}, {now.since === null ? own.fromStart : own.since(`${day(new Date(now.since / 1000))} ${clock(new Date(now.since / 1000))}`)}{now.by ? `, ${own.by(now.by)}` : ""}</span></div>
      <p><b>{now.standing === "advisory" ? own.advisory : own.silent}</b> {now.why}</p>
      <h3>{own.history}</h3>
      {fares.switches.length === 0 ? <p className="soft">{own.historyEmpty}</p> : (
        <ol className="plain history">
          {fares.switches.map((one, i) => (
            <li key={i}>
              <time dateTime={one.at}>{day(new Date(one.at))} {clock(new Date(one.at))}</time>: {one.event} {one.twin} <b>{one.before} → {one.after}</b>
              <div className="soft small">{one.why} ({own.by(one.by)}, {own.plan(one.plan)})</div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

export function ModelDrift({ fares }: { fares: Fares }) {
  return (
    <section className="sheet stack tight" aria-labelledby="drift">
      <h2 id="drift">{own.drift}</h2>
      {fares.twins.length === 0 ? <p className="soft">{own.driftEmpty}</p> : (
        <div className="scroll" role="group" aria-label={own.drift} tabIndex={0}>
          <table>
            <thead><tr>{Object.values(say).map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>{fares.twins.map((twin) => <Twin key={twin.twin} twin={twin} />)}</tbody>
          </table>
        </div>
      )}
      <p className="soft small">{own.shown(fares.twins.length, fares.total)}</p>
    </section>
  );
}

function Twin({ twin }: { twin: Watched }) {
  const who = useWho(twin.subject);
  const alarms = Object.entries(twin.drift);
  const rows = twin.record.length;
  const head = (
    <>
      <th scope="row" rowSpan={Math.max(1, rows)}><Link href={`/twins/${part(twin.twin)}`}>{who ? [who.name, who.place].filter(Boolean).join(", ") : twin.twin}</Link>{twin.stale && <div className="stale small">{words.stale}: {twin.stale}</div>}</th>
      <td rowSpan={Math.max(1, rows)}>
        <Status state={alarms.length > 0 ? "watch" : "calm"} says={alarms.length > 0 ? own.rings : own.listens} />
        {alarms.map(([name, heard]) => <div key={name} className="small">{name}: {heard}</div>)}
      </td>
    </>
  );
  if (rows === 0) return <tr>{head}<td colSpan={4} className="soft">{own.noRecord}</td></tr>;
  return twin.record.map((row, i) => (
    <tr key={row.observable + row.horizon_minutes}>
      {i === 0 && head}
      <td>{row.observable}, {own.minutes(row.horizon_minutes)}</td><td className="small">{row.words}</td>
      <td className="number">{row.coverage === null ? "–" : percent(row.coverage)}</td><td className="number">{row.n}</td>
    </tr>
  ));
}
