/** How complete and how timely the subject's data is, code by code. */
import { part } from "../api/client";
import { Answer } from "../parts/ask";
import { ago, number, percent, useNow } from "../parts/time";
import { words } from "../words";
import { Share } from "./bars";
import { useKept, type Quality } from "./twin-data";

const say = words.twin.quality;

export function DataQuality({ subject }: { subject: string }) {
  const asked = useKept<Quality>(`/api/subjects/${part(subject)}/quality?days=2`, 60_000);
  return (
    <section className="sheet stack" id="quality" aria-labelledby="quality-title">
      <h2 id="quality-title">{say.title}</h2>
      <Answer of={asked} empty={(data) => data.codes.length === 0 && <p className="soft">{say.none}</p>}>
        {(data) => <><Codes of={data} /><Sum of={data} /></>}
      </Answer>
    </section>
  );
}

function Codes({ of }: { of: Quality }) {
  const now = useNow(30_000);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say.table}>
      <table>
        <thead>
          <tr><th scope="col">{say.what}</th><th scope="col">{say.complete}</th><th scope="col">{say.gap}</th><th scope="col">{say.newest}</th></tr>
        </thead>
        <tbody>
          {of.codes.map((code) => (
            <tr key={code.source + code.code}>
              <th scope="row">{code.title || code.code} <span className="soft">· {code.source}</span></th>
              <td>{code.completeness === null ? <span className="soft">{say.single}, {code.facts}</span> : <><Share part={code.completeness} />{percent(code.completeness)}</>}</td>
              <td className="number">{code.longest_gap === null ? "–" : say.minutes(number(code.longest_gap))}</td>
              <td>{code.last === null ? "–" : ago(now - code.last / 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sum({ of }: { of: Quality }) {
  const facts = of.sources.reduce((sum, source) => sum + source.facts, 0);
  const late = of.sources.reduce((sum, source) => sum + source.late, 0);
  return (
    <p className="small soft">
      {say.held(of.held, of.rejected)} {facts > 0 && say.late(percent(late / facts))}
      {of.amended + of.withdrawn > 0 && ` ${say.amended(of.amended)}, ${say.withdrawn(of.withdrawn)}.`}
      {of.unmapped.length > 0 && ` ${say.unmapped(of.unmapped.length)}`}
    </p>
  );
}
