/** One model: its standing here and why, evidence, drift, forms, limits, sources, and what it declares. */
import { Link, useParams } from "wouter";
import { part } from "../api/client";
import { ModelQuantities, ModelSources, ModelUse, type Card } from "../panels/model-card";
import { ModelDrift, ModelStanding, type Fares } from "../panels/model-drift";
import { ModelEvidence } from "../panels/model-evidence";
import { ModelForms } from "../panels/model-forms";
import { Answer, useAsked } from "../parts/ask";
import { words } from "../words";
import "./models.css";

export default function Model() {
  const { model = "" } = useParams<{ model: string }>();
  const card = useAsked<Card>(`/api/models/${part(model)}/card`);
  const fares = useAsked<Fares>(`/api/governance/models/${part(model)}`, { every: 60_000 });
  return (
    <div className="model stack">
      <p><Link href="/models">{words.models.back}</Link></p>
      <Answer of={card}>
        {(own) => (
          <>
            <header><h1>{own.title}</h1><p className="soft">{own.name} {own.version}, {own.kind}</p></header>
            <Answer of={fares}>{(told) => <ModelStanding fares={told} />}</Answer>
            <ModelUse card={own} />
            <ModelEvidence card={own} />
            <Answer of={fares}>{(told) => <ModelDrift fares={told} />}</Answer>
            <ModelForms card={own} />
            <ModelSources card={own} />
            <ModelQuantities card={own} />
          </>
        )}
      </Answer>
    </div>
  );
}
