// What the suite's tests share: where the runtimes are, a fresh folder with the installed package and the scenario, and a program's end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../package/installed.mjs";
import { NAMES } from "./scenario.mjs";

export const MODULES =
  process.env.OPENSANDBOX_TEST_PACKAGES ??
  fileURLToPath(new URL("../../.tools/runtimes/node_modules", import.meta.url));
const SYSTEM = `${process.platform}-${process.arch}`;
const FILES = {
  node22: `node22-${SYSTEM}/bin/node`,
  node24: `node24-${SYSTEM}/bin/node`,
  node26: `node26-${SYSTEM}/bin/node`,
  deno: `@deno/${SYSTEM}-glibc/deno`,
  "deno-esbuild": `deno-esbuild-${SYSTEM}`,
  bun: `@oven/bun-${SYSTEM.replace("arm64", "aarch64")}/bin/bun`,
  wrangler: "wrangler/bin/wrangler.js",
};

/** The file (of deno-esbuild: the folder) of a runtime, or undefined where npm has none for this machine. */
export function runtime(name) {
  if (name === "node") return process.execPath;
  const file = join(MODULES, FILES[name]);
  return existsSync(file) ? file : undefined;
}

/** A folder with the package, installed from its tarball, and the scenario. */
export function fresh() {
  const it = install();
  copyFileSync(new URL("scenario.mjs", import.meta.url), join(it.folder, "scenario.mjs"));
  return it;
}

/** Without what the machine's user has set, and with homes and caches in the folder. */
export const environment = (folder, more) => ({
  PATH: process.env.PATH,
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, ".config"),
  DENO_DIR: join(folder, ".deno"),
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
  ...more,
});

/** Starts a program with a process group of its own; `end()` takes all of it. `text` is what it has printed. */
export function start(file, args, options) {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, ...options });
  const it = { child, stdout: "", text: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (chunk) => {
      it.text += chunk;
      if (name === "stdout") it.stdout += chunk;
    });
  }
  it.done = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  it.end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {}
    return it.done;
  };
  return it;
}

/** Runs a program to its end, whatever that is; it ends with the test. */
export async function run(t, file, args, options) {
  const program = start(file, args, options);
  t.after(program.end);
  const { code, signal, error } = await program.done;
  assert.equal(code, 0, `${file} ${args.join(" ")}: ${error ?? signal ?? code}\n${program.text}`);
  return program.stdout;
}

/** What the scenario gave: every step, or what the first one said that failed. */
export function passed(result) {
  assert.equal(result?.error, undefined, `${result?.failed}: ${result?.error}`);
  assert.deepEqual(result.passed, NAMES);
}

/** Skips a test whose runtime is not there. */
export function needs(t, ...names) {
  const missing = names.find((name) => !runtime(name));
  if (missing) t.skip(`npm has no ${missing} for ${SYSTEM}`);
  return !missing;
}
