/** What every report has: who, when and by what on top; limits and provenance at the end; print and save. */
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { Problem } from "../api/client";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { useWho } from "../live/use";
import { words } from "../words";
import { clock, day } from "../parts/time";
import type { Card } from "./twin-data";

const say = words.report;
export type Provenance = Told<"/api/twins/{twin}/provenance">;

interface Shown {
  title: string;
  source: Provenance;
  card: Card;
  file: () => Promise<Response>;
  children: ReactNode;
}

export function ReportFrame({ title, source, card, file, children }: Shown) {
  const who = useWho(source.subject);
  const silent = source.standing.standing === "silent";
  const made = new Date(source.made);
  return (
    <article className="report stack">
      <Tools twin={source.twin} file={file} />
      <header>
        <p className="soft">{title}</p>
        <h1>{source.name || source.subject}</h1>
        <p>{[who?.place, who?.bed, source.model_title].filter(Boolean).join(" · ")}</p>
        <p className="soft small">{say.made(day(made, source.zone), clock(made, source.zone), source.zone)}</p>
      </header>
      <p className="warned">{words.support}</p>
      {silent && <p className="warned"><strong>{words.standing.silent}</strong>: {words.standing.silentAbout}</p>}
      {source.stale && <p className="warned"><strong>{words.twin.header.stale}</strong> {source.stale}</p>}
      {children}
      <Grounds source={source} card={card} />
    </article>
  );
}

function Tools({ twin, file }: { twin: string; file: () => Promise<Response> }) {
  const [state, set] = useState("");
  async function save() {
    set(say.loading);
    try {
      await offer(await file());
      set(say.saved);
    } catch (error) {
      set(error instanceof Error ? error.message : words.failed);
    }
  }
  return (
    <div className="row no-print">
      <button className="main" onClick={() => window.print()}>{say.print}</button>
      <button onClick={() => void save()}>{say.file}</button>
      <Link className="button" href={`/twins/${part(twin)}`}>{say.back}</Link>
      <span role="status" className="small soft">{state}</span>
    </div>
  );
}

/** Let the browser save what came, under the name that the service gave it. */
async function offer(answer: Response): Promise<void> {
  if (!answer.ok) throw new Problem(answer.status, answer.statusText, say.failed);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "report.html";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function Grounds({ source, card }: { source: Provenance; card: Card }) {
  const rows: [string, string][] = [
    [say.software, source.software], [say.model, `${source.model_title} (${source.model}) ${source.model_version}`],
    [say.twinId, `${source.twin}, ${say.begun} ${source.begun}`], [say.engine, say.draws(source.engine, source.members, source.seed)],
    [say.facts, say.used(source.facts_used, source.present)], [say.hash, source.facts_hash],
    [say.standing, `${source.standing.standing}: ${source.standing.why}`], [say.ledger, source.ledger.join(", ") || "–"],
  ];
  return (
    <>
      <section className="sheet">
        <h2>{say.limits}</h2>
        <dl className="terms">
          <dt>{words.twin.card.use}</dt><dd>{card.intended_use}</dd>
          <dt>{words.twin.card.not}</dt><dd>{card.not_for}</dd>
          <dt>{words.twin.card.limits}</dt><dd>{card.limits}</dd>
        </dl>
      </section>
      <section className="sheet">
        <h2>{say.provenance}</h2>
        <dl className="terms two">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      </section>
    </>
  );
}
