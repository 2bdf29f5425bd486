/** A plan's timeline: a lane for each input that the model declares; marks for doses, bars for rates, all movable. */
import { useWidth } from "../charts/frame";
import { linear, timeTicks } from "../charts/scale";
import { clock } from "../parts/time";
import { added, begun, isLevel, kindsOf, lagOf, replaced, without, type Draft, type Lever, type Step } from "../plans/plan";
import { words } from "../words";
import { plain, type Course } from "./twin-data";
import { Lane } from "./whatif-lane";

const say = words.whatif;
const EDGE = 16;

interface Shown {
  course: Course;
  plan: Draft;
  change: (plan: Draft) => void;
  ahead: number;
}

export function Editor({ course, plan, change, ahead }: Shown) {
  const [box, width] = useWidth();
  const x = linear(0, ahead, EDGE, width - EDGE);
  const when = (minute: number) => clock(new Date(course.now + minute * 60_000), course.zone);
  const lag = lagOf(course.now, course.clock);
  const tell = (minute: number) => say.inMinutes(minute - lag, when(minute));
  const span: [number, number] = [course.now, course.now + ahead * 60_000];
  const put = (step: Step) => change(added(plan, step));
  return (
    <div className="editor" role="group" aria-label={say.editor(plan.name)} ref={box}>
      {lag > 0 && <p className="small warned">{say.late(when(0), lag)}</p>}
      <p className="small soft">{say.hint}</p>
      {course.given.map((lever) => (
        <div key={lever.name} className="editor-lane">
          <div className="row spread">
            <strong className="small">{plain(lever.name)} <span className="soft">{lever.about}</span></strong>
            <span className="row">{kindsOf(lever).map((kind) => <Add key={kind} lever={lever} kind={kind} plan={plan} put={put} ahead={ahead} lag={lag} />)}</span>
          </div>
          {lanesOf(lever, plan).map((kind) => (
            <Lane
              key={kind} lever={lever} kind={kind} x={x} width={width} ahead={ahead} tell={tell}
              steps={plan.steps.map((step, index) => ({ step, index })).filter(({ step }) => step.input === lever.name && step.kind === kind)}
              put={put} move={(index, step) => change(replaced(plan, index, step))} drop={(index) => change(without(plan, index))}
            />
          ))}
        </div>
      ))}
      <svg className="editor-axis" width={width} height={20} aria-hidden="true">
        {timeTicks(...span, width / 80, course.zone).map((at) => (
          <text key={at} className="tick" x={x((at - course.now) / 60_000)} y={14} textAnchor="middle">{clock(new Date(at), course.zone)}</text>
        ))}
      </svg>
    </div>
  );
}

/** Doses have a lane wherever there can be any; a rate where one runs or is planned. */
const lanesOf = (lever: Lever, plan: Draft): Step["kind"][] =>
  kindsOf(lever).filter((kind) => kind === "dose" || lever.dose_unit === null || lever.rate_now !== 0 || plan.steps.some((s) => s.input === lever.name && s.kind === kind));

interface Adding {
  lever: Lever;
  kind: Step["kind"];
  plan: Draft;
  put: (step: Step) => void;
  ahead: number;
  lag: number;
}

/** A new action goes a quarter of an hour after the last one of its lane, so that marks do not hide each other. */
function Add({ lever, kind, plan, put, ahead, lag }: Adding) {
  const own = plan.steps.filter((step) => step.input === lever.name && step.kind === kind);
  const minute = own.length ? Math.max(...own.map((step) => step.until)) + 15 : lag;
  return (
    <button type="button" className="add" onClick={() => put(begun(lever, kind, minute, ahead))}>
      + {kind === "dose" ? say.dose : isLevel(lever) ? say.level : say.rate}{" "}<span className="hidden">{say.ofWhat(plain(lever.name))}</span>
    </button>
  );
}
