/** The type of what a route answers, from the service's own description of it: `Told<"/api/subjects/{id}/body">`. */
import type { paths } from "./schema";

type Json<Answers> = Answers extends { 200: { content: { "application/json": infer T } } }
  ? T
  : Answers extends { 201: { content: { "application/json": infer T } } } ? T : never;

export type Told<P extends keyof paths, M extends "get" | "post" = "get"> =
  paths[P] extends Record<M, { responses: infer Answers }> ? Json<Answers> : never;
