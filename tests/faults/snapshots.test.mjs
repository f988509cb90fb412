// Snapshots, and waiting until one is ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, SandboxManager } from "opensandbox-wasm";
import { faultServer, json, outcome, using } from "./fault-server.mjs";
import { body, recorded } from "./recordings.mjs";

const CREATE = "POST /v1/sandboxes/s1/snapshots";
const { id } = body("snapshot-create");
const GET = `GET /v1/snapshots/${id}`;
const creating = body("snapshot-create");
const wait = { waitUntilReady: true, pollingIntervalMillis: 5, readyTimeoutSeconds: 20 };

/** Answers one after another; the last one for good. */
function answers(...list) {
  return (request, response) => (list.length > 1 ? list.shift() : list[0])(request, response);
}
const says = (status) => (_, response) => json(response, 200, { ...creating, status });

test("the manager's calls", async () => {
  const bodies = [];
  const server = await faultServer({
    [CREATE]: (request, response, { body }) => {
      bodies.push(JSON.parse(body));
      recorded("snapshot-create")(request, response);
    },
    [GET]: recorded("snapshot-get"),
    "GET /v1/snapshots": recorded("snapshots-list"),
    [`DELETE /v1/snapshots/${id}`]: recorded("snapshot-delete"),
  });
  const manager = SandboxManager.create({ connectionConfig: server.config });
  const snapshot = await manager.createSnapshot("s1", { name: "checkpoint" });
  assert.equal(snapshot.status.state, "Creating");
  assert.ok(snapshot.createdAt instanceof Date && snapshot.status.lastTransitionAt instanceof Date);
  await manager.createSnapshot("s1");
  assert.deepEqual(bodies, [{ name: "checkpoint" }, {}]);
  assert.equal((await manager.getSnapshot(id)).status.state, "Ready");
  const page = await manager.listSnapshots({ sandboxId: "s1" });
  assert.deepEqual([page.items[0].id, page.pagination.totalItems], [id, 1]);
  assert.equal(await manager.deleteSnapshot(id), undefined);
  await server.close();
});

test("waiting resolves with the snapshot that is ready, past errors that may pass", async () => {
  const routes = {
    [CREATE]: recorded("snapshot-create"),
    [GET]: answers(
      says(creating.status),
      (_, response) => json(response, 503, { code: "BUSY", message: "later" }),
      (request) => request.socket.destroy(),
      recorded("snapshot-get"),
    ),
  };
  await using(routes, async (sandbox, { count }) => {
    const snapshot = await sandbox.createSnapshot({ name: "checkpoint" }, wait);
    assert.equal(snapshot.status.state, "Ready");
    assert.equal(count(GET), 4);
    // Not asked to wait, it does not.
    assert.equal((await sandbox.createSnapshot()).status.state, "Creating");
    assert.equal(count(GET), 4);
  });
});

test("one that fails is an error with the server's reason and the snapshot", async () => {
  const status = { state: "Failed", reason: "commit_failed", message: "no space left" };
  await using({ [CREATE]: recorded("snapshot-create"), [GET]: says(status) }, async (sandbox) => {
    const { error } = await outcome(sandbox.createSnapshot({}, wait));
    assert.equal(error.name, "SandboxApiException");
    assert.equal(error.code, "SNAPSHOT_FAILED");
    assert.equal(error.message, `Snapshot ${id} failed: no space left (commit_failed)`);
    assert.equal(error.isRetryable, false);
    assert.equal(error.rawBody.id, id);
    assert.deepEqual(error.rawBody.status, status);
  });
});

