import { readFileSync } from "node:fs";
import { expect, test } from "./fixture";
import { personal } from "./twins";

test("the report of a twin is read, printed as PDF and saved as one file", async ({ page, axe }) => {
  test.slow(); // the first explanations of a service compile: some 25 s of one core
  await page.goto(await personal(page));
  await page.getByRole("link", { name: "Report", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Where this comes from" })).toBeVisible();
  await expect(page.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
  await expect(page.getByText("Uncertain mostly because of")).toBeVisible({ timeout: 90_000 });
  await axe();
  const pdf = await page.pdf({ format: "A4" });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  expect(pdf.length).toBeGreaterThan(20_000);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as one file" }).click()]);
  expect(file.suggestedFilename()).toMatch(/^gemel-twin-.*\.html$/);
  const html = readFileSync(await file.path(), "utf8");
  expect(html).toContain("<svg");
  expect(html).toContain("Provenance");
  expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
});

test("the report of compared plans, by keyboard alone", async ({ page, walk, axe }) => {
  await page.goto(await personal(page));
  const panel = page.getByRole("region", { name: "What if…" });
  await walk.tabTo(panel.getByRole("button", { name: "one dose of insulin" }));
  await page.keyboard.press("Enter");
  await walk.tabTo(panel.getByRole("button", { name: "Compare the plans" }));
  await page.keyboard.press("Enter");
  await walk.tabTo(panel.getByRole("link", { name: "Report of this comparison" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Where this comes from" })).toBeVisible();
  await expect(page.locator(".verdict")).toContainText(/No clear winner|is best under/);
  await expect(page.getByRole("heading", { level: 3, name: "Plan B" })).toBeVisible();
  await axe("light");
  await axe("contrast");
  await walk.tabTo(page.getByRole("button", { name: "Save as one file" }));
  const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(readFileSync(await file.path(), "utf8")).toContain("Plan B");
});
