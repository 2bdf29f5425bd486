/** The same numbers as a chart, as a table: for screen readers, for copying, for doubt. */
import { words } from "../words";

interface Asked {
  caption: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

export function Numbers({ caption, columns, rows }: Asked) {
  return (
    <details className="numbers">
      <summary>{words.charts.table}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption className="soft small">{caption}</caption>
          <thead><tr>{columns.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {rows.map((cells, i) => (
              <tr key={i}>{cells.map((cell, k) => k === 0 ? <th key={k} scope="row">{cell}</th> : <td key={k} className="number">{cell}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
