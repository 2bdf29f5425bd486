/** The body map of a person: the figure beside what is known of the organ that was chosen, or of all. */
import { useRef, useState } from "react";
import { Link, useParams, useSearchParams } from "wouter";
import { part as inPath } from "../api/client";
import { Figure } from "../body/figure";
import { PARTS, type Part } from "../body/shapes";
import type { Body as Answered } from "../body/region";
import { useWho } from "../live/use";
import { BodyList } from "../panels/body-list";
import { BodyNext } from "../panels/body-next";
import { BodyOrgan } from "../panels/body-organ";
import { Answer, useAsked } from "../parts/ask";
import { useWide } from "../parts/wide";
import { words } from "../words";
import "./body.css";

const own = words.body;
const VIEWS = ["whole", ...Object.keys(PARTS)] as Part[];

export default function Body() {
  const subject = useParams<{ subject: string }>().subject;
  const asked = useAsked<Answered>(`/api/subjects/${inPath(subject)}/body`, { every: 30_000 });
  return (
    <div className="stack">
      <Answer of={asked}>{(body) => <Shown body={body} />}</Answer>
    </div>
  );
}

function Shown({ body }: { body: Answered }) {
  const [query, put] = useSearchParams();
  const [part, look] = useState<Part>("whole");
  const page = useRef<HTMLDivElement>(null);
  const labelled = useWide(700);
  const who = useWho(body.subject);
  const region = body.regions.find((one) => one.id === query.get("organ")) ?? null;
  function choose(id: string | null) {
    put((now) => { if (id) now.set("organ", id); else now.delete("organ"); return now; }, { replace: true });
    if (id === null && region) {
      const back = `[data-region="${region.id}"]`;
      requestAnimationFrame(() => page.current?.querySelector<HTMLElement>(back)?.focus());
    }
  }
  return (
    <div className="stack" ref={page}>
      <header className="row">
        <h1>{own.title}</h1>
        <span className="soft">{who ? [who.name, who.place].filter(Boolean).join(", ") : body.subject}</span>
        <span className="soft">{own.who(body.sex, body.age)}</span>
        <nav className="row small" aria-label={own.links}>
          <Link href={`/me/${inPath(body.subject)}`}>{own.me}</Link><Link href={`/together/${inPath(body.subject)}`}>{own.together}</Link>
        </nav>
      </header>
      <div className="bodymap" onKeyDown={(event) => event.key === "Escape" && region && choose(null)}>
        <section className="sheet figure-sheet" aria-label={own.figure}>
          <div className="row parts" role="group" aria-label={own.parts.label}>
            {VIEWS.map((view) => <button key={view} aria-pressed={part === view} onClick={() => look(view)}>{own.parts[view]}</button>)}
          </div>
          <Figure regions={body.regions} chosen={region?.id ?? null} choose={choose} part={part} labelled={labelled} />
          <p className="soft small">{own.grey} {labelled ? own.help : ""}</p>
        </section>
        <div className="stack">
          {region ? <BodyOrgan region={region} close={() => choose(null)} /> : <BodyNext body={body} />}
          <BodyList regions={body.regions} choose={choose} />
        </div>
      </div>
    </div>
  );
}
