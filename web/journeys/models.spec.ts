import { expect, test } from "./fixture";

test.describe("governance", () => {
  test("the registry says which model may speak, and a model on what grounds", async ({ page, axe }) => {
    await page.goto("/models");
    await expect(page.getByRole("heading", { name: "Consent" })).toBeVisible();
    const speaks = page.getByRole("row").filter({ hasText: "advisory" }).first();
    await expect(speaks).toContainText("figures", { timeout: 30_000 }); // the first time it imports every model
    for (const theme of ["light", "dark", "contrast"]) await axe(theme);
    await speaks.getByRole("link").click();
    await expect(page.getByRole("heading", { name: "Evidence" })).toBeVisible();
    await expect(page.getByText("Not for", { exact: true })).toBeVisible();
    await expect(page.getByText("silent → advisory")).toBeVisible();
    await page.getByText("TRIPOD+AI").click();
    await axe("light");
    await page.setViewportSize({ width: 360, height: 780 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  test("by keyboard alone: find a model and open it", async ({ page, walk }) => {
    await page.goto("/models");
    await walk.tabTo(page.getByLabel("Find a model"));
    await page.keyboard.type("M/M/c");
    await expect(page.getByRole("row")).toHaveCount(2);
    await walk.tabTo(page.getByRole("link", { name: "mmc" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "Standing at this site" })).toBeVisible();
    await page.getByLabel("All models").or(page.getByRole("link", { name: "All models" })).focus();
    await page.keyboard.press("Enter");
    await walk.tabTo(page.getByLabel("Find a model"));
    await page.keyboard.type("no such model");
    await expect(page.getByText("No model fits what you look for.")).toBeVisible();
  });
});

test.describe("a model that is not there", () => {
  test.use({ provoked: [/404/] });
  test("is said not to be", async ({ page }) => {
    await page.goto("/models/nothing");
    await expect(page.getByRole("alert").first()).toContainText("no model 'nothing'");
  });
});
