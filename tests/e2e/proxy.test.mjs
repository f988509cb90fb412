// Everything essential again through the server's proxy, as a page has to do it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as sdk from "opensandbox-wasm";
import { prepare, STEPS } from "./scenario.mjs";
import { IMAGE, recorder, rejection, startServer, unique, within } from "./server.mjs";

const { ConnectionConfig, Sandbox } = sdk;
let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

describe("through the server's proxy", () => {
  let context;
  before(async () => {
    context = await prepare(sdk, server.config({ useServerProxy: true }), IMAGE, unique());
    server.adopt(context.sandbox.id);
  });
  for (const [name, step] of Object.entries(STEPS)) test(name, () => step(context));

  test("every request goes to the server's own origin", async () => {
    const { calls, fetch } = recorder();
    const sandbox = await server.create({ config: { useServerProxy: true, fetch } });
    await sandbox.commands.run("echo");
    await sandbox.files.writeFiles([{ path: "/tmp/a", data: "a" }]);
    const { origin } = new URL(new ConnectionConfig(server.config()).getBaseUrl());
    assert.ok(calls.length >= 5);
    for (const { url } of calls) assert.equal(new URL(url).origin, origin, url);
    assert.ok(calls.some(({ url }) => url.endsWith("/endpoints/44772?use_server_proxy=true")));
    await sandbox.kill();
  });

  test("20 MB survive", async () => {
    const sandbox = await server.create({ config: { useServerProxy: true } });
    const data = new Uint8Array(20_000_000).map((_, i) => (i * 7919) >> 5);
    await sandbox.files.writeFiles([{ path: "/tmp/big", data }]);
    assert.equal(Buffer.compare(Buffer.from(await sandbox.files.readBytes("/tmp/big")), Buffer.from(data)), 0);
    await sandbox.kill();
  });

  test("twelve runs at once are served", async () => {
    const sandbox = await server.create({ config: { useServerProxy: true } });
    const runs = await within(
      30_000,
      Promise.all(Array.from({ length: 12 }, (_, i) => sandbox.commands.run(`sleep 0.2; echo ${i}`))),
    );
    assert.deepEqual(
      runs.map(({ stdout }) => stdout),
      Array.from({ length: 12 }, (_, i) => `${i}\n`),
    );
    await sandbox.kill();
  });

  test("the readiness error says that the proxy is on and does not advise to turn it on", async () => {
    const error = await rejection(
      Sandbox.create({
        connectionConfig: server.config({ useServerProxy: true }),
        image: IMAGE,
        readyTimeoutSeconds: 0.1,
        healthCheck: () => false,
      }),
    );
    assert.equal(error.code, "READY_TIMEOUT");
    assert.ok(
      error.message.includes(`Connection context: domain=${server.domain}, useServerProxy=true.`),
      error.message,
    );
    assert.ok(!error.message.includes("host_ip"), error.message);
  });
});
