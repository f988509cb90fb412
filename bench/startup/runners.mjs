// Where the program runs: in a fresh process of a server's runtime, in a fresh context of Chromium.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../../scripts/process.mjs";
import { chromium } from "../../scripts/system-packages.mjs";
import { packagesOf } from "../../scripts/test-packages.mjs";
import { folder } from "./app.mjs";

const SYSTEM = `${process.platform}-${process.arch}`;
const installed = (file) => join(packagesOf("runtimes"), "node_modules", file);
const DENO = ["run", "--allow-all", "--no-prompt", "--no-lock", "--node-modules-dir=manual"];

/** Without what the machine's user has set, and with caches in the folder. */
const env = {
  HOME: folder,
  DENO_DIR: join(folder, ".deno"),
  DENO_NO_UPDATE_CHECK: "1",
  NODE_OPTIONS: "",
  NO_COLOR: "1",
};

function processes(name, file, args = []) {
  return {
    name,
    async version() {
      const { stdout } = await capture(file, ["--version"], { env });
      return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
    },
    /** Gives the times that the program saw, or why it could not be run. */
    async run(server, options) {
      const program = JSON.stringify({ ...options, domain: server.domain });
      const { code, stdout, output, timedOut } = await capture(file, [...args, "main.mjs", program], {
        cwd: folder,
        env,
        timeout: 60,
      });
      if (code === 0) return JSON.parse(stdout);
      return { error: timedOut ? "not finished after 60 s" : (/^.*Error: .*$/m.exec(output)?.[0] ?? output) };
    },
    async stop() {},
  };
}

async function pages() {
  // As the tests find it.
  process.env.CHROMIUM = chromium();
  const { launch } = await import("../../tests/page/browser.mjs");
  const browser = await launch();
  return {
    name: "Chromium",
    version: async () => browser.version(),
    async run(server, options) {
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        server.now();
        await page.goto(`http://${server.domain}/#${encodeURIComponent(JSON.stringify(options))}`);
        await page.waitForFunction(() => globalThis.result, undefined, { timeout: 60_000 });
        return await page.evaluate(() => globalThis.result);
      } finally {
        await context.close();
      }
    },
    stop: () => browser.close(),
  };
}

/** What is here, by short names, and `missing`: what is not, with the reason. */
export async function runners() {
  const missing = {};
  const found = { node: processes("Node", process.execPath) };
  for (const [id, name, file, args] of [
    ["deno", "Deno", `@deno/${SYSTEM}-glibc/deno`, DENO],
    ["bun", "Bun", `@oven/bun-${SYSTEM.replace("arm64", "aarch64")}/bin/bun`],
  ]) {
    if (existsSync(installed(file))) found[id] = processes(name, installed(file), args);
    else missing[name] = `it could not be installed from npm for ${SYSTEM}`;
  }
  if (chromium()) found.chromium = await pages();
  else missing.Chromium = "it is not installed";
  return { found, missing };
}
