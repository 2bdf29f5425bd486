/** Numbers and times as people read them: every number with unit, time and age. */
import { useEffect, useState } from "react";
import { locale, words } from "../words";

/** The time, anew every `every` ms: for ages that grow. */
export function useNow(every = 10_000): number {
  const [now, set] = useState(() => Date.now());
  useEffect(() => {
    const beat = setInterval(() => set(Date.now()), every);
    return () => clearInterval(beat);
  }, [every]);
  return now;
}

export function ago(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 5) return words.ago.now;
  if (s < 90) return words.ago.seconds(s);
  if (s < 90 * 60) return words.ago.minutes(Math.round(s / 60));
  return s < 36 * 3600 ? words.ago.hours(Math.round(s / 3600)) : words.ago.days(Math.round(s / 86400));
}

export function clock(at: Date, zone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(zone ? { timeZone: zone } : {}),
  }).format(at);
}

export function day(at: Date, zone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: "short", day: "numeric", month: "short", ...(zone ? { timeZone: zone } : {}),
  }).format(at);
}

/** Three significant digits, as much as anybody reads off a screen. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const tiny = value !== 0 && Math.abs(value) < 1e-4;
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: digits, notation: tiny ? "scientific" : "standard" }).format(value);
}

export const percent = (p: number): string =>
  p > 0 && p < 0.005 ? "<1 %" : p < 1 && p > 0.995 ? ">99 %" : `${Math.round(100 * p)} %`;
