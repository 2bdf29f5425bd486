/** Patients who have asked for help and wait, the longest waiting first; whoever goes says so with one press. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { unanswered, useMove } from "../help/requests";
import { useNews } from "../live/news";
import { useEverybody, useSecond, type Who } from "../live/use";
import { useAsked } from "../parts/ask";
import { Mark } from "../parts/status";
import { ago } from "../parts/time";
import { words } from "../words";
import "./overview-asks.css";

const say = words.overview.asks;
const PATH = "/api/requests";
const KEY = "gemel.by";
type Asked = Told<"/api/requests">["requests"][number];

/** `still`: nothing to press, as on a wall. */
export function Asks({ place, still = false }: { place: string | undefined; still?: boolean }) {
  const known = useQueryClient();
  const everybody = useEverybody();
  const told = useAsked<{ requests: Asked[] }>(PATH, { every: 30_000 });
  const anew = () => void known.invalidateQueries({ queryKey: [PATH] });
  useNews({ kinds: ["request"] }, anew, anew);
  const shown = (told.data?.requests ?? []).filter((one) => place === undefined || everybody.get(one.subject)?.place === place);
  if (!shown.length) return null;
  return (
    <section className="asks sheet" aria-label={say.title}>
      <h2>{say.title}</h2>
      <ul aria-live="polite">
        {shown.map((one) => <Ask key={one.id} asked={one} who={everybody.get(one.subject)} still={still} done={anew} />)}
      </ul>
    </section>
  );
}

interface Shown {
  asked: Asked;
  who: Who | undefined;
  still: boolean;
  done: () => void;
}

function Ask({ asked, who, still, done }: Shown) {
  const now = useSecond();
  const name = who?.name || `${asked.subject.slice(0, 8)}…`;
  const late = unanswered(asked, now);
  return (
    <li className={late ? "late" : ""}>
      <Mark state={asked.category === "emergency" || late ? "act" : "watch"} />
      <strong><Link href={`/?who=${part(asked.subject)}`}>{name}</Link></strong>
      <span className="soft">{[who?.place, who?.bed].filter(Boolean).join(" ")}</span>
      <span>“{words.me.help.category[asked.category]}{asked.words && `: ${asked.words}`}”</span>
      <span className="soft small">{ago(now - Date.parse(asked.asked))}{late && ` · ${say.late}`}</span>
      {asked.state === "coming" ? <em>{say.coming}</em> : !still && <Going asked={asked} name={name} done={done} />}
    </li>
  );
}

function Going({ asked, name, done }: { asked: Asked; name: string; done: () => void }) {
  const [by, setBy] = useState(() => localStorage.getItem(KEY) ?? "");
  const move = useMove(asked.subject);
  function go() {
    localStorage.setItem(KEY, by.trim());
    move.mutate({ id: asked.id, state: "coming", by: by.trim() }, { onSettled: done });
  }
  return (
    <span className="row">
      <input aria-label={`${words.alerts.form.by}, ${name}`} placeholder={words.alerts.form.by} value={by} maxLength={200} onChange={(event) => setBy(event.target.value)} />
      <button className="main" disabled={!by.trim() || move.isPending} onClick={go}>{say.go}</button>
      {move.isError && <span role="alert">{move.error.message}</span>}
    </span>
  );
}
