// kill({ keepalive: true }) in a page that goes away: the request leaves with it, and arrives.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, startServer } from "./browser.mjs";

const PKG = process.env.OPENSANDBOX_PKG || fileURLToPath(new URL("../../pkg", import.meta.url));
const PATIENCE_MS = 30_000;

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

for (const [how, leave] of [
  ["goes elsewhere", (page) => page.goto("about:blank")],
  ["is closed", (page) => page.close()],
]) {
  test(`a page that ${how} ends its sandbox`, async () => {
    const page = await browser.newPage();
    const other = await browser.newPage();
    const [id, kept] = [await makeSandbox(page, true), await makeSandbox(other, false)];
    await leave(page);
    await leave(other);
    for (const end = Date.now() + PATIENCE_MS; (await status(id)) !== 404; ) {
      assert.ok(Date.now() < end, "the sandbox is still there");
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.equal(await status(kept), 200, "the page that asks for nothing leaves its sandbox");
  });
}
