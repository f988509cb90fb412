// Next with the packed package and no configuration, by each of its bundlers: it builds and starts; the client component makes one call in
// Chromium, the route handlers one in their runtimes. (Not `next dev`: for a page that is open it asks npm for its newest version.)
import assert from "node:assert/strict";
import { constants, cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "../e2e/server.mjs";
import { install } from "../package/installed.mjs";
import { launch } from "../page/browser.mjs";
import { environment, start } from "../runtimes/programs.mjs";
import { writeApp } from "./app.mjs";

const MODULES =
  process.env.OPENSANDBOX_TEST_PACKAGES ?? fileURLToPath(new URL("../../.tools/next/node_modules", import.meta.url));
/** A build takes a minute or two of a busy machine's time. */
const PATIENCE = { timeout: 900_000 };
// Nothing but loopback: no usage reports, and no look at the registry for what a lock file does not have.
const QUIET = { CI: "1", NEXT_TELEMETRY_DISABLED: "1", NEXT_IGNORE_INCORRECT_LOCKFILE: "1" };

let it;
before(() => {
  it = install();
  // Turbopack follows no link out of the application's folder.
  cpSync(MODULES, join(it.folder, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
});
after(() => it?.remove());

const next = (...args) =>
  start(process.execPath, [join(it.folder, "node_modules/next/dist/bin/next"), ...args], {
    cwd: it.folder,
    env: environment(it.folder, QUIET),
  });

/** `next build`, to its good end. */
async function build(flag) {
  const program = next("build", flag);
  try {
    const { code, signal, error } = await program.done;
    assert.equal(code, 0, `next build ${flag}: ${error ?? signal ?? code}\n${program.text}`);
    assert.doesNotMatch(program.text, /opensandbox/, "it warns of nothing in the package");
  } finally {
    await program.end();
  }
}

/** `next start`; gives its origin once it listens, and `stop`. */
async function serve() {
  const program = next("start", "--hostname", "127.0.0.1", "--port", "0");
  const listening = new Promise((resolve) => {
    program.child.stdout.on("data", () => {
      const [, origin] = /Local: +(http:\/\/\S+)[\s\S]*Ready/.exec(program.stdout) ?? [];
      if (origin) resolve(origin);
    });
  });
  const ended = program.done.then(() => assert.fail(`next start ended\n${program.text}`));
  try {
    const origin = await Promise.race([listening, ended]);
    ended.catch(() => {});
    return { origin, program, stop: program.end };
  } catch (error) {
    await program.end();
    throw error;
  }
}

for (const { title, flag, without } of [
  { title: "Next, Turbopack", flag: "--turbopack", without: [] },
  // Next 16.4.6 cannot build any edge route handler with webpack, also an empty one: it looks for a manifest that it has not written.
  { title: "Next, webpack", flag: "--webpack", without: ["app/edge/route.js"] },
]) {
  describe(title, PATIENCE, () => {
    let app;
    let server;
    before(async () => {
      for (const name of ["app", "pages", ".next"]) rmSync(join(it.folder, name), { recursive: true, force: true });
      writeApp(it.folder, without);
      await build(flag);
      app = await serve();
      server = await startServer("--allow-origin", app.origin);
    }, PATIENCE);
    after(async () => {
      await server?.stop();
      await app?.stop();
    });

    test(`${title}: a client component, in Chromium`, async (t) => {
      if (!process.env.CHROMIUM) return t.skip("chromium is not installed");
      const browser = await launch();
      t.after(() => browser.close());
      const tab = await browser.newPage();
      const said = [];
      tab.on("console", (message) => said.push(message.text()));
      tab.on("pageerror", (error) => said.push(String(error)));
      await tab.goto(app.origin);
      await tab
        .waitForFunction(() => globalThis.run, undefined, { timeout: 60_000 })
        .catch((error) => assert.fail(`${error.message}\n${said.join("\n")}`));
      assert.equal(await tab.evaluate((config) => globalThis.run(config), server.config()), "works");
    });

    /** Has a route make the call. */
    async function called(path) {
      const response = await fetch(app.origin + path, { method: "POST", body: JSON.stringify(server.config()) });
      const text = await response.text();
      assert.deepEqual([response.status, text], [200, "works"], app.program.text);
    }
    test(`${title}: a route handler in the Node runtime`, () => called("/node"));
    if (!without.includes("app/edge/route.js")) {
      test(`${title}: a route handler in the edge runtime`, () => called("/edge"));
    }
    test(`${title}: an API route in the edge runtime`, () => called("/api/edge"));

    // `next start` lets the edge runtime compile bytes; those who host it do not.
    test(`${title}: what is made for the edge runtime holds the module as a file, and no copy of it as text`, () => {
      const folder = join(it.folder, ".next/server");
      const made = readdirSync(folder, { recursive: true }).map(String);
      assert.equal(made.filter((name) => name.endsWith(".wasm")).length, 1, made.join("\n"));
      const scripts = made.filter((name) => /edge.*\.js$/.test(name));
      assert.ok(scripts.length > 0, made.join("\n"));
      for (const name of scripts)
        assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), /0061736d01000000/, name);
    });
  });
}
