/** Plans as they are edited: doses at a minute, rates from a minute to a minute, counted from the twin's present.
 *
 * Pure functions over values.  Moves snap to five minutes and stay inside the time ahead; amounts snap to a round step of
 * what was usual for this input, and stay inside the limits that the model declares. */
import { niceStep } from "../charts/scale";

export interface Lever {
  name: string;
  about: string;
  unit: string;
  dose_unit: string | null;
  low: number | null;
  high: number | null;
  rate_now: number;
  usual_dose: number | null;
  most_dose: number | null;
}

export interface Step {
  input: string;
  kind: "dose" | "rate";
  at: number;
  until: number;
  amount: number;
}

export interface Draft {
  name: string;
  steps: readonly Step[];
}

export interface Action {
  input: string;
  at: string;
  dose?: number;
  rate?: number;
  until?: string;
}

export const SNAP = 5;
/** Minutes between two places where an action can stand. */
export const FEWEST = 2;
export const MOST = 5;
const LASTS = 60;

export const kindsOf = (lever: Lever): Step["kind"][] => (lever.dose_unit === null ? ["rate"] : ["dose", "rate"]);

/** A rate that is not per time is a level: beds in use, units on duty. */
export const isLevel = (lever: Lever): boolean => !lever.unit.includes("/");

/** By how much one key press changes an amount: a round part of what is usual, else of the rate in force, else 1. */
export function grain(lever: Lever, kind: Step["kind"]): number {
  const usual = kind === "dose" ? lever.usual_dose : Math.abs(lever.rate_now);
  return usual ? niceStep(usual, 10) : 1;
}

/** The top of the lane: what was most, twice what is usual, and never less than ten steps. */
export function ceiling(lever: Lever, kind: Step["kind"], most: number): number {
  const usual = kind === "dose" ? Math.max(lever.most_dose ?? 0, 2 * (lever.usual_dose ?? 0)) : 2 * Math.abs(lever.rate_now);
  return Math.min(lever.high ?? Infinity, Math.max(usual, 10 * grain(lever, kind), most));
}

export function amountOf(lever: Lever, kind: Step["kind"], wanted: number): number {
  const step = grain(lever, kind);
  const low = kind === "dose" ? Math.max(0, lever.low ?? 0) : (lever.low ?? -Infinity);
  const held = Math.min(lever.high ?? Infinity, Math.max(low, Math.round(wanted / step) * step));
  return Number(held.toPrecision(10));
}

/** An amount typed in a field: as typed, but inside the limits. */
export function typed(lever: Lever, kind: Step["kind"], wanted: number): number {
  const low = kind === "dose" ? Math.max(0, lever.low ?? 0) : (lever.low ?? -Infinity);
  return Math.min(lever.high ?? Infinity, Math.max(low, Number.isFinite(wanted) ? wanted : 0));
}

const snapped = (minute: number): number => Math.round(minute / SNAP) * SNAP;
const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), Math.max(low, high));

/** By how many minutes, in snaps, the present of a twin lies behind the clock (both in ms): a plan begins no earlier. */
export const lagOf = (present: number, clock: number): number => Math.max(0, Math.floor((clock - present) / 60_000 / SNAP) * SNAP);

/** A new action: a dose of the usual size, or an hour of the rate in force. */
export function begun(lever: Lever, kind: Step["kind"], minute: number, ahead: number): Step {
  const at = within(snapped(minute), 0, ahead - SNAP);
  const amount = kind === "dose" ? (lever.usual_dose ?? grain(lever, kind)) : lever.rate_now;
  return { input: lever.name, kind, at, until: kind === "dose" ? at : Math.min(at + LASTS, ahead), amount: amountOf(lever, kind, amount) };
}

/** Moved in time; a rate keeps its length. */
export function moved(step: Step, minute: number, ahead: number): Step {
  if (step.kind === "dose") {
    const at = within(snapped(minute), 0, ahead - SNAP);
    return { ...step, at, until: at };
  }
  const length = step.until - step.at;
  const at = within(snapped(minute), 0, ahead - length);
  return { ...step, at, until: at + length };
}

/** One end of a rate moved; the other stays, and at least one snap lies between. */
export function stretched(step: Step, end: "at" | "until", minute: number, ahead: number): Step {
  return end === "at"
    ? { ...step, at: within(snapped(minute), 0, step.until - SNAP) }
    : { ...step, until: within(snapped(minute), step.at + SNAP, ahead) };
}

export const replaced = (plan: Draft, index: number, step: Step): Draft => ({
  ...plan, steps: plan.steps.map((old, i) => (i === index ? step : old)),
});
export const added = (plan: Draft, step: Step): Draft => ({ ...plan, steps: [...plan.steps, step] });
export const without = (plan: Draft, index: number): Draft => ({ ...plan, steps: plan.steps.filter((_, i) => i !== index) });

/** The first name of the form "Plan B" that is not taken. */
export function freeName(taken: readonly Draft[], form: (letter: string) => string): string {
  const letters = [..."ABCDEFGHIJ"];
  return letters.map(form).find((name) => !taken.some((plan) => plan.name === name)) ?? form("K");
}

/** What keeps plans from being compared: null when nothing does. */
export function fault(plans: readonly Draft[]): "few" | "unnamed" | "twice" | "same" | null {
  if (plans.length < FEWEST) return "few";
  const names = plans.map((plan) => plan.name.trim());
  if (names.some((name) => !name)) return "unnamed";
  if (new Set(names).size < names.length) return "twice";
  return new Set(plans.map((plan) => JSON.stringify(actionsOf(plan)))).size < 2 ? "same" : null;
}

/** As the service takes them: times from the twin's present, amounts in the input's own units. */
export function actionsOf(plan: Draft): Action[] {
  return plan.steps.map((step) =>
    step.kind === "dose"
      ? { input: step.input, at: `+${step.at}min`, dose: step.amount }
      : { input: step.input, at: `+${step.at}min`, rate: step.amount, until: `+${step.until}min` },
  );
}

export const asked = (plan: Draft) => ({ name: plan.name.trim(), actions: actionsOf(plan) });
