/** The plans under discussion, weighed against each other: the whole answer for the clinician, a sentence for the patient. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ask } from "../api/client";
import { Answer, Failed } from "../parts/ask";
import { percent } from "../parts/time";
import { readPlans } from "../plans/address";
import { asked } from "../plans/plan";
import { plansOf, type Shared } from "../together/shared";
import { words } from "../words";
import { TogetherPart } from "./together-part";
import { pathOf, useKept, type Course } from "./twin-data";
import type { WhatIfAnswer } from "./whatif";
import { Answered } from "./whatif-answer";
import "./whatif.css";

const own = words.together;

interface Given { twin: string; shared: Shared; change: (to: Partial<Shared>) => void }

export function TogetherPlans({ twin, shared, change }: Given) {
  const course = useKept<Course>(pathOf(twin, "/course?hours=6"));
  const drafts = readPlans(shared.plans);
  const typed = plansOf(shared.typed);
  const plans = drafts ? drafts.map(asked) : typed;
  const wanted = JSON.stringify([twin, plans, shared.hours]);
  const answer = useMutation<WhatIfAnswer, Error, string>({
    mutationFn: () => ask(pathOf(twin, "/whatif"), { method: "POST", body: { plans, hours: shared.hours } }),
  });
  const weigh = answer.mutate;
  const enough = plans.length >= 2 && plans.length <= 5;
  useEffect(() => { if (enough) weigh(wanted); }, [wanted, enough, weigh]);
  return (
    <Answer of={course}>
      {(known) => (
        <>
          <TogetherPart id="plans" title={own.plans} point={shared.point} aim={(point) => change({ point })} level={shared.level}
            clinical={<>
              {!enough && <p className="soft">{own.noPlans}</p>}
              {answer.isPending && <p role="status" className="soft">{words.loading}</p>}
              {answer.isError && <Failed error={answer.error} again={() => weigh(wanted)} />}
              {answer.data && enough && <Answered of={answer.data} course={known} old={answer.isPending} address={new URLSearchParams(shared.plans ? { plans: shared.plans, hours: String(shared.hours) } : {}).toString()} />}
            </>}
            plain={answer.data && enough ? <Plainly answer={answer.data} /> : <p className="soft">{own.noPlansPlain}</p>} />
          <Typed course={known} start={shared.typed} keep={(text) => change({ typed: text, plans: null })} />
        </>
      )}
    </Answer>
  );
}

function Plainly({ answer }: { answer: WhatIfAnswer }) {
  const told = answer.comparison;
  if (answer.standing.standing !== "advisory") return <p>{own.silentPlain}</p>;
  const best = told.plans.find((plan) => plan.plan === told.winner);
  return (
    <>
      <p><b>{own.verdictPlain(told.winner, percent(best?.probability_best ?? 0))}</b></p>
      <ul className="plain rows">{told.plans.map((plan) => <li key={plan.plan}>{own.chancePlain(plan.plan, Math.round(100 * plan.probability_best))}</li>)}</ul>
      <p>{own.riskPlain}</p>
    </>
  );
}

function Typed({ course, start, keep }: { course: Course; start: string; keep: (text: string) => void }) {
  const [text, write] = useState(start);
  const inputs = course.given.map((one) => one.name);
  return (
    <form className="sheet stack tight no-print" onSubmit={(event) => { event.preventDefault(); keep(text); }}>
      <label className="stack tight"><span>{own.planLabel}</span>
        <textarea rows={3} value={text} aria-describedby="plan-help" placeholder={own.example(inputs[0] ?? "input")} onChange={(event) => write(event.target.value)} />
      </label>
      <div className="row"><button className="main">{own.weigh}</button><span id="plan-help" className="soft small">{own.planHelp} {inputs.join(", ")}</span></div>
    </form>
  );
}
