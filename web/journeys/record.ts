/** A made-up person's record, sent through the service's own FHIR door: what the body map has something to say about. */
import type { APIRequestContext } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

interface Resource { resourceType: string; id?: string; effectiveDateTime?: string; subject?: { reference: string } }

const FILE = resolve(import.meta.dirname, "../../src/gemel/cli/synthetic_patient.json");
/** Blood tests of this day are moved to yesterday, so that some are fresh and some old. */
const MOVED = "2023-04-12";

export async function record(request: APIRequestContext): Promise<string> {
  const bundle = JSON.parse(readFileSync(FILE, "utf8")) as { entry: { resource: Resource }[] };
  const about = `urn:uuid:${randomUUID()}`;
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const entry = bundle.entry.map(({ resource: { id: _, ...resource } }) => {
    const patient = resource.resourceType === "Patient";
    if (!patient) resource.subject = { reference: about };
    if (resource.effectiveDateTime?.startsWith(MOVED)) resource.effectiveDateTime = yesterday;
    return { resource, request: { method: "POST", url: resource.resourceType }, ...(patient ? { fullUrl: about } : {}) };
  });
  const answer = await request.post("/fhir", { data: { resourceType: "Bundle", type: "transaction", entry } });
  if (!answer.ok()) throw new Error(await answer.text());
  const told = (await answer.json()) as { entry: { response: { location: string } }[] };
  return told.entry[0]!.response.location.split("/")[1]!;
}

/** Somebody whose twin's model may speak here. */
export async function followed(request: APIRequestContext): Promise<string> {
  const { twins } = (await (await request.get("/api/twins")).json()) as { twins: { subject: string; model: string }[] };
  for (const twin of twins) {
    const status = (await (await request.get(`/api/models/${twin.model}/status`)).json()) as { standing: string };
    if (status.standing === "advisory") return twin.subject;
  }
  throw new Error("the ward demo has no twin whose model may speak");
}
