/** How it is now: newest values with age and the day's mean, and the same in sentences. */
import { part } from "../api/client";
import type { Told } from "../api/told";
import { Answer, useAsked } from "../parts/ask";
import { ago, number } from "../parts/time";
import { unit } from "../parts/unit";
import type { Shared } from "../together/shared";
import { words } from "../words";
import { compared } from "./me-changes";
import { TogetherPart } from "./together-part";

type Changes = Told<"/api/subjects/{id}/changes">;
type Read = Changes["read"][number];

const own = words.together;
const plain = words.me.changes;

interface Given { subject: string; shared: Shared; change: (to: Partial<Shared>) => void }

export function TogetherNow({ subject, shared, change }: Given) {
  const asked = useAsked<Changes>(`/api/subjects/${part(subject)}/changes?hours=24`, { every: 15_000 });
  const aim = (point: string | null) => change({ point });
  return (
    <Answer of={asked}>
      {(told) => {
        const rows = told.read.filter((row) => row.value !== null || row.mean !== null);
        return (
          <TogetherPart id="values" title={own.values} point={shared.point} aim={aim} level={shared.level}
            clinical={rows.length === 0 ? <p className="soft">{own.noValues}</p> : <Table rows={rows} />}
            plain={rows.length === 0 ? <p className="soft">{plain.none}</p> : <Lines rows={rows} />} />
        );
      }}
    </Answer>
  );
}

function Table({ rows }: { rows: readonly Read[] }) {
  const [what, last, mean, range] = own.valueColumns;
  return (
    <div className="scroll" role="group" aria-label={own.values} tabIndex={0}>
      <table>
        <thead><tr><th scope="col">{what}</th><th scope="col">{last}</th><th scope="col">{mean}</th><th scope="col">{range}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.code + row.unit}>
              <th scope="row">{row.title}</th>
              <td><b>{number(row.value)} {unit(row.unit)}</b> <span className="soft small">{ago(row.age_minutes * 60_000)}</span></td>
              <td>{number(row.mean)} <span className="soft small">({number(row.mean_before)})</span></td>
              <td>{row.low === null ? "–" : `${number(row.low)} – ${number(row.high)}`} <span className="soft small">n {row.n}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lines({ rows }: { rows: readonly Read[] }) {
  return (
    <ul className="plain rows">
      {rows.map((row) => (
        <li key={row.code + row.unit}>
          <b>{row.title}</b><br />
          {row.value === null ? "" : plain.last(number(row.value), unit(row.unit), ago(row.age_minutes * 60_000))} {compared(row)}
        </li>
      ))}
    </ul>
  );
}
