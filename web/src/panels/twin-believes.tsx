/** Hidden states and parameters: mean and 90 % interval now as a thick bar, the prior as a thin one, on one scale a row. */
import { useState } from "react";
import { Answer } from "../parts/ask";
import { number, percent } from "../parts/time";
import { words } from "../words";
import { pathOf, plain, unitOf, useKept, type Believed } from "./twin-data";

const say = words.twin.believes;
type By = keyof typeof say.by;

export function Believes({ twin }: { twin: string }) {
  const [by, sort] = useState<By>("declared");
  const asked = useKept<Believed[]>(pathOf(twin, "/believed"), 60_000);
  return (
    <section className="sheet stack" id="believes" aria-labelledby="believes-title">
      <div className="row spread">
        <h2 id="believes-title">{say.title}</h2>
        <label className="small choice no-print">{say.sort}
          <select value={by} onChange={(event) => sort(event.target.value as By)}>
            {(Object.keys(say.by) as By[]).map((key) => <option key={key} value={key}>{say.by[key]}</option>)}
          </select>
        </label>
      </div>
      <p className="small soft">{say.key} {say.learnedAbout}</p>
      <Answer of={asked}>
        {(rows) => (
          <div className="pair">
            {(["parameter", "state"] as const).map((kind) => (
              <Group key={kind} title={kind === "parameter" ? say.parameters : say.states} rows={sorted(rows.filter((row) => row.kind === kind), by)} />
            ))}
          </div>
        )}
      </Answer>
    </section>
  );
}

export function sorted(rows: readonly Believed[], by: By): Believed[] {
  const found = [...rows];
  if (by === "name") found.sort((a, b) => (a.about || a.name).localeCompare(b.about || b.name));
  if (by === "learned") found.sort((a, b) => (b.learned ?? -Infinity) - (a.learned ?? -Infinity));
  return found;
}

function Group({ title, rows }: { title: string; rows: readonly Believed[] }) {
  if (!rows.length) return null;
  const learned = rows.some((row) => row.learned !== null);
  return (
    <table className="believed">
      <caption>{title}</caption>
      <thead>
        <tr><th scope="col">{say.name}</th><th scope="col">{say.now}</th><th scope="col">{say.interval("5 %", "95 %")}</th>{learned && <th scope="col">{say.learned}</th>}</tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.about || plain(row.name)} <span className="soft">({plain(row.name)})</span></th>
            <td className="number">{number(row.now.mean)} <span className="soft">{unitOf(row.unit)}</span></td>
            <td><Spread row={row} /><span className="small soft">{say.interval(number(row.now.low), number(row.now.high))}</span></td>
            {learned && <td className="number">{row.learned === null ? "–" : row.learned < 0 ? say.wider : percent(row.learned)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Spread({ row }: { row: Believed }) {
  const both = [row.now, ...(row.prior ? [row.prior] : [])];
  const low = Math.min(...both.flatMap((one) => [one.low, one.mean]));
  const high = Math.max(...both.flatMap((one) => [one.high, one.mean]));
  const x = (value: number) => 4 + (112 * (value - low)) / (high - low || 1);
  const says = row.prior ? `${say.prior}: ${say.interval(number(row.prior.low), number(row.prior.high))} ${unitOf(row.unit)}` : "";
  return (
    <svg className="spread" viewBox="0 0 120 16" width="120" height="16" role="img" aria-label={says || say.now}>
      {row.prior && <line className="before" x1={x(row.prior.low)} x2={x(row.prior.high)} y1="12" y2="12" />}
      <line className="after" x1={x(row.now.low)} x2={x(row.now.high)} y1="6" y2="6" />
      <circle cx={x(row.now.mean)} cy="6" r="3.4" />
    </svg>
  );
}
