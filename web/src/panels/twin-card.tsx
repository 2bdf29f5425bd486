/** The essentials of the model's card: for what, not for what, for whom, its limits; and the way to the whole of it. */
import { Link } from "wouter";
import { part } from "../api/client";
import { Answer, useAsked } from "../parts/ask";
import { words } from "../words";
import type { Card } from "./twin-data";

const say = words.twin.card;

export function CardPanel({ model }: { model: string }) {
  const asked = useAsked<Card>(`/api/models/${part(model)}/card`);
  return (
    <section className="sheet stack" id="card" aria-labelledby="card-title">
      <h2 id="card-title">{say.title}</h2>
      <Answer of={asked}>
        {(card) => (
          <>
            <p><strong>{card.title}</strong> <span className="soft">{say.version} {card.version}</span></p>
            <dl className="terms">
              <dt>{say.use}</dt><dd>{card.intended_use}</dd>
              <dt>{say.not}</dt><dd>{card.not_for}</dd>
              <dt>{say.population}</dt><dd>{card.population}</dd>
              <dt>{say.causal}</dt><dd>{say.causes[card.causal] ?? card.causal}</dd>
              <dt>{say.limits}</dt><dd>{card.limits}</dd>
              {Object.entries(card.settings).map(([name, choices]) => <Setting key={name} name={name} choices={choices} />)}
            </dl>
            <p><Link href={`/models/${part(model)}`}>{say.more}</Link></p>
          </>
        )}
      </Answer>
    </section>
  );
}

const Setting = ({ name, choices }: { name: string; choices: readonly string[] }) => (
  <><dt>{say.settings}</dt><dd>{name}: {choices.join(", ")}</dd></>
);
