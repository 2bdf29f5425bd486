import { expect, test } from "./fixture";

test("the most urgent patient stands first, says why, and is one click away", async ({ page, axe }) => {
  await page.goto("/");
  const first = page.locator(".tile").first();
  await expect(first).toContainText("Act");
  await expect(first).toContainText(/Virtual/);
  await expect(first).toContainText(/Likely below \d+ mg\/dL/);
  await expect(first).toContainText(/s ago|just now|min ago/);
  await axe("light");
  await axe("dark");
  await axe("contrast");
  await first.getByRole("link").click();
  await expect(page).toHaveURL(/\/twins\/.+/);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});

test("the same by keyboard alone: arrows move between tiles, Enter opens, Escape goes up a level", async ({ page, walk }) => {
  await page.goto("/");
  const links = page.locator(".tile a");
  await expect(links.nth(1)).toBeVisible();
  await walk.tabTo(links.first());
  await page.keyboard.press("ArrowRight");
  await expect(links.nth(1)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(links.first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/twins\/.+/);
  await page.goBack();
  await walk.tabTo(page.getByRole("link", { name: "Enter North" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "North" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});

test("everybody as a list, sorted and narrowed", async ({ page, axe }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "List", exact: true }).click();
  const rows = page.locator("tbody tr");
  await expect(rows.first()).toContainText("Act");
  await page.getByRole("button", { name: "Who" }).click();
  await expect(page.getByRole("columnheader", { name: "Who" })).toHaveAttribute("aria-sort", "ascending");
  const names = await rows.locator("th a", { hasText: "Virtual" }).allTextContents();
  expect(names).toEqual([...names].sort());
  await axe();
  await page.getByRole("searchbox").fill("nobody of this name");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.getByRole("button", { name: "Show everyone" }).click();
  await page.getByRole("button", { name: /^Act/ }).click();
  for (const row of await rows.all()) await expect(row).toContainText("Act");
});

test("a patient without a twin, a ward and a device have places of their own", async ({ page, axe }) => {
  await page.goto("/");
  await page.locator(".tile", { hasText: "pump-7" }).getByRole("link").click();
  await expect(page.getByText("There is no twin of this one yet.")).toBeVisible();
  await axe();
  await page.getByRole("navigation", { name: "Where you are" }).getByRole("link", { name: "South" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "South" })).toBeVisible();
});

test("on a phone nothing has to be scrolled sideways", async ({ page, axe }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto("/");
  await expect(page.locator(".tile").first()).toBeVisible();
  await axe();
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await over()).toBeLessThanOrEqual(0);
  await page.getByRole("button", { name: "List", exact: true }).click();
  expect(await over()).toBeLessThanOrEqual(0);
});

test("a newcomer finds the sickest patient, why, and compares two treatments in five clicks", async ({ page }) => {
  await page.goto("/");
  let clicks = 0;
  const click = async (name: RegExp | string, role: "button" | "link" = "button") => {
    await page.getByRole(role, { name }).first().click();
    clicks += 1;
  };
  await page.locator(".tile.act").first().getByRole("link").click();
  clicks += 1;
  await expect(page.getByText(/Very low glucose|Low glucose/).first()).toBeVisible();
  await click("What if…", "link");
  await click("one dose of carbs");
  await click("Compare the plans");
  await expect(page.locator(".verdict")).toContainText(/No clear winner|is best under/, { timeout: 30_000 });
  expect(clicks).toBeLessThanOrEqual(5);
});

test("a patient who asks for help stands above everything, and who goes says so", async ({ page, request, axe }) => {
  const board = (await (await request.get("/api/board")).json()) as { subjects: { id: string; name: string }[] };
  const who = board.subjects.find((row) => row.name.startsWith("Alder"))!;
  await page.goto("/");
  await expect(page.locator(".tile").first()).toBeVisible();
  const asked = await request.post(`/api/subjects/${who.id}/requests`, { data: { category: "drink" } });
  expect(asked.ok()).toBe(true);
  const strip = page.getByRole("region", { name: "Asking for help" });
  await expect(strip).toContainText("Alder Virtual");
  await axe();
  const own = strip.getByRole("listitem").filter({ hasText: "Alder Virtual" }).first();
  await own.getByRole("textbox").fill("nurse 7");
  await own.getByRole("button", { name: "I am coming" }).click();
  await expect(own).toContainText("somebody is coming");
});
