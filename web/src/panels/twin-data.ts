/** What the twin page asks for, and how old a reading may be before it counts as old. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { ask, part } from "../api/client";
import type { Told } from "../api/told";

export { unit as unitOf } from "../parts/unit";

export type TwinShape = Told<"/api/twins/{twin}">;
export type Course = Told<"/api/twins/{twin}/course">;
export type Forecast = Told<"/api/twins/{twin}/forecast">;
export type Explanation = Told<"/api/twins/{twin}/explain">;
export type Believed = Told<"/api/twins/{twin}/believed">[number];
export type TrackRecord = Told<"/api/twins/{twin}/record">[number];
export type Quality = Told<"/api/subjects/{id}/quality">;
export type Card = Told<"/api/models/{model}/card">;
export type Read = Course["read"][number];
export type Said = Course["said"][number];
export type Fan = Forecast["observables"][number];

export const OFTEN = 15_000;
/** Milliseconds between two questions where no live stream says that something is new. */

/** Like `useAsked`, but what was there stays until the new answer has come. */
export function useKept<T>(path: string, every: number | false = OFTEN, enabled = true): UseQueryResult<T> {
  return useQuery({
    queryKey: [path], queryFn: ({ signal }) => ask<T>(path, { signal }), refetchInterval: every, enabled,
    placeholderData: keepPreviousData,
  });
}

export const pathOf = (twin: string, rest = ""): string => `/api/twins/${part(twin)}${rest}`;

/** The usual time between two readings [ms]: the median gap; five minutes where there are too few. */
export function usualGap(at: readonly number[]): number {
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? time)).filter((gap) => gap > 0).sort((a, b) => a - b);
  return gaps[Math.floor((gaps.length - 1) / 2)] ?? 300_000;
}

/** Old: no reading for twice as long as usual, and ten minutes at least. */
export function isOld(read: Read, now: number): boolean {
  const last = read.at.at(-1);
  return last === undefined || now - last > Math.max(2 * usualGap(read.at), 600_000);
}

/** The place of the observable to show first: the one with most readings, the first declared where there are none. */
export const mainOf = (course: Course): number =>
  course.read.reduce((best, read, i) => (read.at.length > (course.read[best]?.at.length ?? 0) ? i : best), 0);

/** Quantities are named for programs; people read them without underscores. */
export const plain = (name: string): string => name.replaceAll("_", " ");


/** Numbers with holes, as charts take them. */
export const solid = (values: readonly (number | null)[] | undefined): number[] => (values ?? []).map((v) => v ?? NaN);
