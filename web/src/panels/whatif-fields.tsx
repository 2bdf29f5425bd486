/** The actions of a plan as fields: the same values as on the timeline, for whoever would rather type. */
import { clock } from "../parts/time";
import { isLevel, lagOf, moved, replaced, stretched, typed, without, type Draft, type Lever, type Step } from "../plans/plan";
import { words } from "../words";
import { plain, unitOf, type Course } from "./twin-data";

const say = words.whatif;

interface Shown {
  course: Course;
  plan: Draft;
  change: (plan: Draft) => void;
  ahead: number;
}

export function Fields({ course, plan, change, ahead }: Shown) {
  if (!plan.steps.length) return <p className="small soft">{plan.name}: {say.nothing}</p>;
  const when = (minute: number) => clock(new Date(course.now + minute * 60_000), course.zone);
  const minutes = say.minutes(lagOf(course.now, course.clock) > 0 ? when(0) : null);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say.actions}>
      <table className="fields">
        <caption className="hidden">{say.actions}</caption>
        <thead><tr>{[say.what, say.kind, say.when, say.until, say.amount, ""].map((name, i) => <th key={i} scope="col">{name || <span className="hidden">{say.drop}</span>}</th>)}</tr></thead>
        <tbody>
          {plan.steps.map((step, i) => {
            const lever = course.given.find((one) => one.name === step.input);
            return lever && (
              <Line key={i} lever={lever} step={step} ahead={ahead} when={when} minutes={minutes}
                set={(now) => change(replaced(plan, i, now))} drop={() => change(without(plan, i))} />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface Row {
  lever: Lever;
  step: Step;
  ahead: number;
  when: (minute: number) => string;
  minutes: string;
  set: (step: Step) => void;
  drop: () => void;
}

function Line({ lever, step, ahead, when, minutes, set, drop }: Row) {
  const rate = step.kind === "rate";
  const unit = unitOf(rate ? lever.unit : (lever.dose_unit ?? lever.unit));
  const what = plain(lever.name);
  return (
    <tr>
      <th scope="row">{what}</th>
      <td>{!rate ? say.dose : isLevel(lever) ? say.level : say.rate}</td>
      <td><Field name={`${what}: ${say.when}`} value={step.at} step={5} set={(n) => set(rate ? stretched(step, "at", n, ahead) : moved(step, n, ahead))} unit={minutes} says={when(step.at)} /></td>
      <td>{rate ? <Field name={`${what}: ${say.until}`} value={step.until} step={5} set={(n) => set(stretched(step, "until", n, ahead))} unit={minutes} says={when(step.until)} /> : "–"}</td>
      <td><Field name={`${what}: ${say.amount}`} value={step.amount} step="any" set={(n) => set({ ...step, amount: typed(lever, step.kind, n) })} unit={unit} says="" /></td>
      <td><button type="button" onClick={drop} aria-label={`${say.drop}: ${what}`}>×</button></td>
    </tr>
  );
}

interface Number_ {
  name: string;
  value: number;
  step: number | "any";
  set: (n: number) => void;
  unit: string;
  says: string;
}

function Field({ name, value, step, set, unit, says }: Number_) {
  return (
    <span className="field">
      <input
        key={value} type="number" step={step} defaultValue={value} aria-label={name}
        onBlur={(event) => Number(event.target.value) !== value && set(Number(event.target.value))}
        onKeyDown={(event) => event.key === "Enter" && (event.preventDefault(), set(Number(event.currentTarget.value)))}
      />
      <span className="small soft">{says ? `${unit} · ${says}` : unit}</span>
    </span>
  );
}
