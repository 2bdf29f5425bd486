/** What would follow: the verdict with its doubt, the chance that each plan is best, courses side by side, the paired
 * difference, and the trade-offs. */
import { useState } from "react";
import { Link } from "wouter";
import { part } from "../api/client";
import { useWho } from "../live/use";
import { clock, number, percent } from "../parts/time";
import { words } from "../words";
import { Share } from "./bars";
import { mainOf, plain, unitOf, type Course } from "./twin-data";
import type { WhatIfAnswer } from "./whatif";
import { Differences, SideBySide } from "./whatif-charts";
import { Swatch } from "./whatif-plans";

const say = words.whatif.answer;

interface Shown {
  of: WhatIfAnswer;
  course: Course;
  old: boolean;
  address: string;
}

export function Answered({ of, course, old, address }: Shown) {
  const [what, pick] = useState(() => mainOf(course));
  const told = of.comparison;
  const names = of.courses[0]?.observables.map((one) => one.name) ?? [];
  const silent = of.standing.standing === "silent";
  return (
    <div className={old ? "answer stack old" : "answer stack"} role="region" aria-labelledby="answer-title">
      <div className="row spread">
        <h3 id="answer-title">{say.title}{old && <span className="stale small"> · {words.whatif.old}</span>}</h3>
        {address && <Discuss of={of} course={course} address={address} />}
        {address && <Link className="button no-print" href={`/reports/plans/${part(of.twin)}?${address}`}>{say.report}</Link>}
      </div>
      <div className="verdict" aria-live="polite">
        <p><strong>{told.verdict}.</strong></p>
        <p className="small soft">
          {say.issued(clock(new Date(of.issued), course.zone))}. {say.under}: {told.utility_about} ({say.higher}).
          {silent && <> {words.standing.silent}: {words.standing.silentAbout}</>}
        </p>
        {of.stale && <p className="warned"><strong>{words.twin.header.stale}</strong> {of.stale}</p>}
      </div>
      <Best of={of} />
      {names.length > 1 && (
        <label className="small choice">{say.what}
          <select value={what} onChange={(event) => pick(Number(event.target.value))}>
            {names.map((name, i) => <option key={name} value={i}>{plain(name)}</option>)}
          </select>
        </label>
      )}
      <SideBySide of={of} course={course} observable={names[what] ?? ""} />
      <Differences of={of} course={course} observable={names[what] ?? ""} />
      <TradeOffs of={of} />
      <p className="small soft">{say.caution}</p>
    </div>
  );
}

/** A comparison for a person can be opened in the view that is shared with them. */
function Discuss({ of, course, address }: Omit<Shown, "old">) {
  const who = useWho(course.subject);
  if (who?.kind !== "person") return null;
  return <Link className="button no-print" href={`/together/${part(course.subject)}?step=plans&twin=${part(of.twin)}&${address}`}>{say.discuss}</Link>;
}

function Best({ of }: { of: WhatIfAnswer }) {
  const told = of.comparison;
  const unit = unitOf(told.utility_unit);
  return (
    <table className="bars">
      <caption className="hidden">{say.best}</caption>
      <thead><tr><th scope="col">{say.plan}</th><th scope="col" colSpan={2}>{say.best} … {say.of}</th><th scope="col" className="number">{say.value}</th></tr></thead>
      <tbody>
        {told.plans.map((row, i) => (
          <tr key={row.plan}>
            <th scope="row"><Swatch place={i} /> {row.plan}</th>
            <td><Share part={row.probability_best} /></td>
            <td className="number">{percent(row.probability_best)}</td>
            <td className="number">{number(row.expected)} {unit}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TradeOffs({ of }: { of: WhatIfAnswer }) {
  const scores = Object.values(of.courses[0]?.scores ?? {});
  const pairs = of.comparison.differences.filter((d) => of.comparison.plans.findIndex((p) => p.plan === d.plan) > of.comparison.plans.findIndex((p) => p.plan === d.against));
  return (
    <>
      {scores.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={say.tradeoffs}>
          <table>
            <caption>{say.tradeoffs} <span className="soft small">({say.mean}; {say.between("5 %", "95 %")})</span></caption>
            <thead><tr><th scope="col"><span className="hidden">{say.plan}</span></th>{of.courses.map((own) => <th key={own.plan} scope="col" className="number">{own.plan}</th>)}</tr></thead>
            <tbody>
              {scores.map((score) => (
                <tr key={score.name}>
                  <th scope="row">{score.name}</th>
                  {of.courses.map((own) => <Score key={own.plan} score={own.scores[score.name]} />)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul className="small against">
        {pairs.map((d) => (
          <li key={d.plan + d.against}>
            “{d.plan}” {say.against(d.against)}: {number(d.mean)} ({say.between(number(d.low), number(d.high))}){told(of)}, {say.better(percent(d.probability))}
          </li>
        ))}
      </ul>
    </>
  );
}

const told = (of: WhatIfAnswer): string => (unitOf(of.comparison.utility_unit) ? ` ${unitOf(of.comparison.utility_unit)}` : "");

function Score({ score }: { score: WhatIfAnswer["courses"][number]["scores"][string] | undefined }) {
  if (!score) return <td>–</td>;
  return <td className="number">{number(score.mean)} {unitOf(score.unit)} <span className="soft small">({say.between(number(score.low), number(score.high))})</span></td>;
}
