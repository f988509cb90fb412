// kill({ keepalive: true }) in a page that goes away: the request leaves with it, and arrives.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./browser.mjs";
import { servePackage } from "./site.mjs";

const PATIENCE_MS = 10_000;
const ATTEMPTS = 5;

let site;
let browser;
let server;
before(async () => {
  site = await servePackage();
  server = await startServer("--allow-origin", site.origin);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await site?.stop();
});

/** In a page: makes a sandbox that `kill`s itself when the page goes away, or does not. Gives its id. */
async function makeSandbox(page, kill) {
  await page.goto(site.origin);
  return page.evaluate(
    async ({ domain, apiKey, kill }) => {
      const { Sandbox } = await import("/index.js");
      const sandbox = await Sandbox.create({ connectionConfig: { domain, apiKey }, image: "python:3.12-slim" });
      if (kill) addEventListener("pagehide", () => void sandbox.kill({ keepalive: true }));
      return sandbox.id;
    },
    { domain: server.domain, apiKey: server.apiKey, kill },
  );
}
const status = async (id) => (await server.api(`/v1/sandboxes/${id}`)).status;

/** Whether the sandbox goes away in good time. */
async function isGone(id) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    if ((await status(id)) === 404) return true;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return false;
}

for (const [how, leave] of [
  ["goes elsewhere", (page) => page.goto("about:blank")],
  ["is closed", (page) => page.close()],
]) {
  test(`a page that ${how} ends its sandbox`, async () => {
    const other = await browser.newPage();
    const kept = await makeSandbox(other, false);
    await leave(other);
    // The browser gives a page that is closed half a second to say goodbye: on a busy machine it may not get to it.
    for (let attempt = 1; ; attempt++) {
      const page = await browser.newPage();
      const id = await makeSandbox(page, true);
      await leave(page);
      if (await isGone(id)) break;
      assert.ok(attempt < ATTEMPTS, "the sandbox is still there");
    }
    assert.equal(await status(kept), 200, "the page that asks for nothing leaves its sandbox");
  });
}
