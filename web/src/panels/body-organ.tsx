/** One organ: open alerts, what its twins follow, what was measured and when, risks with their intervals and what they
 * rest on, and what a score would need. */
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { part } from "../api/client";
import { named, said, stateOf, type Live, type Marker, type Region } from "../body/region";
import { number } from "../parts/time";
import { Status } from "../parts/status";
import { unit } from "../parts/unit";
import { words } from "../words";
import { BodyRisk, scaleOf } from "./body-risk";

const own = words.body;

export function BodyOrgan({ region, close }: { region: Region; close: () => void }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [region.id]);
  const known = region.markers.filter((marker) => marker.value !== null);
  const unknown = region.markers.filter((marker) => marker.value === null);
  const bare = !known.length && !region.risks.length && !region.live.length && !region.alerts.length && !region.indices.length;
  return (
    <section className="sheet stack organ-sheet" aria-labelledby="organ" onKeyDown={(event) => event.key === "Escape" && close()}>
      <header className="row">
        <h2 id="organ" ref={title} tabIndex={-1}>{named(region.title)}</h2>
        <Status state={region.state} says={said(region)} />
        <button className="away" onClick={close}>{own.close}</button>
      </header>
      <p className={region.state === "none" ? "soft" : ""}>{bare ? own.nothing : named(region.why)}</p>
      {region.alerts.length > 0 && <Alerts region={region} />}
      {region.live.length > 0 && <Block title={own.live}>{region.live.map((row) => <LiveRow key={row.twin + row.code} row={row} />)}</Block>}
      {known.length > 0 && <Block title={own.markers}>{known.map((marker) => <MarkerRow key={marker.name} marker={marker} />)}</Block>}
      {unknown.length > 0 && <p className="soft small">{own.state.none}: {unknown.map((marker) => marker.about).join(", ")}</p>}
      {region.risks.length > 0 && <Block title={own.risks}>{region.risks.map((risk) => <BodyRisk key={risk.score + risk.answer + risk.years} risk={risk} top={scaleOf(region.risks)} />)}</Block>}
      {region.indices.length > 0 && (
        <Block title={own.indices}>
          {region.indices.map((index) => (
            <li key={index.score + index.answer}>{index.title}: <b>{number(index.value)} {unit(index.unit)}</b> {index.label}</li>
          ))}
        </Block>
      )}
      {region.missing.length > 0 && (
        <details>
          <summary>{own.missing}</summary>
          <ul className="plain">{region.missing.map((row) => <li key={row.title} className="small"><b>{row.title}</b>: <span className="soft">{row.reason}</span></li>)}</ul>
        </details>
      )}
    </section>
  );
}

function Block({ title, children }: { title: string; children: React.ReactNode }) {
  return <div className="stack tight"><h3>{title}</h3><ul className="plain rows">{children}</ul></div>;
}

function Alerts({ region }: { region: Region }) {
  return (
    <Block title={own.alerts}>
      {region.alerts.map((alert) => (
        <li key={alert.id}>
          <Status state={alert.severity === "critical" ? "act" : "watch"} says={alert.title} /> <span className="small">{alert.reason}</span>
        </li>
      ))}
    </Block>
  );
}

function LiveRow({ row }: { row: Live }) {
  const age = row.age_minutes === null ? own.noReading : words.ago.minutes(Math.round(row.age_minutes));
  return (
    <li>
      <span>{row.title}</span> <b className={row.old ? "stale" : ""}>{row.value === null ? "–" : own.reading(number(row.value), unit(row.unit))}</b>{" "}
      <span className="soft small">{age}{row.old ? `, ${words.stale}` : ""}</span>{" "}
      <Link href={`/twins/${part(row.twin)}`} className="small">{own.twin}</Link>{" "}
      <span className="soft small">({row.model}, {row.standing}{row.stale ? `; ${row.stale}` : ""})</span>
    </li>
  );
}

function MarkerRow({ marker }: { marker: Marker }) {
  const shown = (v: number | null) => (v === null ? null : number(v));
  const old = marker.status === "old";
  return (
    <li>
      <div className="row between">
        <span>{marker.about}</span>
        <b className={old ? "stale" : ""}>{number(marker.value)} {unit(marker.unit)}</b>
        <Status state={stateOf(marker.status)} says={marker.status} />
      </div>
      <div className="soft small">
        {marker.age_days === null ? "" : own.daysOld(marker.age_days)}{marker.old ? ` (${words.stale})` : ""} · {own.limits(shown(marker.low), shown(marker.high), unit(marker.unit))}
        {marker.trend && marker.trend !== "no clear trend" ? ` · ${marker.trend}` : ""}{marker.centile === null ? "" : ` · ${own.centile(marker.centile)}`}
      </div>
    </li>
  );
}
