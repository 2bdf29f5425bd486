/** What a region holds, as the service tells it, in the order in which it wants looking at. */
import type { Told } from "../api/told";
import { words } from "../words";

export type Body = Told<"/api/subjects/{id}/body">;
export type Region = Body["regions"][number];
export type Marker = Region["markers"][number];
export type Risk = Region["risks"][number];
export type Live = Region["live"][number];

const WORSE = { act: 0, watch: 1, calm: 2, none: 3 } as const;

/** Worst first; within a state as the service has them, from head to toe. */
export function ordered(regions: readonly Region[]): Region[] {
  return [...regions].sort((a, b) => WORSE[a.state] - WORSE[b.state]);
}

export function counts(regions: readonly Region[]): Record<Region["state"], number> {
  const found = { act: 0, watch: 0, calm: 0, none: 0 };
  for (const region of regions) found[region.state] += 1;
  return found;
}

/** How a marker's status is shown. */
export function stateOf(status: string): Region["state"] {
  return status === "out of range" ? "act" : status === "borderline" ? "watch" : status === "in range" ? "calm" : "none";
}

/** A title as it stands at the start of a line. */
export const named = (title: string): string => title.charAt(0).toUpperCase() + title.slice(1);

/** A region's state in a word; what was measured long ago is told from what never was. */
export function said(region: Region): string {
  const old = region.state === "none" && (region.live.length > 0 || region.markers.some((marker) => marker.value !== null));
  return old ? words.body.old : words.body.state[region.state];
}
