/** How right its forecasts have been: whether the bands hold what came, and whether it beats "no change". */
import { Answer } from "../parts/ask";
import { number, percent } from "../parts/time";
import { words } from "../words";
import { Share } from "./bars";
import { pathOf, plain, unitOf, useKept, type TrackRecord } from "./twin-data";

const say = words.twin.record;

export function Record({ twin }: { twin: string }) {
  const asked = useKept<TrackRecord[]>(pathOf(twin, "/record"), 60_000);
  return (
    <section className="sheet stack" id="record" aria-labelledby="record-title">
      <h2 id="record-title">{say.title}</h2>
      <Answer of={asked} empty={(rows) => rows.length === 0 && <p className="soft">{say.none}</p>}>
        {(rows) => <Rows rows={rows} />}
      </Answer>
    </section>
  );
}

function Rows({ rows }: { rows: readonly TrackRecord[] }) {
  return (
    <>
      <div className="scroll" tabIndex={0} role="region" aria-label={say.table}>
        <table>
          <thead>
            <tr><th scope="col">{say.horizon}</th><th scope="col">{say.inside}</th><th scope="col">{say.skill}</th><th scope="col">{say.crps}</th><th scope="col">{say.drift}</th></tr>
          </thead>
          <tbody>{rows.map((row) => <Line key={row.observable + row.horizon_minutes} row={row} />)}</tbody>
        </table>
      </div>
      {rows.map((row) => row.words).filter((line, i, all) => all.indexOf(line) === i).slice(0, 1).map((line) => <p key={line} className="small">{line}</p>)}
      <p className="small soft">{say.expected} {say.about}</p>
    </>
  );
}

function Line({ row }: { row: TrackRecord }) {
  return (
    <tr>
      <th scope="row">{plain(row.observable)}, {words.twin.course.past.minutes(row.horizon_minutes)}</th>
      <td>
        {row.recent > 0 ? <><Share part={row.inside90 / row.recent} /><span className="small">{say.of(row.inside90, row.recent)}</span></> : "–"}
      </td>
      <td className="number">
        {row.skill === null ? "–" : `${percent(Math.abs(row.skill))} ${row.skill < 0 ? say.worse : say.better}`}
        {row.skill_se !== null && <span className="soft"> ±{percent(1.645 * row.skill_se)}</span>}
      </td>
      <td className="number">{number(row.crps)} <span className="soft">{unitOf(row.unit)}</span></td>
      <td>{row.drift || say.quiet}</td>
    </tr>
  );
}
