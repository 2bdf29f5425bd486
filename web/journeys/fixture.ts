/** What every journey is held to: no console error, no breach of the policy, no request off the machine; `axe()` finds
 * nothing.  `walk.tabTo(target)` goes somewhere by the keyboard alone. */
import { expect, test as base, type Locator, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface Walk {
  tabTo: (target: Locator, most?: number) => Promise<void>;
}

interface Held {
  axe: (theme?: string) => Promise<void>;
  walk: Walk;
  /** Console errors that a journey provokes on purpose. */
  provoked: RegExp[];
}

export const test = base.extend<Held>({
  provoked: [[], { option: true }],
  page: async ({ page, baseURL, provoked }, use) => {
    const found: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !provoked.some((one) => one.test(message.text()))) found.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => found.push(`page: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.host !== new URL(baseURL!).host) found.push(`off the machine: ${request.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await use(page);
    expect(found, "errors, breaches of the policy and requests off the machine").toEqual([]);
  },
  axe: async ({ page }, use) => {
    await use((theme) => clean(page, theme));
  },
  walk: async ({ page }, use) => {
    await use({ tabTo: (target, most = 80) => tabTo(page, target, most) });
  },
});

/** Nothing for axe to find, in the colours of this theme. */
async function clean(page: Page, theme?: string): Promise<void> {
  if (theme) await page.evaluate((chosen) => void (document.documentElement.dataset.theme = chosen), theme);
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  expect(found, `findings of axe on ${page.url()}`).toEqual([]);
}

async function tabTo(page: Page, target: Locator, most: number): Promise<void> {
  for (let k = 0; k < most; k++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`not reached with ${most} presses of Tab: ${String(target)}`);
}

export { expect };
