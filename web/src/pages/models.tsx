/** Governance: the registry of models, and the places of audit and consent. */
import { useState } from "react";
import { ModelPlaces } from "../panels/model-places";
import { ModelTable, type Governed } from "../panels/model-table";
import { Answer, useAsked } from "../parts/ask";
import { words } from "../words";
import "./models.css";

const own = words.models;

export default function Models() {
  const asked = useAsked<Governed>("/api/governance/models", { every: 60_000 });
  return (
    <div className="stack">
      <header><h1>{own.title}</h1><p className="soft">{own.intro}</p></header>
      <Answer of={asked} empty={(told) => told.models.length === 0 && <p className="sheet soft">{own.none}</p>}>{(told) => <Registry told={told} />}</Answer>
      <ModelPlaces />
    </div>
  );
}

function Registry({ told }: { told: Governed }) {
  const [sought, seek] = useState("");
  const [kind, choose] = useState("");
  const kinds = [...new Set(told.models.map((row) => row.kind).filter(Boolean))].sort();
  const rows = told.models.filter((row) => (!kind || row.kind === kind) && `${row.name} ${row.title}`.toLowerCase().includes(sought.trim().toLowerCase()));
  return (
    <section className="sheet stack" aria-label={own.title}>
      <div className="row">
        <label>{own.filter} <input type="search" value={sought} onChange={(event) => seek(event.target.value)} /></label>
        <label>{own.kind}{" "}
          <select value={kind} onChange={(event) => choose(event.target.value)}><option value="">{own.every}</option>{kinds.map((one) => <option key={one}>{one}</option>)}</select>
        </label>
        <span className="soft small">{own.site(told.site)}</span>
      </div>
      {rows.length === 0 ? <p className="soft">{own.empty}</p> : <ModelTable rows={rows} />}
    </section>
  );
}
