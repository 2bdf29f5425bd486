/** The report of a comparison: the plans that the address holds are compared once more, and the answer is shown. */
import { useQuery } from "@tanstack/react-query";
import { ask, part } from "../api/client";
import { Answer, useAsked } from "../parts/ask";
import { readPlans } from "../plans/address";
import { asked, type Draft } from "../plans/plan";
import { words } from "../words";
import { ReportFrame, type Provenance } from "./report-frame";
import { number } from "../parts/time";
import { pathOf, plain, unitOf, type Card, type Course } from "./twin-data";
import type { WhatIfAnswer } from "./whatif";
import { Answered } from "./whatif-answer";
import { Swatch } from "./whatif-plans";
import "./whatif.css";

export function PlansReport({ twin }: { twin: string }) {
  const query = new URLSearchParams(location.search);
  const plans = readPlans(query.get("plans"));
  const source = useAsked<Provenance>(pathOf(twin, "/provenance"));
  if (!plans) return <p className="sheet">{words.report.noPlans}</p>;
  const utility = query.get("utility");
  const body = { plans: plans.map(asked), hours: Number(query.get("hours")) || 4, ...(utility && { utility }) };
  return <Answer of={source}>{(known) => <Told twin={twin} source={known} plans={plans} body={body} />}</Answer>;
}

interface Shown {
  twin: string;
  source: Provenance;
  plans: readonly Draft[];
  body: unknown;
}

function Told({ twin, source, plans, body }: Shown) {
  const card = useAsked<Card>(`/api/models/${part(source.model)}/card`);
  const course = useAsked<Course>(pathOf(twin, "/course?hours=6"));
  const answer = useQuery({ queryKey: [twin, "whatif", body], queryFn: () => ask<WhatIfAnswer>(pathOf(twin, "/whatif"), { method: "POST", body }), staleTime: Infinity });
  const file = () => fetch(pathOf(twin, "/report"), { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  return (
    <Answer of={card}>
      {(own) => (
        <ReportFrame title={words.report.plans} source={source} card={own} file={file}>
          <Answer of={course}>
            {(told) => (
              <>
                <section className="sheet"><h2>{words.whatif.plans}</h2>{plans.map((plan, i) => <Plan key={plan.name} plan={plan} place={i} course={told} />)}</section>
                <section className="sheet"><Answer of={answer}>{(found) => <Answered of={found} course={told} old={false} address="" />}</Answer></section>
              </>
            )}
          </Answer>
        </ReportFrame>
      )}
    </Answer>
  );
}

function Plan({ plan, place, course }: { plan: Draft; place: number; course: Course }) {
  const unit = (input: string, dose: boolean) => {
    const lever = course.given.find((one) => one.name === input);
    return unitOf((dose ? lever?.dose_unit : lever?.unit) ?? "");
  };
  return (
    <div>
      <h3><Swatch place={place} /> {plan.name}</h3>
      {plan.steps.length === 0 && <p className="soft">{words.whatif.nothing}</p>}
      <ul>
        {plan.steps.map((step, i) => (
          <li key={i}>{plain(step.input)}: {number(step.amount)} {unit(step.input, step.kind === "dose")} {words.report.when(step.at, step.kind === "rate" ? step.until : null)}</li>
        ))}
      </ul>
    </div>
  );
}
