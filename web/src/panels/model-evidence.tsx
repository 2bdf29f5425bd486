/** What was validated, on what, how surely, and with which command anybody can do it again. */
import { number } from "../parts/time";
import { unit } from "../parts/unit";
import { words } from "../words";
import type { Card } from "./model-card";

const own = words.models;
const say = own.evidenceColumns;

export function ModelEvidence({ card }: { card: Card }) {
  return (
    <section className="sheet stack tight" aria-labelledby="evidence">
      <h2 id="evidence">{own.evidence}</h2>
      {card.validated.length === 0 ? <p className="soft">{own.evidenceEmpty}</p> : (
        <div className="scroll" role="group" aria-label={own.evidence} tabIndex={0}>
          <table>
            <thead><tr>{Object.values(say).map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {card.validated.map((row, i) => (
                <tr key={i}>
                  <th scope="row">{row.metric}</th>
                  <td className="number">{number(row.value)} {unit(row.unit)}</td>
                  <td className="number">{row.standard_error === null ? <span className="soft">{own.notStated}</span> : `± ${number(row.standard_error, 2)}`}</td>
                  <td className="number">{row.n}</td><td>{row.dataset}</td>
                  <td>{row.date || <span className="soft">{own.notStated}</span>}</td><td><code>{row.command}</code></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
