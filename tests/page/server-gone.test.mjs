// The server goes away: before a run, in the middle of one, and comes back at the same place.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ended, launch, lines, open, output, run, sandboxId, says, start, startServer } from "./browser.mjs";

let browser;
let server;
let page;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  server = await startServer();
  page = await open(browser, server.pageUrl);
});
afterEach(async () => {
  await page.done();
  await server.stop();
});

async function restart() {
  server = await startServer("--port", server.port, "--api-key", server.apiKey);
}

test("before a run: says so, asks again by itself, and goes on when the server is back", async () => {
  await run(page, "bash", "echo before");
  const id = await sandboxId(page);
  await server.stop();
  assert.match(await runAgain(), /^Not finished/);
  await says(page, "#problem", "The server does not answer");
  await says(page, "#problem", `Check that it still runs at 127.0.0.1:${server.port}`);
  await says(page, "#sandbox-state", "Server does not answer");
  await page.click("#problem summary");
  await says(page, "#problem", "NETWORK_ERROR");
  await restart();
  await says(page, "#toast", "The server is back");
  assert.equal(await page.locator("#problem").isVisible(), false);
  assert.match(await runAgain(), /^Exit code 0/);
  assert.deepEqual(await output(page), ["before"]);
  assert.notEqual(await sandboxId(page), id);
});

test("in the middle of a run: keeps what had arrived and says what is known", async () => {
  await start(page, "bash", "echo arrived\nsleep 60");
  await lines(page).filter({ hasText: "arrived" }).waitFor();
  await server.stop();
  assert.match(await ended(page, 40_000), /^Not finished/);
  assert.deepEqual(await output(page), ["arrived"]);
  await says(page, "#problem", "The server does not answer");
  await restart();
  await says(page, "#problem", "The connection was lost in the middle of the run");
  await says(page, "#sandbox-state", "Sandbox is gone");
  assert.match(await run(page, "bash", "echo recovered"), /^Exit code 0/);
  assert.deepEqual(await output(page), ["recovered"]);
  assert.equal(await page.locator("#problem").isVisible(), false);
});

test("back with another key: asks for it, and goes on with it", async () => {
  await server.stop();
  await page.click("#run");
  await says(page, "#problem", "The server does not answer");
  server = await startServer("--port", server.port);
  await says(page, "#connection-problem", "A server that was restarted may have a new one");
  await page.fill("#key", server.apiKey);
  await page.click("#connect");
  await page.locator("#connection-dialog").waitFor({ state: "hidden" });
  assert.match(await run(page, "bash", "echo new key"), /^Exit code 0/);
});

test("at the start: the page says so, and tries again when asked", async () => {
  await page.route("**/v1/**", (route) => route.abort());
  await page.reload();
  await says(page, "#problem", "The server does not answer");
  await page.unroute("**/v1/**");
  await page.click("#problem button");
  await page.locator("#problem").waitFor({ state: "hidden" });
  await says(page, "#sandbox-state", "No sandbox");
});

async function runAgain() {
  await page.click("#run");
  return await ended(page);
}
