import { expect, test } from "./fixture";
import { personal } from "./twins";

test("two plans are built with the mouse and compared", async ({ page, axe }) => {
  await page.goto(await personal(page));
  await page.getByRole("link", { name: "What if…" }).click();
  const panel = page.getByRole("region", { name: "What if…" });
  await expect(panel.getByRole("button", { name: "Compare the plans" })).toBeDisabled();
  await panel.getByRole("button", { name: "one dose of carbs" }).click();
  const mark = panel.getByRole("slider", { name: "carbs" });
  await expect(mark).toHaveAttribute("aria-valuetext", /now/);
  const before = await mark.getAttribute("aria-valuetext");
  const box = (await mark.boundingBox())!;
  await page.mouse.move(box.x + 14, box.y + 14);
  await page.mouse.down();
  await page.mouse.move(box.x + 134, box.y + 22, { steps: 6 });
  await page.mouse.up();
  await expect(mark).toHaveAttribute("aria-valuetext", /in \d+ min/);
  expect(await mark.getAttribute("aria-valuetext")).not.toBe(before);
  await expect(panel.getByLabel("carbs: From")).toHaveValue(/^\d*[05]$/);
  await panel.getByRole("button", { name: "Compare the plans" }).click();
  await expect(panel.locator(".verdict")).toContainText(/No clear winner|is best under/);
  await expect(panel.getByRole("img", { name: "glucose under each plan (forecast)" })).toBeVisible();
  await expect(panel.getByRole("img", { name: /^Difference: “Plan B” minus/ })).toBeVisible();
  await expect(panel.getByText(/better with probability \d+ %|better with probability [<>]/)).toBeVisible();
  for (const theme of ["light", "dark", "contrast"]) await axe(theme);
});

test("the same by keyboard alone, with three plans, a rate and a typed amount", async ({ page, walk }) => {
  await page.goto(await personal(page));
  const panel = page.getByRole("region", { name: "What if…" });
  await walk.tabTo(page.getByRole("link", { name: "What if…" }));
  await page.keyboard.press("Enter");
  await walk.tabTo(panel.getByRole("button", { name: "a rate of insulin" }));
  await page.keyboard.press("Enter");
  const end = panel.getByRole("slider", { name: "End of insulin" });
  await walk.tabTo(end);
  const minute = Number(await end.getAttribute("aria-valuenow"));
  await page.keyboard.press("ArrowRight");
  await expect(end).toHaveAttribute("aria-valuenow", String(minute + 5));
  const rate = panel.getByRole("slider", { name: "Rate of insulin" });
  const text = await rate.getAttribute("aria-valuetext");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(rate).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(rate).not.toHaveAttribute("aria-valuetext", text ?? "");
  const amount = panel.getByRole("spinbutton", { name: "insulin: Amount" });
  await walk.tabTo(amount);
  await page.keyboard.press("Control+A");
  await page.keyboard.type("0");
  await page.keyboard.press("Enter");
  await expect(rate).toHaveAttribute("aria-valuetext", /, 0 IU\/h,/);
  await page.getByRole("tab", { name: /Plan B/ }).focus();
  await walk.tabTo(panel.getByRole("button", { name: "Add a plan" }));
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("tab", { selected: true })).toContainText("Plan A");
  await walk.tabTo(panel.getByRole("button", { name: "one dose of insulin" }));
  await page.keyboard.press("Enter");
  await walk.tabTo(panel.getByRole("button", { name: "Compare the plans" }));
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("row", { name: /Plan A/ }).first()).toContainText("%");
  await expect(panel.getByRole("img", { name: /^Difference:/ })).toHaveCount(2);
});

test("a changed plan greys the answer; a mark is deleted by its key; a reload keeps the compared plans", async ({ page }) => {
  await page.goto(await personal(page));
  const panel = page.getByRole("region", { name: "What if…" });
  await panel.getByRole("button", { name: "one dose of insulin" }).click();
  await panel.getByRole("button", { name: "Compare the plans" }).click();
  await expect(panel.locator(".verdict")).toBeVisible();
  await panel.getByRole("slider", { name: "insulin" }).press("ArrowUp");
  await expect(panel.getByText("old: the plans have changed since")).toBeVisible();
  await panel.getByRole("slider", { name: "insulin" }).press("Delete");
  await expect(panel.getByText("The plans are the same so far")).toBeVisible();
  await page.reload();
  await expect(panel.getByRole("slider", { name: "insulin" })).toBeVisible();
});

test("beds of a ward are planned like doses of a person", async ({ page }) => {
  await page.goto("/twins/ward-north.mmc");
  const panel = page.getByRole("region", { name: "What if…" });
  await panel.getByRole("button", { name: "another level of beds" }).click();
  await panel.getByRole("slider", { name: "Rate of beds" }).press("ArrowDown");
  await panel.getByLabel("Weigh by").selectOption("low-waiting");
  await panel.getByRole("button", { name: "Compare the plans" }).click();
  await expect(panel.locator(".verdict")).toContainText("low-waiting");
});
