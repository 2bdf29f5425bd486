import { expect, test } from "./fixture";
import { personal } from "./twins";

test("a twin says where it stands, what is forecast, and why", async ({ page, axe }) => {
  test.slow(); // the first explanation of a service compiles: some 25 s of one core
  await page.goto(await personal(page));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Virtual");
  await expect(page.locator(".twin-head .figure").first()).toContainText(/mg\/dL/);
  await expect(page.locator(".twin-head .foreseen")).toContainText(/90 % between \d/);
  const why = page.getByRole("region", { name: "Why it says so" });
  await expect(why).toContainText("Uncertain mostly because of", { timeout: 90_000 });
  await expect(why).toContainText("What to measure next");
  await expect(page.getByRole("region", { name: "What the twin believes" })).toContainText("resting glucose");
  await expect(page.getByRole("region", { name: "The model" })).toContainText("Not for");
  for (const theme of ["light", "dark", "contrast"]) await axe(theme);
});

test("values are read off the chart by the arrow keys, and stand in a table", async ({ page, walk }) => {
  await page.goto(await personal(page));
  const cursor = page.getByRole("slider", { name: /^glucose: read values/ });
  await walk.tabTo(cursor);
  await page.keyboard.press("Home");
  await expect(cursor).toHaveAttribute("aria-valuetext", /\d\d:\d\d, measured \d+(\.\d+)? mg\/dL/);
  await page.keyboard.press("End");
  await expect(cursor).toHaveAttribute("aria-valuetext", /forecast, middle course .* 90 % between/);
  await page.getByText("The same as a table").first().click();
  await expect(page.getByRole("table", { name: /Readings and forecast/ }).getByRole("row")).not.toHaveCount(0);
});

test("sorting what was learned, looking further ahead, and asking what it said then", async ({ page }) => {
  await page.goto(await personal(page));
  await page.getByLabel("Sort by").selectOption("Most learned");
  const cells = page.getByRole("table", { name: "Parameters of this subject" }).locator("tbody tr td:last-child");
  await expect(cells).not.toHaveCount(0);
  const learned = await cells.allInnerTexts();
  const numbers = learned.filter((text) => text.endsWith("%")).map((text) => parseFloat(text.replace(/[<>]/, "")));
  expect(numbers.length).toBeGreaterThan(3);
  expect([...numbers].sort((a, b) => b - a)).toEqual(numbers);
  await page.getByLabel("Look ahead").selectOption("8 h");
  const cursor = page.getByRole("slider", { name: /^glucose: read values/ });
  await expect(async () => {
    await cursor.focus();
    await page.keyboard.press("End");
    const [from, to] = await page.locator("#course .numbers tbody tr:last-child th, #course .numbers tbody tr:first-child th").allTextContents();
    expect([from, to].every((text) => /\d\d:\d\d/.test(text ?? ""))).toBe(true);
  }).toPass();
  const scrub = page.getByRole("slider", { name: "What did it say then?" });
  if (await scrub.count()) {
    await scrub.focus();
    await page.keyboard.press("Home");
    await expect(scrub).toHaveAttribute("aria-valuetext", /Forecast made at \d\d:\d\d/);
  }
});

test("a ward's twin is shown by the same panels", async ({ page, axe }) => {
  await page.goto("/twins/ward-north.mmc");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible({ timeout: 40_000 }); // compiled at the first question
  await expect(page.getByLabel("Shown")).toBeVisible();
  await expect(page.getByRole("button", { name: /of beds/ })).toBeVisible();
  await axe();
});

test("on a phone nothing has to be scrolled sideways", async ({ page, axe }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(await personal(page));
  await expect(page.getByRole("heading", { name: "What the twin believes" })).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await axe();
});
