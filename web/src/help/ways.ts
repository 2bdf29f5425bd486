/** How a person chooses, remembered on this machine. */
import { useState } from "react";
import type { Order } from "./scan";

export const WAYS = ["touch", "dwell", "one", "two"] as const;
export type Way = (typeof WAYS)[number];
export const SPEEDS = [0.5, 1, 1.5, 2, 3, 4, 6] as const;

export interface Choice {
  way: Way;
  order: Order;
  seconds: number;
  /** The mark starts as soon as the page is there: who has only a switch cannot press Start. */
  auto: boolean;
}

const KEY = "gemel.ways";
const FIRST: Choice = { way: "touch", order: "rows", seconds: 2, auto: false };

/** What was kept, where it can be read. */
export function kept(text: string | null): Choice {
  try {
    const told = JSON.parse(text ?? "{}") as Partial<Choice>;
    return {
      way: WAYS.find((way) => way === told.way) ?? FIRST.way, order: told.order === "each" ? "each" : "rows",
      seconds: SPEEDS.find((s) => s === told.seconds) ?? FIRST.seconds, auto: told.auto === true,
    };
  } catch {
    return FIRST;
  }
}

export function useWays(): [Choice, (change: Partial<Choice>) => void] {
  const [choice, set] = useState(() => kept(localStorage.getItem(KEY)));
  return [choice, (change) => {
    const now = { ...choice, ...change };
    localStorage.setItem(KEY, JSON.stringify(now));
    set(now);
  }];
}
