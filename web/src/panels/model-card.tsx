/** A model's card: for what, not for what, for whom, limits, sources, and every quantity it declares. */
import type { Told } from "../api/told";
import { number } from "../parts/time";
import { words } from "../words";

export type Card = Told<"/api/models/{model}/card">;
type Quantity = Card[(typeof GROUPS)[number]][number];

const own = words.models;

export function ModelUse({ card }: { card: Card }) {
  const rows = [
    [own.use, card.intended_use], [own.notFor, card.not_for], [own.population, card.population], [own.limits, card.limits],
    [own.causal, card.causal], [own.licence, card.licence],
  ] as const;
  return (
    <section className="sheet" aria-label={own.use}>
      <dl className="facts">{rows.map(([name, said]) => <div key={name} style={{ display: "contents" }}><dt>{name}</dt><dd>{said || <span className="soft">{own.notStated}</span>}</dd></div>)}</dl>
    </section>
  );
}

export function ModelSources({ card }: { card: Card }) {
  return (
    <section className="sheet stack tight" aria-labelledby="sources">
      <h2 id="sources">{own.sources}</h2>
      <ul className="plain">{card.sources.map((source) => <li key={source.locator + source.note}><code>{source.locator}</code> <span className="soft small">{source.note}</span></li>)}</ul>
    </section>
  );
}

const GROUPS = ["observables", "inputs", "covariates", "parameters"] as const;

export function ModelQuantities({ card }: { card: Card }) {
  return (
    <section className="sheet stack tight" aria-labelledby="quantities">
      <h2 id="quantities">{own.quantities}</h2>
      {GROUPS.filter((group) => card[group].length > 0).map((group) => (
        <details key={group} open={group === "observables"}>
          <summary>{own.groups[group]} ({card[group].length})</summary>
          <Quantities rows={card[group]} label={own.groups[group]} />
        </details>
      ))}
      {Object.keys(card.settings).length > 0 && (
        <details>
          <summary>{own.groups.settings} ({Object.keys(card.settings).length})</summary>
          <ul className="plain">{Object.entries(card.settings).map(([name, choices]) => <li key={name}><b>{name}</b>: {choices.join(", ")}</li>)}</ul>
        </details>
      )}
    </section>
  );
}

function Quantities({ rows, label }: { rows: readonly Quantity[]; label: string }) {
  const say = own.quantityColumns;
  const end = (v: number | null) => (v === null ? "∞" : number(v));
  return (
    <div className="scroll" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead><tr>{Object.values(say).map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th><td>{row.unit}</td><td>{row.low === null && row.high === null ? own.anything : own.range(end(row.low), end(row.high))}</td>
              <td className="small">{row.prior ?? "–"}</td><td className="small">{row.code ?? "–"}</td>
              <td className="small">{row.about}{row.source && <div className="soft">{row.source.locator} {row.source.note}</div>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
