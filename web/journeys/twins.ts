/** Where a person's twin is that compares plans: any of the demo ward whose model is mechanistic. */
import { expect, type Page } from "@playwright/test";

export async function personal(page: Page): Promise<string> {
  const answer = await page.request.get("/api/twins?limit=100");
  expect(answer.ok()).toBe(true);
  const { twins } = (await answer.json()) as { twins: { id: string; model: string }[] };
  const found = twins.find((twin) => twin.model === "replaybg");
  if (!found) throw new Error("the demo ward has no twin of the model 'replaybg'");
  return `/twins/${encodeURIComponent(found.id)}`;
}
