/** What stands on top: the risks that matter most, what to measure next, and what to know first. */
import type { Body } from "../body/region";
import { words } from "../words";
import { BodyRisk, scaleOf } from "./body-risk";

const own = words.body;

export function BodyNext({ body }: { body: Body }) {
  return (
    <section className="sheet stack" aria-label={own.top}>
      {body.notes.length > 0 && (
        <details>
          <summary>{own.notes}</summary>
          <ul className="plain small">{body.notes.map((note) => <li key={note}>{note}</li>)}</ul>
        </details>
      )}
      <div className="stack tight">
        <h2>{own.top}</h2>
        {body.top.length === 0 ? <p className="soft">{own.noTop}</p>
          : <ul className="plain rows">{body.top.map((risk) => <BodyRisk key={risk.score + risk.answer} risk={risk} where={risk.organ} top={scaleOf(body.top)} />)}</ul>}
      </div>
      <div className="stack tight">
        <h2>{own.next}</h2>
        {body.measure_next.length === 0 ? <p className="soft">{own.noNext}</p>
          : <ol className="next">{body.measure_next.slice(0, 6).map((row) => <li key={row.name}><b>{row.about}</b> <span className="soft small">{row.reason}</span></li>)}</ol>}
      </div>
      <p className="soft small">{body.caution}</p>
    </section>
  );
}
