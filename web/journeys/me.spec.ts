import { expect, test } from "./fixture";
import { followed, record } from "./record";

test.describe("the patient's page", () => {
  test("help is asked for by touch, seen by the ward, and its state comes back", async ({ page, axe, request }) => {
    const subject = await followed(request);
    await page.goto(`/me/${subject}`);
    await page.getByRole("button", { name: "Drink or food" }).click();
    await expect(page.getByText("Nobody has seen it yet", { exact: false })).toBeVisible();
    await expect(page.getByText("This is not the nurse call", { exact: false })).toBeVisible();
    const waiting = (await (await request.get("/api/requests")).json()) as { requests: { id: string; subject: string }[] };
    const own = waiting.requests.find((one) => one.subject === subject)!;
    await request.post(`/api/subjects/${subject}/requests/${own.id}`, { data: { state: "coming", by: "nurse 7" } });
    await expect(page.getByText("Somebody is coming.")).toBeVisible();
    for (const theme of ["light", "dark", "contrast"]) await axe(theme);
    await page.setViewportSize({ width: 360, height: 780 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await axe("light");
  });

  test("by keyboard alone: ask, take it back, set a goal and reach it", async ({ page, request, walk }) => {
    await page.goto(`/me/${await record(request)}`);
    await walk.tabTo(page.getByRole("button", { name: "Emergency" }));
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
    await expect(page.getByText("Sent: A question", { exact: false })).toBeVisible();
    await walk.tabTo(page.getByRole("button", { name: "I no longer need this" }));
    await page.keyboard.press("Enter");
    await expect(page.getByText("You took it back.")).toBeVisible();
    await walk.tabTo(page.getByLabel("My goal"));
    await page.keyboard.type("Walk to the shop");
    await page.keyboard.press("Enter");
    await expect(page.getByText("Working on it")).toBeVisible();
    await walk.tabTo(page.getByRole("button", { name: "I reached it" }));
    await page.keyboard.press("Enter");
    await expect(page.getByText("Reached", { exact: true })).toBeVisible();
  });

  test("with one switch: the mark moves, two presses of one key ask", async ({ page, request }) => {
    await page.addInitScript(() => localStorage.setItem("gemel.ways", JSON.stringify({ way: "one", order: "rows", seconds: 1 })));
    const subject = await record(request);
    await page.goto(`/me/${subject}`);
    await page.locator("summary", { hasText: "How do you want to choose?" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await expect(page.locator("button.cell.lit")).toHaveCount(3);
    await expect(page.locator("button.cell.lit").first()).toContainText("Toilet");
    await page.keyboard.press("Space");
    await expect(page.locator("button.cell.lit")).toHaveCount(1);
    await page.keyboard.press("Space");
    await expect(page.getByText("Sent:", { exact: false })).toBeVisible();
    const { requests } = (await (await request.get(`/api/subjects/${subject}/requests`)).json()) as { requests: { channel: string; category: string }[] };
    expect(requests.map((one) => one.channel)).toEqual(["switch"]);
    expect(["toilet", "drip", "drink"]).toContain(requests[0]?.category);
  });
});

test.describe("when the link is down", () => {
  test.use({ provoked: [/ERR_FAILED|ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket/] });
  test("the page says so and sends the patient to the bell", async ({ page, request }) => {
    await page.goto(`/me/${await record(request)}`);
    await expect(page.getByText("The link to the ward works.")).toBeVisible();
    await page.context().setOffline(true);
    await expect(page.getByText("The link is down.", { exact: false })).toBeVisible();
    await page.getByRole("button", { name: "I have pain" }).click();
    await expect(page.getByText("This was not sent", { exact: false })).toBeVisible();
    await page.context().setOffline(false);
    await expect(page.getByText("The link to the ward works.")).toBeVisible();
  });
});
