import { expect, test } from "./fixture";

test("an alert is acknowledged with who and why, and its step is on record", async ({ page, axe }) => {
  await page.goto("/alerts");
  const first = page.locator(".alert").first();
  await expect(first).toContainText("critical");
  await expect(first).toContainText("Virtual");
  const title = await first.getByRole("article").getAttribute("aria-label");
  const own = page.getByRole("article", { name: title! }).first();
  await own.getByRole("button", { name: "Acknowledge" }).click();
  await axe("light");
  await axe("dark");
  await axe("contrast");
  await own.getByLabel("Your name or badge").fill("nurse 7");
  await own.getByLabel("Why").fill("with the patient");
  await own.locator("form").getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Done: Acknowledge" })).toBeVisible();
  await expect(own.locator(".state")).toHaveText("acknowledged");
  await own.getByText("Reason, evidence and steps").click();
  await expect(own.locator(".steps")).toContainText("nurse 7");
  await expect(own.locator(".steps")).toContainText("with the patient");
});

test("the same by keyboard alone: escalate, and Escape lets it be", async ({ page, walk }) => {
  await page.goto("/alerts");
  const own = page.locator(".alert").filter({ hasText: "Low glucose ahead" }).first();
  const button = own.getByRole("button", { name: "Escalate" });
  await expect(button).toBeVisible();
  await walk.tabTo(button, 200);
  await page.keyboard.press("Enter");
  await expect(own.getByLabel("Your name or badge")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(own.locator("form")).toHaveCount(0);
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("nurse 8");
  await page.keyboard.press("Tab");
  await page.keyboard.type("nobody free on the ward");
  await page.keyboard.press("Enter");
  await expect(own.locator(".state")).toContainText("escalated");
  await expect(page.getByRole("status").filter({ hasText: "Done: Escalate" })).toBeVisible();
});

test("what cannot be done is said, and nothing is lost", async ({ page }) => {
  await page.goto("/alerts");
  const own = page.locator(".alert").first();
  await own.getByRole("button", { name: "Resolve" }).click();
  await own.getByLabel("Your name or badge").fill("nurse 7");
  await own.locator("form").getByRole("button", { name: "Resolve" }).click();
  await expect(own.getByRole("alert")).toContainText("Say why");
  await expect(own.getByLabel("Your name or badge")).toHaveValue("nurse 7");
});

test("filters, silent entries, and what alerting costs with its uncertainty", async ({ page, axe }) => {
  await page.goto("/alerts");
  await expect(page.locator(".alert").first()).toBeVisible();
  await page.getByLabel("Severity").selectOption("critical");
  for (const alert of await page.locator(".alert").all()) await expect(alert).toContainText("critical");
  await page.getByLabel("Find a patient or a word").fill("nobody of this name");
  await expect(page.getByRole("heading", { name: "No alert" })).toBeVisible();
  await page.getByLabel("Looking back").selectOption("1");
  const cost = page.getByRole("table");
  await expect(cost).toContainText("All rules together");
  await expect(cost).toContainText(/\d+ of \d+; 95 %/);
  await axe();
});
