/** One page that a clinician far away and the patient look at together; what both see stands in the address. */
import { Link, useParams } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { useWho } from "../live/use";
import { TogetherAgreed } from "../panels/together-agreed";
import { TogetherAhead } from "../panels/together-ahead";
import { TogetherBar } from "../panels/together-bar";
import { TogetherNow } from "../panels/together-now";
import { TogetherPlans } from "../panels/together-plans";
import { TogetherAlerts, TogetherWaiting } from "../panels/together-waiting";
import "../panels/twin.css";
import { Answer, useAsked } from "../parts/ask";
import { useShared } from "../together/shared";
import { words } from "../words";
import "./together.css";

const own = words.together;
type Twins = Told<"/api/twins">;

export default function Together() {
  const { subject = "" } = useParams<{ subject: string }>();
  const known = useAsked<Told<"/api/subjects/{subject}">>(`/api/subjects/${part(subject)}`);
  return <Answer of={known}>{() => <Page subject={subject} />}</Answer>;
}

function Page({ subject }: { subject: string }) {
  const [shared, change] = useShared();
  const who = useWho(subject);
  const twins = useAsked<Twins>(`/api/twins?subject=${part(subject)}`);
  const ids = twins.data?.twins.map((twin) => twin.id) ?? [];
  const twin = ids.find((id) => id === shared.twin) ?? ids[0];
  const needs = shared.step === "ahead" || shared.step === "plans";
  return (
    <div className={`together stack ${shared.big ? "big" : ""}`}>
      <header className="row">
        <h1>{own.title}</h1><span className="soft">{who ? [who.name, who.place].filter(Boolean).join(", ") : subject}</span>
        <nav className="row small no-print" aria-label={words.body.links}>
          <Link href={`/body/${part(subject)}`}>{words.body.title}</Link><Link href={`/me/${part(subject)}`}>{words.body.me}</Link>
          {twin && <Link href={`/twins/${part(twin)}`}>{own.twins}</Link>}
        </nav>
      </header>
      <TogetherBar shared={shared} change={change} />
      {needs && ids.length > 1 && (
        <label className="row">{own.choose}{" "}
          <select value={twin} onChange={(event) => change({ twin: event.target.value })}>{ids.map((id) => <option key={id}>{id}</option>)}</select>
        </label>
      )}
      {needs && twins.isSuccess && !twin && <p className="sheet soft">{own.noTwin}</p>}
      {shared.step === "now" && <TogetherNow subject={subject} shared={shared} change={change} />}
      {shared.step === "ahead" && twin && <TogetherAhead twin={twin} shared={shared} change={change} />}
      {shared.step === "plans" && twin && <TogetherPlans key={twin} twin={twin} shared={shared} change={change} />}
      {shared.step === "agreed" && <TogetherAgreed subject={subject} shared={shared} change={change} />}
      {shared.level !== "plain" && <div className="pair"><TogetherWaiting subject={subject} /><TogetherAlerts subject={subject} /></div>}
    </div>
  );
}
