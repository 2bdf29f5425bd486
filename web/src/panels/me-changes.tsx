/** What was measured and given since yesterday, in sentences. */
import { part } from "../api/client";
import type { Told } from "../api/told";
import { Answer, useAsked } from "../parts/ask";
import { ago, number } from "../parts/time";
import { unit } from "../parts/unit";
import { words } from "../words";

type Changes = Told<"/api/subjects/{id}/changes">;
type Read = Changes["read"][number];

const own = words.me.changes;
/** Means closer than this part of each other are called the same. */
const SAME = 0.05;

export function compared(row: Read): string {
  if (row.mean === null || row.mean_before === null) return own.noBefore;
  const before = number(row.mean_before);
  const by = row.mean - row.mean_before;
  if (Math.abs(by) <= SAME * Math.abs(row.mean_before)) return own.same(before, unit(row.unit));
  return by > 0 ? own.more(before, unit(row.unit)) : own.less(before, unit(row.unit));
}

export function MeChanges({ subject }: { subject: string }) {
  const asked = useAsked<Changes>(`/api/subjects/${part(subject)}/changes?hours=24`, { every: 60_000 });
  return (
    <section className="sheet stack" aria-labelledby="changes">
      <h2 id="changes">{words.me.sections.changes}</h2>
      <Answer of={asked}>{(changes) => <Sentences changes={changes} />}</Answer>
    </section>
  );
}

function Sentences({ changes }: { changes: Changes }) {
  const read = changes.read.filter((row) => row.value !== null || row.mean !== null);
  if (read.length === 0 && changes.given.length === 0) return <p className="soft">{own.none}</p>;
  return (
    <>
      <p className="soft">{own.about(changes.hours)}</p>
      <ul className="plain rows">{read.map((row) => <ReadLine key={row.code + row.unit} row={row} />)}</ul>
      {changes.given.length > 0 && (
        <div className="stack tight">
          <h3>{own.given}</h3>
          <ul className="plain rows">
            {changes.given.map((row) => (
              <li key={row.code + row.unit}>
                <b>{row.title}</b>: {row.n > 0 ? own.dose(number(row.total), unit(row.unit), row.n) : own.noDose}{" "}
                <span className="soft">{ago(row.age_minutes * 60_000)}. {row.n_before > 0 && own.doseBefore(number(row.total_before), unit(row.unit))}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function ReadLine({ row }: { row: Read }) {
  return (
    <li>
      <h3>{row.title}</h3>
      <p>
        {row.value !== null && own.last(number(row.value), unit(row.unit), ago(row.age_minutes * 60_000))}{" "}
        {row.mean !== null && row.n > 1 && own.mean(number(row.mean), unit(row.unit))}{" "}
        {row.n > 1 && row.low !== null && row.high !== null && own.range(number(row.low), number(row.high), unit(row.unit))}{" "}
        <span className="soft">{compared(row)}</span>
      </p>
    </li>
  );
}
