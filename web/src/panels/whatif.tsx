/** Plans are built, weighed and seen side by side; the comparison is made when it is asked for, and greyed as soon as a
 * plan has changed since. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../api/client";
import type { Told } from "../api/told";
import { Failed, useAsked } from "../parts/ask";
import { readPlans, written } from "../plans/address";
import { asked, fault, type Draft } from "../plans/plan";
import { words } from "../words";
import { pathOf, type Course } from "./twin-data";
import { Answered } from "./whatif-answer";
import { Plans } from "./whatif-plans";
import "./whatif.css";

const say = words.whatif;
export type WhatIfAnswer = Told<"/api/twins/{twin}/whatif", "post">;
export type Utility = Told<"/api/twins/{twin}/utilities">[number];
const AHEAD = [1, 2, 4, 8, 24];

interface Asking {
  plans: readonly Draft[];
  hours: number;
  utility: string;
}

export function WhatIf({ course }: { course: Course }) {
  const [start] = useState(() => begun());
  const [plans, set] = useState<readonly Draft[]>(start.plans);
  const [hours, look] = useState(start.hours);
  const [utility, weigh] = useState(start.utility);
  const offered = useAsked<Utility[]>(pathOf(course.twin, "/utilities"));
  const answer = useMutation<WhatIfAnswer, Error, Asking>({
    mutationFn: (now) => ask(pathOf(course.twin, "/whatif"), {
      method: "POST", body: { plans: now.plans.map(asked), hours: now.hours, ...(now.utility && { utility: now.utility }) },
    }),
    onSuccess: (_, now) => remember(now),
  });
  const wrong = fault(plans);
  const old = answer.variables !== undefined && key({ plans, hours, utility }) !== key(answer.variables);
  const compare = () => wrong === null && answer.mutate({ plans, hours, utility });
  return (
    <section className="sheet stack" id="whatif" aria-labelledby="whatif-title" tabIndex={-1}>
      <div><h2 id="whatif-title">{say.title}</h2><p className="small soft">{say.about}</p></div>
      {course.causal === "association" ? <p>{say.association}</p> : course.given.length === 0 ? <p className="soft">{say.none}</p> : (
        <form className="stack" onSubmit={(event) => { event.preventDefault(); compare(); }}>
          <Plans course={course} plans={plans} set={set} ahead={60 * hours} />
          <div className="row">
            <label className="small choice">{say.ahead}
              <select value={hours} onChange={(event) => look(Number(event.target.value))}>
                {AHEAD.map((n) => <option key={n} value={n}>{say.hours(n)}</option>)}
              </select>
            </label>
            <Weigh offered={offered.data ?? []} value={utility} set={weigh} />
            <button className="main" type="submit" disabled={wrong !== null || answer.isPending} aria-describedby="whatif-wrong">
              {answer.isPending ? say.comparing : answer.data ? say.again : say.compare}
            </button>
            <span id="whatif-wrong" className="small soft" aria-live="polite">{wrong && say.fault[wrong]}</span>
          </div>
        </form>
      )}
      {answer.isError && <Failed error={answer.error} again={compare} />}
      {answer.data && answer.variables && (
        <Answered of={answer.data} course={course} old={old} address={addressOf(answer.variables)} />
      )}
    </section>
  );
}

function Weigh({ offered, value, set }: { offered: readonly Utility[]; value: string; set: (name: string) => void }) {
  const chosen = offered.find((one) => one.name === value) ?? offered[0];
  return (
    <label className="small choice weigh">{say.weigh}
      <select value={chosen?.name ?? ""} onChange={(event) => set(event.target.value)} aria-describedby="whatif-utility">
        {offered.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
      </select>
      <span id="whatif-utility" className="soft">{chosen?.about}</span>
    </label>
  );
}

const key = (now: Asking): string => `${written(now.plans)}|${now.hours}|${now.utility}`;

const addressOf = (now: Asking): string =>
  new URLSearchParams({ plans: written(now.plans), hours: String(now.hours), ...(now.utility && { utility: now.utility }) }).toString();

function remember(now: Asking): void {
  history.replaceState(history.state, "", `${location.pathname}?${addressOf(now)}${location.hash}`);
}

/** As the address has it, or things as they are and one plan to be filled. */
function begun(): { plans: readonly Draft[]; hours: number; utility: string } {
  const query = new URLSearchParams(location.search);
  const hours = Number(query.get("hours"));
  return {
    plans: readPlans(query.get("plans")) ?? [{ name: say.asIs, steps: [] }, { name: say.plan("B"), steps: [] }],
    hours: AHEAD.includes(hours) ? hours : 4, utility: query.get("utility") ?? "",
  };
}
