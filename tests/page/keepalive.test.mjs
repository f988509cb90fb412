// kill({ keepalive: true }) in a page that goes away: the request leaves with it, and arrives.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, startServer } from "./browser.mjs";

const PKG = process.env.OPENSANDBOX_PKG || fileURLToPath(new URL("../../pkg", import.meta.url));
const PATIENCE_MS = 10_000;
const ATTEMPTS = 5;

let pages;
let browser;
let server;
before(async () => {
  // A page of somebody's own, on an origin of its own.
  pages = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    if (!pathname.endsWith(".js")) return response.setHeader("content-type", "text/html").end("<!doctype html>");
    const file = await readFile(join(PKG, pathname)).catch(() => undefined);
    response.setHeader("content-type", "text/javascript");
    response.writeHead(file ? 200 : 404).end(file);
  });
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
  server = await startServer("--allow-origin", origin());
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await new Promise((resolve) => pages.close(resolve));
});
const origin = () => `http://127.0.0.1:${pages.address().port}`;

/** In a page: makes a sandbox that `kill`s itself when the page goes away, or does not. Gives its id. */
async function makeSandbox(page, kill) {
  await page.goto(origin());
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
