// In each browser, pages without a bundler: an import map, a policy with only 'wasm-unsafe-eval', the server on another origin; and a dedicated worker.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startServer } from "../e2e/server.mjs";
import { serve } from "../page/site.mjs";
import { BROWSERS } from "./drivers.mjs";
import { fresh, passed } from "./programs.mjs";

const TYPES = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };
const PACKAGE = "/node_modules/opensandbox-wasm/";

let it;
let server;
let files;

/** A page whose import map names the package; `code` is a module in it. */
function page(code) {
  const imports = { "opensandbox-wasm": `${PACKAGE}index.js`, "opensandbox-wasm/slim": `${PACKAGE}slim.js` };
  const map = `<script type="importmap" nonce="n">${JSON.stringify({ imports })}</script>`;
  return `<!doctype html><meta charset="utf-8"><title>.</title>${map}<script type="module" nonce="n">${code}</script>`;
}
const SCENARIO = 'import { scenario } from "/scenario.mjs";';
const PAGES = {
  "/page": `import * as sdk from "opensandbox-wasm"; ${SCENARIO} window.run = (config) => scenario(sdk, config);`,
  "/slim": `import * as sdk from "opensandbox-wasm/slim"; ${SCENARIO}
    window.run = async (config) => {
      await sdk.init();
      return scenario(sdk, config);
    };`,
  "/worker": `window.run = (config) => new Promise((resolve, reject) => {
    const worker = new Worker("/worker.mjs", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(config);
  });`,
};
// Import maps do not reach workers.
const WORKER = `import * as sdk from "${PACKAGE}index.js"; ${SCENARIO}
  onmessage = async ({ data }) => postMessage(await scenario(sdk, data));`;

before(async () => {
  it = fresh();
  files = await serve((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const csp = (wasm) =>
      `default-src 'none'; script-src 'self' 'nonce-n'${wasm}; worker-src 'self'; connect-src 'self' http://${server.domain}`;
    response.setHeader("content-security-policy", csp(request.url.includes("?strict") ? "" : " 'wasm-unsafe-eval'"));
    if (PAGES[path]) return response.setHeader("content-type", "text/html").end(page(PAGES[path]));
    try {
      const content = path === "/worker.mjs" ? WORKER : readFileSync(join(it.folder, path));
      response.setHeader("content-type", TYPES[path.split(".").at(-1)]).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server = await startServer("--allow-origin", files.origin);
});
after(async () => {
  for (const { name, started } of BROWSERS) {
    const browser = await started?.catch(() => {});
    if (browser) console.log(`» ${name} ${browser.version}`);
    await browser?.close();
  }
  await files?.stop();
  await server?.stop();
  it?.remove();
});

/** What the page gives, or undefined where the browser is missing: then the test is skipped. */
async function inPage(t, browser, path) {
  if (browser.missing) return t.skip(`not installed: ${browser.missing}`);
  browser.started ??= browser.launch(it.folder);
  return await (await browser.started).run(files.origin + path, server.config());
}

for (const browser of BROWSERS) {
  for (const [name, path] of [
    ["a page without a bundler, cross-origin, with only 'wasm-unsafe-eval'", "/page"],
    ["a page with slim, which fetches the file", "/slim"],
    ["a dedicated worker", "/worker"],
  ]) {
    test(`${browser.name}: ${name}`, async (t) => {
      const result = await inPage(t, browser, path);
      if (result) passed(result);
    });
  }

  test(`${browser.name}: without 'wasm-unsafe-eval' the call is refused with a typed error, and the page lives on`, async (t) => {
    for (const path of ["/page?strict", "/slim?strict"]) {
      const result = await inPage(t, browser, path);
      if (browser.missing) return;
      assert.match(result.error, /"name":"SandboxException","code":"WASM_UNAVAILABLE"/, path);
    }
  });
}
