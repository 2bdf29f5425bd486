/** Starts `gemel demo ward` on ports that are free, waits until it is filled, and stops it when the journeys are over. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const BEDS = process.env.GEMEL_BENCH ? "24" : "8";
const PATIENCE_MS = 180_000;

export default async function serve(): Promise<() => Promise<void>> {
  if (process.env.GEMEL_URL) return async () => undefined;
  const root = resolve(import.meta.dirname, "../..");
  const own = join(root, ".venv", "bin", "python");
  const python = process.env.GEMEL_PYTHON ?? (existsSync(own) ? own : "python3");
  const folder = mkdtempSync(join(tmpdir(), "gemel-journeys-"));
  const arguments_ = ["-c", "from gemel.cli import main; main()", "demo", "ward", "--beds", BEDS, "--folder", folder, "--json"];
  const demo = spawn(python, arguments_, {
    cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, GEMEL_DEMO_HEADLESS: "1" },
  });
  process.env.GEMEL_URL = (await told(demo)).url;
  return async () => {
    const ended = new Promise((done) => demo.once("exit", done));
    demo.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** The line it prints once the ward is filled. */
function told(demo: ChildProcess): Promise<{ url: string }> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`the ward demo was not filled in ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
    demo.once("exit", (code) => fail(new Error(`the ward demo ended with ${code}: its error is above`)));
    createInterface({ input: demo.stdout! }).once("line", (line) => {
      clearTimeout(late);
      done(JSON.parse(line) as { url: string });
    });
  });
}