test("one that takes too long is a typed error that names it, with the last problem as its cause", async () => {
  const busy = (_, response) => json(response, 503, { code: "BUSY", message: "later" });
  await using({ [CREATE]: recorded("snapshot-create"), [GET]: says(creating.status) }, async (sandbox) => {
    const { error } = await outcome(sandbox.createSnapshot({}, { ...wait, readyTimeoutSeconds: 0.05 }));
    assert.equal(error.name, "SandboxReadyTimeoutException");
    assert.equal(error.code, "READY_TIMEOUT");
    assert.match(error.message, new RegExp(`^Snapshot ${id} was not ready within 50 ms .* its state is Creating$`));
    assert.equal(error.cause, undefined);
  });
  await using({ [CREATE]: recorded("snapshot-create"), [GET]: busy }, async (sandbox) => {
    const { error } = await outcome(sandbox.createSnapshot({}, { ...wait, readyTimeoutSeconds: 0.05 }));
    assert.equal(error.code, "READY_TIMEOUT");
    assert.equal(error.cause.code, "BUSY");
  });
});

test("one that is gone, and an abort, end the waiting at once", async () => {
  const gone = (_, response) => json(response, 404, { code: "SNAPSHOT::NOT_FOUND", message: "gone" });
  await using({ [CREATE]: recorded("snapshot-create"), [GET]: gone }, async (sandbox) => {
    assert.equal((await outcome(sandbox.createSnapshot({}, wait))).error?.code, "SNAPSHOT::NOT_FOUND");
  });
  const controller = new AbortController();
  const reason = new Error("enough");
  const routes = {
    [CREATE]: recorded("snapshot-create"),
    [GET]: (request, response) => {
      controller.abort(reason);
      says(creating.status)(request, response);
    },
  };
  await using(routes, async (sandbox) => {
    const { error } = await outcome(sandbox.createSnapshot({}, { ...wait, signal: controller.signal }));
    assert.deepEqual([error?.code, error?.cause], ["ABORTED", reason]);
  });
});

test("a bare signal does as the options", async () => {
  await using({ [CREATE]: () => {} }, async (sandbox) => {
    assert.equal((await outcome(sandbox.createSnapshot({}, AbortSignal.timeout(20)))).error?.code, "ABORTED");
  });
});

test("a server without snapshots says so in one way", async () => {
  const routes = {
    [CREATE]: (_, response) => json(response, 501, { code: "SNAPSHOT::NOT_IMPLEMENTED", message: "not here" }),
    "GET /v1/snapshots": (_, response) => json(response, 404, { detail: "Not Found" }),
    [GET]: (_, response) => json(response, 404, { code: "SNAPSHOT::NOT_FOUND", message: "gone" }),
  };
  await using(routes, async (sandbox) => {
    const { error } = await outcome(sandbox.createSnapshot());
    assert.equal(error.name, "SandboxApiException");
    assert.deepEqual([error.code, error.statusCode, error.requestId], ["NOT_SUPPORTED", 501, "from-server"]);
    assert.equal(error.message, "Snapshots are not supported by this server: not here");
    assert.equal(error.rawBody.code, "SNAPSHOT::NOT_IMPLEMENTED");
    const listed = (await outcome(sandbox.sandboxes.listSnapshots())).error;
    assert.deepEqual([listed.code, listed.statusCode], ["NOT_SUPPORTED", 404]);
    // An unknown id is something else.
    assert.equal((await outcome(sandbox.sandboxes.getSnapshot(id))).error?.code, "SNAPSHOT::NOT_FOUND");
  });
});

test("a sandbox is made from a snapshot", async () => {
  let sent;
  const server = await faultServer({
    "POST /v1/sandboxes": (request, response, { body }) => {
      sent = JSON.parse(body);
      recorded("create-from-snapshot")(request, response);
    },
    [`GET /v1/sandboxes/${body("create-from-snapshot").id}/endpoints/44772`]: (_, response) =>
      json(response, 200, { endpoint: `127.0.0.1:${server.port}/execd` }),
  });
  const sandbox = await Sandbox.create({ connectionConfig: server.config, snapshotId: id, timeoutSeconds: null });
  assert.equal(sandbox.id, body("create-from-snapshot").id);
  assert.equal(sent.snapshotId, id);
  assert.ok(!("image" in sent) && !("timeout" in sent), JSON.stringify(sent));
  await server.close();
});
