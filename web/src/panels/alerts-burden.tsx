/** What alerting costs, rule by rule: how many, how soon answered, how often right, each share with its interval. */
import { useState } from "react";
import { Answer, useAsked } from "../parts/ask";
import { number, percent } from "../parts/time";
import { words } from "../words";
import type { Burden } from "./alerts-data";

const say = words.alerts.burden;
const DAYS = [1, 7, 30];
type Figures = Burden["figures"][number];

export function Cost() {
  const [days, choose] = useState(7);
  const told = useAsked<Burden>(`/api/alerts/burden?days=${days}`, { every: 60_000 });
  return (
    <section className="sheet stack" aria-labelledby="cost">
      <div className="row">
        <h2 id="cost">{say.title}</h2>
        <label className="small">{say.days}{" "}
          <select value={days} onChange={(event) => choose(Number(event.target.value))}>
            {DAYS.map((n) => <option key={n} value={n}>{say.day(n)}</option>)}
          </select>
        </label>
      </div>
      <p className="soft small">{say.about}</p>
      <Answer of={told} empty={(data) => data.figures.every((own) => own.alerts + own.silent === 0) && <p>{say.empty}</p>}>
        {(data) => <Table figures={data.figures.filter((own, k) => k === 0 || own.alerts + own.silent > 0)} />}
      </Answer>
    </section>
  );
}

function Table({ figures }: { figures: Figures[] }) {
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label={say.title}>
      <table>
        <thead>
          <tr>
            {[say.rule, say.alerts, say.perDay, say.soon(figures[0]?.soon_minutes ?? 5), say.median, say.right, say.repeated, say.silent]
              .map((head) => <th key={head} scope="col">{head}</th>)}
          </tr>
        </thead>
        <tbody>
          {figures.map((own) => (
            <tr key={own.rule}>
              <th scope="row">{own.rule === "all" || own.rule === "" ? say.all : own.rule.replaceAll("-", " ")}</th>
              <td>{own.alerts}</td>
              <td>{number(own.per_patient_day)}</td>
              <td><Part of={own.answered_soon} /></td>
              <td>{own.median_minutes_to_answer === null ? say.none : say.minutes(number(own.median_minutes_to_answer))}</td>
              <td><Part of={own.predictive_value} /></td>
              <td><Part of={own.repeated} /></td>
              <td>{own.silent}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Part({ of }: { of: Figures["answered"] }) {
  if (of.share == null || of.low == null || of.high == null) return <>{say.none}</>;
  return (
    <span>
      {percent(of.share)} <small className="soft">({say.of(of.count, of.n)}; {say.between(percent(of.low), percent(of.high))})</small>
    </span>
  );
}
