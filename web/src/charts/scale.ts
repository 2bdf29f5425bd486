/** Where a number lies on a line of pixels, and which round numbers to write beside it.  Pure. */
export interface Scale {
  from: number;
  to: number;
  (value: number): number;
  back(pixel: number): number;
}

/** `from` lies at pixel `start`, `to` at `end`; an empty range is widened by one. */
export function linear(from: number, to: number, start: number, end: number): Scale {
  const far = to === from ? from + 1 : to;
  const at = (value: number) => start + ((value - from) / (far - from)) * (end - start);
  return Object.assign(at, { from, to: far, back: (pixel: number) => from + ((pixel - start) / (end - start)) * (far - from) });
}

/** 1, 2, 2.5 or 5 times a power of ten, cutting `span` into about `parts`. */
export function niceStep(span: number, parts: number): number {
  const rough = span / Math.max(1, parts);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((step) => step >= rough * 0.999) ?? 10 * power;
}

export function ticks(low: number, high: number, parts: number): number[] {
  const step = niceStep(high - low, parts);
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

const MINUTE = 60_000;
const STEPS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map((minutes) => minutes * MINUTE);

/** Round local times between two instants [ms], about `parts` of them. */
export function timeTicks(from: number, to: number, parts: number, zone?: string): number[] {
  const step = STEPS.find((one) => (to - from) / one <= Math.max(1, parts)) ?? 10080 * MINUTE;
  const shift = offset(from, zone);
  const found: number[] = [];
  for (let at = Math.ceil((from + shift) / step) * step - shift; at <= to; at += step) found.push(at);
  return found;
}

/** How far local time in a zone is ahead of UTC at an instant [ms]. */
export function offset(at: number, zone?: string): number {
  if (!zone) return -new Date(at).getTimezoneOffset() * MINUTE;
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    hourCycle: "h23",
  }).formatToParts(at);
  const of = (name: string) => Number(parts.find((part) => part.type === name)?.value ?? 0);
  const local = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return local - Math.floor(at / 1000) * 1000;
}

/** Limits that hold what must be seen: all of `core`, and of `wide` as much as stays within three times its height. */
export function limits(core: readonly number[], wide: readonly number[] = []): [number, number] {
  const sure = core.filter(Number.isFinite);
  const more = wide.filter(Number.isFinite);
  const all = sure.length ? sure : more;
  if (!all.length) return [0, 1];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const room = 1.5 * (high - low || Math.abs(high) || 1);
  const least = Math.min(low, ...more.map((v) => Math.max(v, low - room)));
  const most = Math.max(high, ...more.map((v) => Math.min(v, high + room)));
  const pad = 0.06 * (most - least || 1);
  return [least >= 0 && least - pad < 0 ? 0 : least - pad, most + pad];
}
