/** What the overview costs: a ward of 24 beds, a reading of each ten times a second, one viewer; prints JSON.
 *
 *     npm run bench        GEMEL_BENCH_S: how many seconds are measured (60)
 *
 * `scripting_ms_per_frame`: time in scripts over pictures drawn; `heap_growth_mb_30min`: by the least-squares slope of the
 * heap after a collection each few seconds; `kb_per_s`: what came over the WebSocket. */
import { expect, test } from "@playwright/test";

const SECONDS = Number(process.env.GEMEL_BENCH_S ?? 60);
const HZ = 10;
const SETTLE_MS = 8_000;
const LOOK_MS = 5_000;

interface Row {
  id: string;
  kind: string;
  reading: { code: string; unit: string; value: number } | null;
}

test("24 beds at 10 Hz", async ({ page, request, baseURL }) => {
  const board = (await (await request.get("/api/board")).json()) as { subjects: Row[] };
  const beds = board.subjects.filter((row) => row.kind === "person" && row.reading);
  const talk = await page.context().newCDPSession(page);
  await talk.send("Network.enable");
  await talk.send("Performance.enable");
  let [bytes, frames] = [0, 0];
  talk.on("Network.webSocketFrameReceived", ({ response }) => {
    bytes += response.payloadData.length;
    frames += 1;
  });
  await page.goto("/");
  await expect(page.locator(".tile").first()).toBeVisible();
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
  const bundle = await page.evaluate(() =>
    performance.getEntriesByType("resource").map((entry) => entry as PerformanceResourceTiming)
      .filter((entry) => entry.name.includes("/assets/")).reduce((sum, entry) => sum + entry.encodedBodySize, 0));
  let sending = true;
  const sent = send(baseURL!, beds, () => sending);
  await page.waitForTimeout(SETTLE_MS);
  await page.evaluate(() => {
    const own = globalThis as unknown as { drawn: number };
    own.drawn = 0;
    const draw = () => {
      own.drawn += 1;
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  });
  const metric = async (name: string) => (await talk.send("Performance.getMetrics")).metrics.find((one) => one.name === name)!.value;
  const heap = async () => {
    await talk.send("HeapProfiler.collectGarbage");
    return metric("JSHeapUsedSize");
  };
  const [script, task] = [await metric("ScriptDuration"), await metric("TaskDuration")];
  [bytes, frames] = [0, 0];
  const begun = Date.now();
  const drawnBefore = await page.evaluate(() => (globalThis as unknown as { drawn: number }).drawn);
  const heaps: [number, number][] = [];
  while (Date.now() - begun < SECONDS * 1000) {
    heaps.push([(Date.now() - begun) / 1000, await heap()]);
    await page.waitForTimeout(LOOK_MS);
  }
  const seconds = (Date.now() - begun) / 1000;
  const drawn = (await page.evaluate(() => (globalThis as unknown as { drawn: number }).drawn)) - drawnBefore;
  const [scripted, tasked] = [(await metric("ScriptDuration")) - script, (await metric("TaskDuration")) - task];
  sending = false;
  console.log(JSON.stringify({
    beds: beds.length, hz: HZ, seconds, readings_per_s: (await sent) / (seconds + SETTLE_MS / 1000), frames_per_s: frames / seconds,
    pictures_per_s: drawn / seconds, scripting_ms_per_frame: (1000 * scripted) / drawn, scripting_ms_per_update: (1000 * scripted) / frames,
    task_ms_per_frame: (1000 * tasked) / drawn, kb_per_s: bytes / 1000 / seconds, heap_mb: heaps.at(-1)![1] / 2 ** 20,
    heap_growth_mb_30min: (slope(heaps) * 1800) / 2 ** 20, first_contentful_paint_ms: paint, first_page_gzip_kb: bundle / 1000,
  }));
  expect(frames).toBeGreaterThan(0);
});

/** Post a reading of each bed ten times a second; how many were sent. */
async function send(url: string, beds: Row[], going: () => boolean): Promise<number> {
  let count = 0;
  const begun = Date.now();
  for (let k = 0; going(); k++) {
    const at = Date.now() * 1000;
    const body = beds.map((row, n) => ({
      subject: row.id, code: row.reading!.code, unit: row.reading!.unit, value: Math.round(row.reading!.value + 6 * Math.sin(k / 20 + n)), at,
      source: "bench",
    }));
    await fetch(`${url}/api/bulk/observations`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    count += beds.length;
    const early = begun + ((k + 1) * 1000) / HZ - Date.now();
    if (early > 0) await new Promise((done) => setTimeout(done, early));
  }
  return count;
}

/** Least squares: bytes a second. */
function slope(points: [number, number][]): number {
  const [mx, my] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k]!, 0) / points.length) as [number, number];
  const across = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return across / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}
