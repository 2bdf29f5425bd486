/** For the clinician: what the patient has asked for, with the steps that answer it, and open alerts. */
import { useState } from "react";
import { Link } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { unanswered, useMove, useRequests } from "../help/requests";
import { Answer, useAsked } from "../parts/ask";
import { Status } from "../parts/status";
import { ago, useNow } from "../parts/time";
import { words } from "../words";

const own = words.together;
const KEY = "gemel.by";

export function TogetherWaiting({ subject }: { subject: string }) {
  const asked = useRequests(subject);
  const move = useMove(subject);
  const now = useNow(5_000);
  const [by, sign] = useState(() => localStorage.getItem(KEY) ?? "");
  const step = (id: string, state: "seen" | "coming" | "done") => { localStorage.setItem(KEY, by.trim()); move.mutate({ id, state, by: by.trim() }); };
  return (
    <section className="sheet stack tight no-print" aria-labelledby="waiting">
      <h2 id="waiting">{own.requests}</h2>
      <Answer of={asked}>
        {(told) => {
          const open = told.requests.filter((one) => one.open);
          if (open.length === 0) return <p className="soft">{own.noRequests}</p>;
          return (
            <>
              <label className="row">{own.by} <input value={by} maxLength={100} onChange={(event) => sign(event.target.value)} aria-describedby="by-help" /></label>
              {!by.trim() && <p id="by-help" className="soft small">{own.byNeeded}</p>}
              <ul className="plain rows">
                {open.map((one) => (
                  <li key={one.id} className="row">
                    <span className="grow"><b>{words.me.help.category[one.category]}</b> <span className="soft small">{own.waits(ago(now - Date.parse(one.asked)))}</span> {one.words}</span>
                    <Status state={unanswered(one, now) ? "act" : one.state === "coming" ? "calm" : "watch"} says={own.states[one.state]} />
                    {one.state === "asked" && <button disabled={!by.trim()} onClick={() => step(one.id, "seen")}>{own.seen}</button>}
                    {one.state !== "coming" && <button disabled={!by.trim()} onClick={() => step(one.id, "coming")}>{own.coming}</button>}
                    <button disabled={!by.trim()} onClick={() => step(one.id, "done")}>{own.done}</button>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Answer>
      {move.isError && <p role="alert" className="down">{move.error.message}</p>}
    </section>
  );
}

type Listing = Told<"/api/alerts">;

export function TogetherAlerts({ subject }: { subject: string }) {
  const asked = useAsked<Listing>(`/api/alerts?subject=${part(subject)}`, { every: 15_000 });
  return (
    <section className="sheet stack tight" aria-labelledby="alerting">
      <h2 id="alerting">{own.alerts}</h2>
      <Answer of={asked} empty={(told) => told.alerts.length === 0 && <p className="soft">{own.noAlerts}</p>}>
        {(told) => (
          <ul className="plain rows">
            {told.alerts.map((alert) => (
              <li key={alert.id}><Status state={alert.severity === "critical" ? "act" : "watch"} says={alert.title} /> <span className="small">{alert.reason}</span></li>
            ))}
          </ul>
        )}
      </Answer>
      <Link href="/alerts" className="small">{words.nav.alerts}</Link>
    </section>
  );
}
