// The lifecycle API beyond one sandbox's handle: sandbox.sandboxes, lists gone through, ports, parts that Docker servers lack.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Sandbox, SandboxManager } from "opensandbox-wasm";
import { all, external, IMAGE, PATIENCE_MS, recorder, rejection, startServer, unique, until } from "./server.mjs";

let server;
let manager;
let sandbox;
before(async () => {
  server = await startServer();
  manager = SandboxManager.create({ connectionConfig: server.config() });
  sandbox = await server.create();
});
after(async () => {
  await manager?.close();
  await server?.stop();
});

describe("sandbox.sandboxes", () => {
  test("makes, finds, changes and ends another sandbox", async () => {
    const { sandboxes } = sandbox;
    assert.equal(sandboxes, sandbox.sandboxes);
    const mark = unique();
    const made = await sandboxes.createSandbox({
      image: { uri: IMAGE },
      entrypoint: ["tail", "-f", "/dev/null"],
      resourceLimits: {},
      timeout: 300,
      metadata: { mark },
    });
    server.adopt(made.id);
    assert.ok(made.createdAt instanceof Date && made.expiresAt instanceof Date);
    assert.equal(made.status.state, "Running");
    assert.equal((await sandboxes.getSandbox(made.id)).id, made.id);
    assert.deepEqual(
      (await sandboxes.listSandboxes({ metadata: { mark } })).items.map(({ id }) => id),
      [made.id],
    );
    assert.equal((await sandboxes.patchSandboxMetadata(made.id, { more: "1" })).metadata.more, "1");

    const at = new Date(Date.now() + 900_000);
    const { expiresAt } = await sandboxes.renewSandboxExpiration(made.id, { expiresAt: at.toISOString() });
    assert.ok(Math.abs(expiresAt - at) < 1000, String(expiresAt));
    await sandboxes.pauseSandbox(made.id);
    await until("it is paused", async () => (await sandboxes.getSandbox(made.id)).status.state === "Paused");
    await sandboxes.resumeSandbox(made.id);
    const { endpoint } = await sandboxes.getSandboxEndpoint(made.id, 44_772);
    assert.match(endpoint, /^[^/\s]+(\/\S*)?$/);
    const proxied = await sandboxes.getSandboxEndpoint(made.id, 44_772, true);
    assert.match(proxied.endpoint, new RegExp(`/sandboxes/${made.id}/proxy/44772$`));

    const handle = await Sandbox.connect({ connectionConfig: server.config(), sandboxId: made.id });
    assert.equal((await handle.commands.run("echo there")).stdout, "there\n");
    await sandboxes.deleteSandbox(made.id);
    assert.equal((await rejection(sandboxes.getSandbox(made.id))).statusCode, 404);
  });

  test("a sandbox without a timeout has no expiry, and cannot be given one", async () => {
    const made = await server.create({ timeoutSeconds: null });
    const info = await sandbox.sandboxes.getSandbox(made.id);
    assert.equal(info.expiresAt, null);
    assert.equal((await rejection(made.renew(600))).statusCode, 409);
  });
});

describe("a list that is gone through", () => {
  test("has all of them, from many pages, and asks for no more than the loop needs", async () => {
    const mark = unique();
    const made = await Promise.all(Array.from({ length: 5 }, () => server.create({ metadata: { mark } })));
    const { calls, fetch } = recorder();
    const other = SandboxManager.create({ connectionConfig: server.config({ fetch }) });
    const filter = { metadata: { mark }, states: ["Running"], pageSize: 2 };
    const found = await all(other.sandboxes(filter));
    assert.deepEqual(found.map(({ id }) => id).sort(), made.map(({ id }) => id).sort());
    assert.deepEqual(found[0], await other.getSandboxInfo(found[0].id));
    assert.equal(calls.splice(0).length, 4);
    for await (const _ of other.sandboxes(filter)) break;
    assert.equal(calls.length, 1);
    // All of them are ended, although each page that is ended moves the rest up.
    for await (const { id } of other.sandboxes(filter)) await other.killSandbox(id);
    assert.deepEqual((await other.listSandboxInfos({ metadata: { mark } })).items, []);
    await other.close();
  });
});

describe("waitForPort", () => {
  const serve = (port, delay) =>
    `sleep ${delay}; exec python3 -c 'import http.server, socketserver as s
s.TCPServer.allow_reuse_address = True
s.TCPServer(("", ${port}), http.server.SimpleHTTPRequestHandler).serve_forever()'`;

  for (const useServerProxy of [false, true]) {
    test(`ends when the program answers, useServerProxy: ${useServerProxy}`, async () => {
      const made = await server.create({ config: { useServerProxy } });
      const port = useServerProxy ? 18_923 : 18_922;
      const early = await rejection(made.waitForPort(port, { timeoutSeconds: 0.3, intervalMillis: 20 }));
      assert.equal(early.code, "READY_TIMEOUT", String(early));
      await made.commands.run(serve(port, 0.5), { background: true });
      await made.waitForPort(port, { timeoutSeconds: PATIENCE_MS / 1000, path: "/not-there?x=1" });
      await made.kill();
    });
  }

  test("does not wait for a sandbox that is gone", async () => {
    const made = await server.create({ config: { useServerProxy: true } });
    await made.getEndpoint(18_924);
    await manager.killSandbox(made.id);
    const error = await rejection(made.waitForPort(18_924, { timeoutSeconds: 60 }));
    assert.equal(error.statusCode, 404, String(error));
  });
});

test("kill with keepalive ends the sandbox", async () => {
  const { calls, fetch } = recorder();
  const made = await server.create({ config: { fetch } });
  await made.kill({ keepalive: true });
  assert.equal(calls.at(-1).method, "DELETE");
  assert.equal((await rejection(manager.getSandboxInfo(made.id))).statusCode, 404);
});

describe("what a Docker server does not have", { skip: external && "only of the local server is it known" }, () => {
  test("templates and pools are not supported, in one way", async () => {
    for (const call of [
      () => manager.listTemplates(),
      () => manager.getTemplate("x"),
      () => manager.deleteTemplate("x"),
      () => manager.createTemplate({ image: "i", publish: "s3://b/x" }),
      () => all(manager.templates()),
      () => manager.listPools(),
      () => manager.getPool("x"),
      () => manager.deletePool("x"),
    ]) {
      const error = await rejection(call());
      assert.deepEqual([error.name, error.code, error.statusCode], ["SandboxApiException", "NOT_SUPPORTED", 501]);
      assert.match(error.message, /^(Templates|Pools) are not supported by this server: /);
      assert.ok(error.requestId);
    }
  });

  test("signed endpoints and secure access are refused in the server's own words", async () => {
    const error = await rejection(sandbox.getSignedEndpoint(8080, Math.floor(Date.now() / 1000) + 60));
    assert.deepEqual([error.statusCode, error.code], [400, "SANDBOX::API_NOT_SUPPORTED"]);
    assert.equal((await rejection(server.create({ secureAccess: true }))).statusCode, 400);
  });
});
