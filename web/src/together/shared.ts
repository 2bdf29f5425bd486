/** What both people see, kept in the address: the step, the twin, what is pointed at, how much is shown, the plans. */
import { useSearchParams } from "wouter";

export const STEPS = ["now", "ahead", "plans", "agreed"] as const;
export type Step = (typeof STEPS)[number];
export const LEVELS = ["both", "clinical", "plain"] as const;
export type Level = (typeof LEVELS)[number];

export interface Shared {
  step: Step;
  twin: string | null;
  point: string | null;
  level: Level;
  big: boolean;
  /** Plans as the twin's page writes them into its address. */
  plans: string | null;
  /** Plans as somebody typed them, one per line. */
  typed: string;
  hours: number;
}

/** What an address says; anything that cannot be read is left at its first value. */
export function read(query: URLSearchParams): Shared {
  const hours = Number(query.get("hours"));
  return {
    step: STEPS.find((step) => step === query.get("step")) ?? "now", twin: query.get("twin"), point: query.get("point"),
    level: LEVELS.find((level) => level === query.get("show")) ?? "both", big: query.get("big") === "1",
    plans: query.get("plans"), typed: query.get("typed") ?? "", hours: hours > 0 && hours <= 24 ? hours : 4,
  };
}

/** The address that says so; what stands at its first value is left out. */
export function write(shared: Shared): URLSearchParams {
  const told: Record<string, string | null> = {
    step: shared.step === "now" ? null : shared.step, twin: shared.twin, point: shared.point,
    show: shared.level === "both" ? null : shared.level, big: shared.big ? "1" : null, plans: shared.plans,
    typed: shared.typed || null, hours: shared.hours === 4 ? null : String(shared.hours),
  };
  return new URLSearchParams(Object.entries(told).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

export function useShared(): [Shared, (change: Partial<Shared>) => void] {
  const [query, put] = useSearchParams();
  return [read(query), (change) => put((now) => write({ ...read(now), ...change }), { replace: true })];
}

/** Typed plans as the service takes them: 'name: input=amount@time', or a name alone for things as they are. */
export function plansOf(typed: string): string[] {
  return typed.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => (line.includes(":") ? line : `${line}:`));
}
