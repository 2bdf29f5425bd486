/** The plans as tabs; the chosen one on its timeline, and the same values as fields. */
import { useRef, useState, type KeyboardEvent } from "react";
import { freeName, MOST, FEWEST, type Draft } from "../plans/plan";
import { words } from "../words";
import type { Course } from "./twin-data";
import { Editor } from "./whatif-editor";
import { Fields } from "./whatif-fields";

const say = words.whatif;

interface Shown {
  course: Course;
  plans: readonly Draft[];
  set: (plans: readonly Draft[]) => void;
  ahead: number;
}

export function Plans({ course, plans, set, ahead }: Shown) {
  const [wanted, choose] = useState(1);
  const open = Math.min(wanted, plans.length - 1);
  const plan = plans[open];
  const change = (now: Draft) => set(plans.map((old, i) => (i === open ? now : old)));
  function more(from: Draft | null) {
    set([...plans, { name: freeName(plans, say.plan), steps: from?.steps ?? [] }]);
    choose(plans.length);
  }
  if (!plan) return null;
  return (
    <div className="plans">
      <div className="row">
        <Tabs plans={plans} open={open} choose={choose} />
        <button type="button" onClick={() => more(null)} disabled={plans.length >= MOST}>{say.add}</button>
      </div>
      <div role="tabpanel" id="plan-panel" aria-labelledby={`plan-tab-${open}`} className={`plan-box plan-${open + 1}`}>
        <div className="row">
          <label className="small choice">{say.name}
            <input value={plan.name} maxLength={80} onChange={(event) => change({ ...plan, name: event.target.value })} />
          </label>
          <button type="button" onClick={() => more(plan)} disabled={plans.length >= MOST}>{say.copy}</button>
          <button type="button" onClick={() => set(plans.filter((_, i) => i !== open))} disabled={plans.length <= FEWEST}>{say.remove}</button>
        </div>
        <Editor course={course} plan={plan} change={change} ahead={ahead} />
        <Fields course={course} plan={plan} change={change} ahead={ahead} />
      </div>
    </div>
  );
}

function Tabs({ plans, open, choose }: { plans: readonly Draft[]; open: number; choose: (i: number) => void }) {
  const list = useRef<HTMLDivElement>(null);
  function key(event: KeyboardEvent) {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    const to = (open + by + plans.length) % plans.length;
    choose(to);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[to]?.focus();
  }
  return (
    <div role="tablist" aria-label={say.plans} className="tabs" ref={list} onKeyDown={key}>
      {plans.map((plan, i) => (
        <button
          key={i} type="button" role="tab" id={`plan-tab-${i}`} aria-controls="plan-panel" aria-selected={i === open} tabIndex={i === open ? 0 : -1}
          className={`tab plan-${i + 1}`} onClick={() => choose(i)}
        >
          <Swatch place={i} />{plan.name || "…"} <span className="soft small">{plan.steps.length || ""}</span>
        </button>
      ))}
    </div>
  );
}

export function Swatch({ place }: { place: number }) {
  return <svg className={`plan-${place + 1}`} width="26" height="10" aria-hidden="true"><path className="line plan" d="M0 5H26" /></svg>;
}
