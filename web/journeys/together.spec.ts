import { expect, test } from "./fixture";
import { followed } from "./record";

test.describe("the shared view", () => {
  test("values, forecast, plans and what is agreed, in clinical and plain words, and the link shows the other the same", async ({ page, axe, request, context }) => {
    await page.goto(`/together/${await followed(request)}`);
    await expect(page.getByRole("heading", { name: "Values" })).toBeVisible();
    await axe("light");
    await page.getByRole("button", { name: "2. What may come" }).click();
    await expect(page.getByText("forecast, middle")).toBeVisible();
    await expect(page.getByText(/It could be as low as/).first()).toBeVisible();
    await axe("dark");
    await page.getByRole("button", { name: "3. Which plan" }).click();
    const input = (await page.getByText("Inputs of this model:").textContent())!.split(":")[1]!.split(",")[0]!.trim();
    await page.getByLabel("Plans, one per line").fill(`as now\nmore: ${input}=1@+0`);
    await page.getByRole("button", { name: "Compare" }).click();
    await expect(page.getByText("You and your doctor decide.", { exact: false })).toBeVisible({ timeout: 20_000 });
    await page.getByRole("button", { name: "Point at Plans under discussion" }).click();
    await page.getByLabel("Large text").check();
    for (const theme of ["light", "contrast"]) await axe(theme);
    const other = await context.newPage();
    await other.goto(await page.getByLabel("Link to this view").inputValue());
    await expect(other.getByText("Look here")).toBeVisible();
    await expect(other.getByLabel("Large text")).toBeChecked();
    await expect(other.getByText("You and your doctor decide.", { exact: false })).toBeVisible({ timeout: 20_000 });
    await other.close();
    await page.setViewportSize({ width: 360, height: 780 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  test("by keyboard alone: step on, answer the patient's request, agree on something", async ({ page, request, walk }) => {
    const subject = await followed(request);
    const made = (await (await request.post(`/api/subjects/${subject}/requests`, { data: { category: "position", words: "left side hurts" } })).json()) as { id: string };
    await page.goto(`/together/${subject}`);
    await walk.tabTo(page.getByLabel("Your name"));
    await page.keyboard.type("nurse 7");
    const own = page.getByRole("listitem").filter({ hasText: "left side hurts" });
    await walk.tabTo(own.getByRole("button", { name: "Done" }));
    await page.keyboard.press("Enter");
    await expect(own).toBeHidden();
    const { requests } = (await (await request.get(`/api/subjects/${subject}/requests`)).json()) as { requests: { id: string; steps: { by: string }[] }[] };
    expect(requests.find((one) => one.id === made.id)?.steps.at(-1)?.by).toBe("nurse 7");
    await page.getByRole("button", { name: "4. What we agree" }).focus();
    await page.keyboard.press("Enter");
    await walk.tabTo(page.getByLabel("My goal"));
    await page.keyboard.type("Sleep through the night");
    await page.keyboard.press("Enter");
    await expect(page.getByText("Sleep through the night").first()).toBeVisible();
  });
});
