/** What is being asked of the service, and what stands there while it loads, when it fails, and when there is nothing. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ask, Problem } from "../api/client";
import { words } from "../words";

interface Often {
  every?: number;
  enabled?: boolean;
}

export function useAsked<T>(path: string, often: Often = {}): UseQueryResult<T> {
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => ask<T>(path, { signal }),
    refetchInterval: often.every ?? false,
    enabled: often.enabled ?? true,
  });
}

interface Given<T> {
  of: UseQueryResult<T>;
  empty?: (data: T) => ReactNode | false;
  children: (data: T) => ReactNode;
}

export function Answer<T>({ of, empty, children }: Given<T>) {
  if (of.isPending) return <p className="soft" role="status">{words.loading}</p>;
  if (of.isError) return <Failed error={of.error} again={() => void of.refetch()} />;
  return empty?.(of.data) || children(of.data);
}

export function Failed({ error, again }: { error: Error; again: () => void }) {
  return (
    <div role="alert" className="sheet stack">
      <strong>{error instanceof Problem ? error.title : words.failed}</strong>
      <p>{error.message}</p>
      <div><button onClick={again}>{words.retry}</button></div>
    </div>
  );
}
