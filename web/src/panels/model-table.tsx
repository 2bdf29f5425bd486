/** The registry: every model with its standing and why, evidence, forms, twins and drift. */
import { Link } from "wouter";
import { part } from "../api/client";
import type { Told } from "../api/told";
import { Status, type State } from "../parts/status";
import { words } from "../words";

export type Governed = Told<"/api/governance/models">;
export type Row = Governed["models"][number];
export type Standing = Told<"/api/models/{model}/status">;

const own = words.models;
const say = own.columns;

export function Speaks({ standing }: { standing: Standing | null }) {
  const state: State = standing?.standing === "advisory" ? "calm" : "none";
  return <Status state={state} says={standing?.standing ?? words.none} />;
}

export function ModelTable({ rows }: { rows: readonly Row[] }) {
  return (
    <div className="scroll" role="group" aria-label={own.title} tabIndex={0}>
      <table className="registry">
        <thead><tr>{Object.values(say).map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>{rows.map((row) => <Line key={row.name} row={row} />)}</tbody>
      </table>
    </div>
  );
}

function Line({ row }: { row: Row }) {
  const name = <th scope="row"><Link href={`/models/${part(row.name)}`}>{row.name}</Link><div className="soft small">{row.title}</div></th>;
  if (row.problem) return <tr>{name}<td colSpan={7}><Status state="act" says={own.cannot} /> <span className="small">{row.problem}</span></td></tr>;
  return (
    <tr>
      {name}
      <td>{row.kind}</td>
      <td>{row.version}</td>
      <td className="why"><Speaks standing={row.standing} /><div className="soft small">{row.standing?.why}</div></td>
      <td>{row.figures > 0 ? own.figures(row.figures) : <span className="soft">{own.noFigures}</span>}</td>
      <td>{row.forms.map((form) => <div key={form.form} className="small"><span className="soft">{form.form}</span> {own.stated(form.stated, form.of)}</div>)}</td>
      <td>{row.twins > 0 ? row.twins : <span className="soft">{own.noTwins}</span>}</td>
      <td>{row.twins === 0 ? "–" : row.drifting > 0 ? <Status state="watch" says={own.drifting(row.drifting)} /> : <Status state="calm" says={own.quiet} />}</td>
    </tr>
  );
}
