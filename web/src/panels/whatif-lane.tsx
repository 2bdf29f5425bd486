/** One input's lane: stems with a round mark are doses, bars are rates; the dashed line is the rate that runs. */
import { linear, type Scale } from "../charts/scale";
import { number } from "../parts/time";
import { amountOf, begun, ceiling, grain, moved, stretched, type Lever, type Step } from "../plans/plan";
import { words } from "../words";
import { plain, unitOf } from "./twin-data";
import { Handle, type Nudge } from "./whatif-handle";

const say = words.whatif;
const HEIGHT = { dose: 64, rate: 52 };
const TOP = 16;
const EDGE = 12;

interface Shown {
  lever: Lever;
  kind: Step["kind"];
  x: Scale;
  width: number;
  ahead: number;
  tell: (minute: number) => string;
  steps: readonly { step: Step; index: number }[];
  put: (step: Step) => void;
  move: (index: number, step: Step) => void;
  drop: (index: number) => void;
}

export function Lane({ lever, kind, x, width, ahead, tell, steps, put, move, drop }: Shown) {
  const height = HEIGHT[kind];
  const floor = height - EDGE;
  const amounts = steps.map(({ step }) => step.amount);
  const y = linear(Math.min(0, lever.rate_now, ...amounts), ceiling(lever, kind, Math.max(0, ...amounts)), floor, TOP);
  const place = (event: { clientX: number; currentTarget: Element }) => x.back(event.clientX - event.currentTarget.getBoundingClientRect().left);
  return (
    <div className="lane-box" style={{ height }}>
      <svg width={width} height={height} aria-hidden="true" onDoubleClick={(event) => put(begun(lever, kind, place(event), ahead))}>
        <rect className="lane-ground" x="0" y="0" width={width} height={height} />
        <line className="grid" x1={x(0)} x2={x(ahead)} y1={y(0)} y2={y(0)} />
        {kind === "rate" && lever.rate_now !== 0 && <Running lever={lever} x={x} at={y(lever.rate_now)} />}
        {steps.map(({ step, index }) => <Drawn key={index} step={step} x={x} y={y} />)}
      </svg>
      {steps.map(({ step, index }) => (
        <Handles key={index} lever={lever} step={step} x={x} y={y} ahead={ahead} tell={tell} move={(now) => move(index, now)} drop={() => drop(index)} />
      ))}
    </div>
  );
}

function Running({ lever, x, at }: { lever: Lever; x: Scale; at: number }) {
  return (
    <>
      <line className="running" x1={x(x.from)} x2={x(x.to)} y1={at} y2={at} />
      <text className="tick" x={x(x.to)} y={at - 3} textAnchor="end">{say.running(`${number(lever.rate_now)} ${unitOf(lever.unit)}`)}</text>
    </>
  );
}

function Drawn({ step, x, y }: { step: Step; x: Scale; y: Scale }) {
  const height = y(step.amount);
  if (step.kind === "dose") return <line className="stem" x1={x(step.at)} x2={x(step.at)} y1={y(0)} y2={height} />;
  const zero = y(0);
  return <rect className="rate-bar" x={x(step.at)} width={Math.max(1, x(step.until) - x(step.at))} y={Math.min(height, zero)} height={Math.max(2, Math.abs(zero - height))} />;
}

interface Held {
  lever: Lever;
  step: Step;
  x: Scale;
  y: Scale;
  ahead: number;
  tell: (minute: number) => string;
  move: (step: Step) => void;
  drop: () => void;
}

function Handles({ lever, step, x, y, ahead, tell, move, drop }: Held) {
  const what = plain(lever.name);
  const amount = `${number(step.amount)} ${unitOf(step.kind === "dose" ? (lever.dose_unit ?? lever.unit) : lever.unit)}`;
  const by = grain(lever, step.kind);
  const body = ({ minute, value, later, more }: Nudge): void => {
    const placed = moved(step, minute ?? step.at + (later ?? 0), ahead);
    move({ ...placed, amount: amountOf(lever, step.kind, value ?? step.amount + (more ?? 0) * by) });
  };
  const end = (which: "at" | "until") => ({ minute, later }: Nudge): void =>
    move(stretched(step, which, minute ?? step[which] + (later ?? 0), ahead));
  const common = { x, y, max: ahead, drop };
  const middle = (step.at + step.until) / 2;
  if (step.kind === "dose")
    return <Handle {...common} kind="dose" name={what} text={say.stepName(what, amount, tell(step.at))} at={step.at} value={step.amount} shows={amount} nudge={body} offset={0} />;
  const text = (minute: number) => say.stepName(what, amount, tell(minute));
  return (
    <>
      <Handle {...common} kind="body" name={say.body(what)} text={text(step.at)} at={middle} value={step.amount} shows={amount} nudge={body} offset={step.at - middle} />
      <Handle {...common} kind="end" name={say.from(what)} text={text(step.at)} at={step.at} value={step.amount} shows="" nudge={end("at")} offset={0} />
      <Handle {...common} kind="end" name={say.to(what)} text={text(step.until)} at={step.until} value={step.amount} shows="" nudge={end("until")} offset={0} />
    </>
  );
}
