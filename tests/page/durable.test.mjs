// Background commands from a page of another origin, which may not read the header with the cursor.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./browser.mjs";
import { servePackage } from "./site.mjs";

let site;
let browser;
let server;
before(async () => {
  site = await servePackage();
  // Exposes no more headers than the real server does.
  server = await startServer("--allow-origin", site.origin, "--strict-cors");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await site?.stop();
});

test("the cursor is right, a reload loses nothing, and more of them than connections leave room for others", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(site.origin);
  const config = { domain: server.url, apiKey: server.apiKey };
  const before = await page.evaluate(async (connectionConfig) => {
    const { Sandbox } = await import("/index.js");
    const sandbox = await Sandbox.create({ image: "i", connectionConfig });
    const command = "echo ä; until [ -e /tmp/go ]; do sleep 0.05; done; echo ö; exit 3";
    const handles = await Promise.all(Array.from({ length: 8 }, () => sandbox.commands.startBackground(command)));
    const readers = handles.map((handle) => handle.read());
    const first = await Promise.all(readers.map(async (texts) => (await texts.next()).value));
    const { cursor } = await sandbox.commands.getBackgroundCommandLogs(handles[0].id);
    const rest = readers.map((texts) => texts.next());
    // All of them wait for more.
    const { state } = (await sandbox.getInfo({ requestTimeoutSeconds: 5 })).status;
    for (const promise of rest) promise.catch(() => {});
    sessionStorage.setItem("handles", JSON.stringify(handles));
    return { first, state, cursor, kept: JSON.parse(sessionStorage.getItem("handles")) };
  }, config);
  assert.deepEqual(before.first, Array(8).fill("ä\n"));
  assert.equal(before.state, "Running");
  assert.deepEqual(
    before.kept.map(({ cursor }) => cursor),
    Array(8).fill(3),
  );
  assert.equal(before.cursor, 3);
  await page.reload();
  const ends = await page.evaluate(async (connectionConfig) => {
    const { Sandbox } = await import("/index.js");
    const kept = JSON.parse(sessionStorage.getItem("handles"));
    const sandbox = await Sandbox.connect({ sandboxId: kept[0].sandboxId, connectionConfig });
    await sandbox.commands.run("touch /tmp/go");
    const results = await Promise.all(
      kept.map(async (known) => {
        const handle = sandbox.commands.attach(known);
        let rest = "";
        for await (const text of handle) rest += text;
        return [rest, (await handle.wait()).exitCode];
      }),
    );
    await sandbox.kill();
    return results;
  }, config);
  assert.deepEqual(ends, Array(8).fill(["ö\n", 3]));
});
