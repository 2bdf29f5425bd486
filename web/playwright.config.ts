/** The journeys: real Chromium against the real service, which `journeys/serve.ts` starts once and fills with a ward.
 *
 * `npm run bench` measures instead (`*.bench.ts`).  `GEMEL_URL` names a ward demo that runs already; `GEMEL_PYTHON` the Python that starts one (default: the clone's own);
 * `CHROMIUM` the browser (default: the system's). */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "journeys",
  testMatch: process.env.GEMEL_BENCH ? "*.bench.ts" : "*.spec.ts",
  globalSetup: "./journeys/serve.ts",
  workers: 1,
  fullyParallel: false,
  timeout: process.env.GEMEL_BENCH ? 1_800_000 : 45_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? "line" : "list",
  outputDir: process.env.GEMEL_JOURNEYS_OUT ?? "results",
  use: {
    baseURL: process.env.GEMEL_URL ?? "",
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
      ],
    },
  },
});
