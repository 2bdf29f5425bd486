/** Plans in an address, so that a comparison can be reopened, shared and reported: [name, [input, kind, at, until,
 * amount], ...] as JSON.  What an address holds is not trusted: anything else gives null. */
import type { Draft, Step } from "./plan";

export function written(plans: readonly Draft[]): string {
  return JSON.stringify(plans.map((plan) => [plan.name, ...plan.steps.map((s) => [s.input, s.kind[0], s.at, s.until, s.amount])]));
}

export function readPlans(text: string | null): Draft[] | null {
  if (!text) return null;
  try {
    const rows: unknown = JSON.parse(text);
    if (!Array.isArray(rows) || rows.length < 1 || rows.length > 5) return null;
    const plans = rows.map(planOf);
    return plans.every((plan) => plan !== null) ? plans : null;
  } catch {
    return null;
  }
}

function planOf(row: unknown): Draft | null {
  if (!Array.isArray(row)) return null;
  const [name, ...rest] = row as unknown[];
  const steps = rest.map(stepOf);
  return typeof name === "string" && steps.every((step) => step !== null) ? { name: name.slice(0, 80), steps } : null;
}

function stepOf(row: unknown): Step | null {
  if (!Array.isArray(row)) return null;
  const [input, kind, at, until, amount] = row as unknown[];
  const numbers = [at, until, amount].every((n) => typeof n === "number" && Number.isFinite(n));
  if (typeof input !== "string" || !numbers || (kind !== "d" && kind !== "r")) return null;
  return { input, kind: kind === "d" ? "dose" : "rate", at: at as number, until: until as number, amount: amount as number };
}
