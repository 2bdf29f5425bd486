/** A patient's requests: asked of the service every few seconds, sent to it, and whether it can be reached at all. */
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { ask, part } from "../api/client";
import type { Told } from "../api/told";

export type Requested = Told<"/api/subjects/{id}/requests">["requests"][number];
export type Category = Requested["category"];
export const CATEGORIES: readonly Category[] = ["emergency", "breathing", "pain", "toilet", "drip", "drink", "position", "comfort", "question"];

/** Without an answer for so long [ms] people are told to use the bell: staff of 27 wards put the usual time to an answer
 * at about four minutes (doi:10.1186/1472-6963-10-52). */
export const LONG = 4 * 60_000;
const EVERY = 4_000;

const path = (subject: string) => `/api/subjects/${part(subject)}/requests`;

export function useRequests(subject: string): UseQueryResult<{ requests: Requested[] }> {
  return useQuery({
    queryKey: [path(subject)], queryFn: ({ signal }) => ask<{ requests: Requested[] }>(path(subject), { signal }),
    refetchInterval: EVERY, refetchIntervalInBackground: true, retry: 0, networkMode: "always",
  });
}

export function useSend(subject: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { category: Category; words: string; channel: Requested["channel"] }) => ask<Requested>(path(subject), { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: [path(subject)] }), networkMode: "always",
  });
}

export function useMove(subject: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, state, by }: { id: string; state: Requested["state"]; by: string }) =>
      ask<Requested>(`${path(subject)}/${part(id)}`, { method: "POST", body: { state, by } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [path(subject)] }), networkMode: "always",
  });
}

/** Whether somebody should have answered by now. */
export const unanswered = (request: Requested, now: number): boolean => request.state === "asked" && now - Date.parse(request.asked) > LONG;
