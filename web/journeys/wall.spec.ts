import { expect, test } from "./fixture";

interface Board {
  subjects: { id: string; name: string; place: string; reading: { code: string; unit: string } | null }[];
}

test("the wall shows everyone at once and follows by itself", async ({ page, axe, request }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.goto("/wall");
  const tiles = page.locator(".big-tile");
  await expect(tiles.first()).toContainText("Act");
  const board = (await (await request.get("/api/board")).json()) as Board;
  await expect(tiles).toHaveCount(board.subjects.length);
  for (const tile of await tiles.all()) await expect(tile).toBeInViewport({ ratio: 0.99 });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await axe();
  const pump = board.subjects.find((own) => own.id === "pump-7");
  const told = await request.post(`/api/subjects/${pump!.id}/observations`, {
    data: { code: pump!.reading!.code, value: 41, unit: pump!.reading!.unit, at: new Date().toISOString() },
  });
  expect(told.ok()).toBe(true);
  await expect(tiles.filter({ hasText: "pump-7" })).toContainText("41");
});

test("one ward fills its own wall", async ({ page }) => {
  await page.goto("/wall?unit=North");
  await expect(page.getByRole("heading", { level: 1, name: "North" })).toBeVisible();
  await expect(page.locator(".big-tile").first()).toBeVisible();
  await expect(page.locator(".big-tile", { hasText: "pump-7" })).toHaveCount(0);
});

test.describe("a link that is cut", () => {
  test.use({ provoked: [/ERR_INTERNET_DISCONNECTED/] });

  test("says so, and mends itself", async ({ page, context }) => {
    await page.goto("/wall");
    await expect(page.locator(".link")).toContainText("Live");
    await context.setOffline(true);
    await expect(page.locator(".link")).toContainText("Cut off");
    await context.setOffline(false);
    await expect(page.locator(".link")).toContainText("Live");
  });
});

test("the wall is left by keyboard", async ({ page, walk }) => {
  await page.goto("/wall");
  await walk.tabTo(page.getByRole("link", { name: "Leave the wall display" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});
