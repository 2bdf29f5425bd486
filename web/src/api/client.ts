/** Requests to the service this page came from, typed by its own OpenAPI description (`schema.ts`, which
 * `make web` writes).  A refusal is a `Problem` in the service's own words: what, why, and the way out. */
import type { components, paths } from "./schema";

export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];
export type Path = keyof paths;

export class Problem extends Error {
  constructor(readonly status: number, readonly title: string, detail: string) {
    super(detail);
  }
}

interface Asked {
  method?: "GET" | "POST";
  body?: unknown;
  signal?: AbortSignal;
}

export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, {
    method: asked.method ?? "GET",
    headers,
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    ...(asked.signal ? { signal: asked.signal } : {}),
  });
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const told = (await answer.json()) as { title?: string; detail?: string };
    return new Problem(answer.status, told.title ?? answer.statusText, told.detail ?? answer.statusText);
  } catch {
    return new Problem(answer.status, answer.statusText, answer.statusText);
  }
}

/** A part of a path, safe whatever the id holds. */
export const part = (id: string): string => encodeURIComponent(id);
