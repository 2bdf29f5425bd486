import { expect, test } from "./fixture";
import { record } from "./record";

test.describe("the body map", () => {
  test("shows what is known of each organ, by mouse, in every colour and on a phone", async ({ page, axe, request }) => {
    const subject = await record(request);
    await page.goto(`/body/${subject}`);
    await expect(page.getByRole("heading", { name: "Body map" })).toBeVisible();
    await page.getByRole("button", { name: /^blood vessels: / }).click();
    const organ = page.getByRole("region", { name: "Blood vessels" });
    await expect(organ).toContainText("mm[Hg]".replace(/[[\]]/g, ""));
    await expect(organ).toContainText("80 % interval");
    for (const theme of ["light", "dark", "contrast"]) await axe(theme);
    await organ.getByRole("button", { name: "Close" }).click();
    await expect(organ).toBeHidden();
    await page.getByRole("button", { name: "Chest" }).click();
    await expect(page.getByRole("button", { name: "Chest" })).toHaveAttribute("aria-pressed", "true");
    await page.setViewportSize({ width: 360, height: 780 });
    await page.getByRole("button", { name: "Whole", exact: true }).click();
    await axe("light");
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  test("by keyboard alone: along the organs, into one, and back to where one was", async ({ page, request, walk }) => {
    await page.goto(`/body/${await record(request)}`);
    await walk.tabTo(page.locator(".tag[tabindex='0']"));
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    for (let k = 0; k < 40 && !(await page.locator(".tag[data-region='kidneys']").evaluate((tag) => tag === document.activeElement)); k++) {
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "Kidneys" })).toBeFocused();
    await expect(page.getByRole("region", { name: "Kidneys" })).toContainText("estimated glomerular filtration rate");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("region", { name: "Kidneys" })).toBeHidden();
    await expect(page.locator("[data-region='kidneys']").first()).toBeFocused();
  });

  test("leaves grey what was not measured, and says who has no body", async ({ page, request }) => {
    const subject = await record(request);
    await page.goto(`/body/${subject}?organ=thyroid`);
    await expect(page.getByRole("region", { name: "Thyroid" })).toContainText("Nothing has been measured here");
  });
});

test.describe("where there is no body", () => {
  test.use({ provoked: [/404/] });
  test("a ward is told so in words", async ({ page }) => {
    await page.goto("/body/ward-north");
    await expect(page.getByRole("alert")).toContainText("a body map is of a person");
  });
});
