// The bundlers that come with Bun and with Deno: what they make is run by their own runtime, by Node and by Chromium.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startServer } from "../e2e/server.mjs";
import { launch } from "../page/browser.mjs";
import { serve } from "../page/site.mjs";
import { environment, fresh, needs, passed, run, runtime } from "./programs.mjs";
import { registryOf } from "./registry.mjs";

let it;
let server;
let page;
/** What the page loads. */
const PAGE_MODULE = "by-deno-for-pages.mjs";
before(async () => {
  it = fresh();
  page = await serve((request, response) => {
    if (!request.url.endsWith(".mjs")) {
      const html = `<!doctype html><title>.</title><script type="module" src="/${PAGE_MODULE}"></script>`;
      return response.setHeader("content-type", "text/html").end(html);
    }
    response.setHeader("content-type", "text/javascript").end(readFileSync(join(it.folder, PAGE_MODULE)));
  });
  server = await startServer("--allow-origin", page.origin);
  const config = `{ ...${JSON.stringify(server.config())}, useServerProxy: true }`;
  const imports = 'import * as sdk from "opensandbox-wasm"; import { scenario } from "./scenario.mjs";';
  writeFileSync(join(it.folder, "main.mjs"), `${imports} console.log(JSON.stringify(await scenario(sdk, ${config})));`);
  writeFileSync(join(it.folder, "page.mjs"), `${imports} globalThis.run = () => scenario(sdk, ${config});`);
});
after(async () => {
  await page?.stop();
  await server?.stop();
  it?.remove();
});

const options = (more) => ({ cwd: it.folder, env: environment(it.folder, more) });
async function works(t, name, args) {
  passed(JSON.parse(await run(t, runtime(name), args, options())));
}

test("bun build: in Bun and in Node", async (t) => {
  if (!needs(t, "bun")) return;
  const file = join(it.folder, "by-bun.mjs");
  await run(t, runtime("bun"), ["build", "main.mjs", "--target=node", "--minify", "--outfile", file], options());
  await works(t, "bun", [file]);
  await works(t, "node", [file]);
});

test("bun build --compile: a program of one file", async (t) => {
  if (!needs(t, "bun")) return;
  const file = join(it.folder, "by-bun");
  await run(t, runtime("bun"), ["build", "main.mjs", "--compile", "--outfile", file], options());
  passed(JSON.parse(await run(t, file, [], options())));
});

/** `deno bundle` fetches an esbuild at its first use. Here it gets the one that is among the packages of this suite. */
async function denoBundle(t, platform, entry, outfile) {
  const registry = await registryOf(runtime("deno-esbuild"), it.folder);
  t.after(() => registry.stop());
  const args = ["bundle", "--no-lock", "--node-modules-dir=manual", "--platform", platform, "--minify"];
  const env = { NPM_CONFIG_REGISTRY: registry.origin };
  await run(t, runtime("deno"), [...args, "--output", outfile, entry], options(env));
  // Otherwise it could be found beside the bundle.
  const inline = readFileSync(join(it.folder, "node_modules", "opensandbox-wasm", "wasm-inline.js"), "utf8");
  const [, wasm] = /\n"(.{1000}).*"\);\n$/.exec(inline);
  assert.ok(readFileSync(join(it.folder, outfile), "utf8").includes(wasm), "the bundle holds the package");
}

test("deno bundle --platform deno: in Deno, with no permission but the server's host, and in Node", async (t) => {
  if (!needs(t, "deno", "deno-esbuild")) return;
  await denoBundle(t, "deno", "main.mjs", "by-deno.mjs");
  const host = server.domain.replace(/\/.*/, "");
  await works(t, "deno", ["run", "--no-prompt", "--no-lock", `--allow-net=${host}`, "by-deno.mjs"]);
  await works(t, "node", ["by-deno.mjs"]);
});

test("deno bundle --platform browser: in Chromium", async (t) => {
  if (!needs(t, "deno", "deno-esbuild")) return;
  if (!process.env.CHROMIUM) return t.skip("chromium is not installed");
  await denoBundle(t, "browser", "page.mjs", PAGE_MODULE);
  const browser = await launch();
  t.after(() => browser.close());
  const tab = await browser.newPage();
  await tab.goto(page.origin);
  await tab.waitForFunction(() => globalThis.run, undefined, { timeout: 60_000 });
  passed(await tab.evaluate(() => globalThis.run()));
});
