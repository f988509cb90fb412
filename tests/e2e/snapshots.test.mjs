// Snapshots, diagnostics, ports: the client against a real server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SandboxManager } from "opensandbox-wasm";
import { all, startServer, unique } from "./server.mjs";

let server;
let sandbox;
let manager;

before(async () => {
  server = await startServer();
  sandbox = await server.create();
  manager = SandboxManager.create({ connectionConfig: server.config() });
});
after(() => server?.stop());

describe("snapshots", () => {
  test("a sandbox begins with the files of another as they were", async () => {
    const name = `e2e-${unique()}`;
    await sandbox.files.writeFiles([{ path: "/tmp/kept", data: "before" }]);
    const snapshot = await sandbox.createSnapshot({ name }, { waitUntilReady: true });
    assert.equal(snapshot.status.state, "Ready");
    assert.ok(snapshot.createdAt instanceof Date);
    await sandbox.files.writeFiles([{ path: "/tmp/kept", data: "after" }]);

    const second = await server.create({ image: undefined, snapshotId: snapshot.id });
    assert.equal(await second.files.readFile("/tmp/kept"), "before");
    assert.equal(await sandbox.files.readFile("/tmp/kept"), "after");

    assert.equal((await manager.getSnapshot(snapshot.id)).name, name);
    const own = await all(manager.snapshots({ sandboxId: sandbox.id }));
    assert.deepEqual(
      own.map(({ id }) => id),
      [snapshot.id],
    );
    await second.kill();
    await manager.deleteSnapshot(snapshot.id);
    await assert.rejects(manager.getSnapshot(snapshot.id), { statusCode: 404 });
  });

  test("one that is not there is the server's error", async () => {
    const missing = "00000000-0000-4000-8000-000000000000";
    await assert.rejects(manager.getSnapshot(missing), { code: "SNAPSHOT::NOT_FOUND", statusCode: 404 });
    await assert.rejects(server.create({ image: undefined, snapshotId: missing }), { statusCode: 404 });
  });
});

test("the server tells of a sandbox what it knows", async () => {
  const logs = await sandbox.diagnostics.logs();
  assert.equal(typeof logs.content, "string");
  assert.match(await sandbox.diagnostics.summary(), new RegExp(sandbox.id));
});

test("a program that listens can be waited for", async () => {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  await sandbox.commands.run(`sleep 0.5; exec python3 -m http.server ${port}`, { background: true });
  await sandbox.waitForPort(port, { timeoutSeconds: 20 });
  assert.equal((await fetch(await sandbox.getEndpointUrl(port))).status, 200);
});

test("all sandboxes, page after page", async () => {
  const group = unique();
  const made = await Promise.all([1, 2, 3].map(() => server.create({ metadata: { group } })));
  const found = await all(manager.sandboxes({ metadata: { group }, pageSize: 2 }));
  assert.deepEqual(found.map(({ id }) => id).sort(), made.map(({ id }) => id).sort());
});
