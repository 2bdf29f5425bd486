/** The patient's own page: ask for help, what is new and why, the body in plain words, goals, questions, privacy. */
import { Link, useParams } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import type { Body } from "../body/region";
import { MeChanges } from "../panels/me-changes";
import { MeGoals } from "../panels/me-goals";
import { MeHelp } from "../panels/me-help";
import { MePrivacy } from "../panels/me-privacy";
import { MeQuestions } from "../panels/me-questions";
import { MeWhy } from "../panels/me-why";
import { Answer, useAsked } from "../parts/ask";
import { words } from "../words";
import "./me.css";

const own = words.me;

export default function Me() {
  const subject = useParams<{ subject: string }>().subject;
  const who = useAsked<Told<"/api/subjects/{subject}">>(`/api/subjects/${part(subject)}`);
  return <div className="me stack"><Answer of={who}>{(known) => <Page subject={known.id} person={known.kind === "person"} />}</Answer></div>;
}

function Page({ subject, person }: { subject: string; person: boolean }) {
  const twins = useAsked<Told<"/api/twins">>(`/api/twins?subject=${part(subject)}`);
  const body = useAsked<Body>(`/api/subjects/${part(subject)}/body`, { every: 60_000, enabled: person });
  return (
    <>
      <header className="stack tight">
        <h1>{own.title}</h1>
        <p>{own.hello}</p>
        <nav className="row no-print" aria-label={own.links}>
          {person && <Link className="button" href={`/body/${part(subject)}`}>{own.bodymap}</Link>}
          <Link className="button" href={`/together/${part(subject)}`}>{own.together}</Link>
        </nav>
      </header>
      <MeHelp subject={subject} />
      <div className="pair">
        <MeChanges subject={subject} />
        <Answer of={twins}>{(found) => <MeWhy twins={found.twins} />}</Answer>
        {person && <Answer of={body}>{(known) => <MeQuestions body={known} />}</Answer>}
        <MeGoals subject={subject} />
        {person && <Answer of={body}>{(known) => <Plain body={known} />}</Answer>}
        <MePrivacy />
      </div>
    </>
  );
}

function Plain({ body }: { body: Body }) {
  return (
    <section className="sheet stack" aria-labelledby="map">
      <h2 id="map">{own.sections.map}</h2>
      {body.for_person.length === 0 ? <p className="soft">{own.map.none}</p> : body.for_person.map((line) => <p key={line}>{line}</p>)}
    </section>
  );
}
