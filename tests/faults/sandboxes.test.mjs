// sandbox.sandboxes and the manager: what each call sends, and what it makes of the recorded answers of the real server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, SandboxManager } from "opensandbox-wasm";
import { faultServer, json, outcome, pause, until, using } from "./fault-server.mjs";
import { body, recorded } from "./recordings.mjs";

const nothing = (status) => (_, response) => response.writeHead(status).end();
const ENDPOINT = "GET /v1/sandboxes/s1/endpoints/44772";

/** A route that notes the JSON body, or undefined for none. */
function noting(notes, answer) {
  return (request, response, { body, url }) => {
    notes.push({ body: body === "" ? undefined : JSON.parse(body), query: url.search, headers: request.headers });
    return answer(request, response);
  };
}

test("the calls on one sandbox have the official names, paths, bodies and results", async () => {
  const notes = [];
  const routes = {
    "GET /v1/sandboxes/a%2Fb": noting(notes, recorded("get")),
    "PATCH /v1/sandboxes/a%2Fb/metadata": noting(notes, recorded("metadata-patch")),
    "DELETE /v1/sandboxes/a%2Fb": noting(notes, nothing(204)),
    "POST /v1/sandboxes/a%2Fb/pause": noting(notes, nothing(202)),
    "POST /v1/sandboxes/a%2Fb/resume": noting(notes, nothing(202)),
    "POST /v1/sandboxes/a%2Fb/renew-expiration": noting(notes, recorded("renew")),
    "GET /v1/sandboxes/a%2Fb/endpoints/8080": noting(notes, recorded("endpoint-8080")),
  };
  await using(routes, async ({ sandboxes }) => {
    const info = await sandboxes.getSandbox("a/b");
    const raw = body("get");
    assert.deepEqual(info.createdAt, new Date(raw.createdAt));
    assert.deepEqual(info.expiresAt, new Date(raw.expiresAt));
    assert.deepEqual(info.metadata, raw.metadata);
    assert.ok(info.status.lastTransitionAt instanceof Date);

    assert.equal((await sandboxes.patchSandboxMetadata("a/b", { x: "1", y: null })).id, body("metadata-patch").id);
    assert.deepEqual(notes.at(-1).body, { x: "1", y: null });
    assert.equal(await sandboxes.pauseSandbox("a/b"), undefined);
    assert.equal(notes.at(-1).headers["content-type"], undefined);
    assert.equal(await sandboxes.resumeSandbox("a/b"), undefined);
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const renewed = await sandboxes.renewSandboxExpiration("a/b", { expiresAt });
    assert.deepEqual(notes.at(-1).body, { expiresAt });
    assert.deepEqual(renewed.expiresAt, new Date(body("renew").expiresAt));

    const direct = await sandboxes.getSandboxEndpoint("a/b", 8080);
    assert.equal(notes.at(-1).query, "?use_server_proxy=false");
    assert.deepEqual(direct, { ...body("endpoint-8080"), headers: {} });
    await sandboxes.getSandboxEndpoint("a/b", 8080, true);
    assert.equal(notes.at(-1).query, "?use_server_proxy=true");
    await sandboxes.getSignedEndpoint("a/b", 8080, 1_999_999_999);
    assert.equal(notes.at(-1).query, "?expires=1999999999");

    assert.equal(await sandboxes.deleteSandbox("a/b", { keepalive: true }), undefined);
    for (const { headers } of notes) assert.equal(headers["open-sandbox-api-key"], "k");
  });
});

test("createSandbox sends the request as it is, and gives Dates", async () => {
  const notes = [];
  const server = await faultServer({ "POST /v1/sandboxes": noting(notes, recorded("create")) });
  const { sandboxes } = await Sandbox.connect({
    sandboxId: "s1",
    skipHealthCheck: true,
    connectionConfig: server.config,
  });
  const request = {
    image: { uri: "i", auth: { username: "u", password: "p" } },
    resourceLimits: {},
    entrypoint: ["sh"],
    timeout: null,
    networkPolicy: { egress: [{ action: "allow", target: "*.example.com" }] },
    unknown: { passes: true },
  };
  const made = await sandboxes.createSandbox(request);
  assert.deepEqual(notes[0].body, request);
  assert.deepEqual(made.createdAt, new Date(body("create").createdAt));
  assert.deepEqual(made.entrypoint, ["tail", "-f", "/dev/null"]);
  const { error } = await outcome(sandboxes.createSandbox({ image: { uri: "i" }, snapshotId: "s" }));
  assert.equal(error?.message, "Exactly one of image or snapshotId must be provided");
  assert.equal(notes.length, 1);
  await server.close();
});

test("createSandbox has a limit of its own, and what it makes after that is deleted", async () => {
  let answer;
  const deleted = [];
  const server = await faultServer({
    "POST /v1/sandboxes": (_, response) => {
      answer = () => json(response, 202, { ...body("create"), id: "late" });
    },
    "DELETE /v1/sandboxes/late": (_, response) => {
      deleted.push("late");
      response.writeHead(204).end();
    },
  });
  const connectionConfig = { ...server.config, requestTimeoutSeconds: 0.05 };
  const { sandboxes } = await Sandbox.connect({ sandboxId: "s1", skipHealthCheck: true, connectionConfig });
  const creating = outcome(
    sandboxes.createSandbox({ image: { uri: "i" }, resourceLimits: {} }, { requestTimeoutSeconds: 0.2 }),
  );
  const { error } = await creating;
  assert.equal(error.code, "REQUEST_TIMEOUT");
  assert.match(error.message, /\(requestTimeoutSeconds\)$/);
  answer();
  await until(() => deleted.length === 1, "the late one is deleted");
  // The configuration's 50 ms are not its limit.
  const patient = outcome(sandboxes.createSandbox({ image: { uri: "i" }, resourceLimits: {} }));
  await pause(150);
  answer();
  assert.equal((await patient).execution?.id, "late");
  await server.close();
});

test("lists: states repeated, metadata encoded twice, pages; wrong values name themselves", async () => {
  const queries = [];
  const routes = {
    "GET /v1/sandboxes": (request, response, { url }) => {
      queries.push(url.search);
      recorded("list")(request, response);
    },
    "GET /v1/snapshots": (request, response, { url }) => {
      queries.push(url.search);
      recorded("snapshots-list")(request, response);
    },
  };
  await using(routes, async ({ sandboxes }) => {
    const metadata = { a: "1&b=2", "k=y": "50% + ü", "": " " };
    const page = await sandboxes.listSandboxes({ states: ["Running", "Paused"], metadata, page: 2, pageSize: 5 });
    assert.ok(page.items[0].createdAt instanceof Date);
    assert.equal(page.pagination.hasNextPage, false);
    const query = new URLSearchParams(queries[0]);
    assert.deepEqual(query.getAll("state"), ["Running", "Paused"]);
    assert.deepEqual([query.get("page"), query.get("pageSize")], ["2", "5"]);
    // As the server does it: the one value is decoded, and is then read as a query of its own.
    assert.deepEqual(Object.fromEntries(new URLSearchParams(query.get("metadata"))), metadata);
    await sandboxes.listSandboxes();
    await sandboxes.listSandboxes({ states: [], metadata: {} });
    assert.deepEqual(queries.splice(0).slice(1), ["", ""]);

    const snapshots = await sandboxes.listSnapshots({
      sandboxId: "s/1",
      name: "a b",
      states: ["Ready"],
      page: 1,
      pageSize: 9,
    });
    assert.ok(snapshots.items[0].status.lastTransitionAt instanceof Date);
    assert.equal(queries.pop(), "?sandboxId=s%2F1&name=a%20b&state=Ready&page=1&pageSize=9");
    for (const [call, field] of [
      [() => sandboxes.listSandboxes({ states: "Running" }), "states"],
      [() => sandboxes.listSandboxes({ metadata: { a: 1 } }), "metadata.a"],
      [() => sandboxes.listSnapshots({ sandboxId: 5 }), "sandboxId"],
      [() => sandboxes.listSnapshots({ page: 1e17 }), "page"],
      [() => sandboxes.listSnapshots("x"), "filter"],
      [() => sandboxes.getSandbox(""), "sandboxId"],
      [() => sandboxes.getSandbox(5), "sandboxId"],
      [() => sandboxes.deleteSnapshot(".."), "snapshotId"],
      [() => sandboxes.renewSandboxExpiration("a", { expiresAt: "tomorrow" }), "expiresAt"],
      [() => sandboxes.renewSandboxExpiration("a", {}), "expiresAt"],
      [() => sandboxes.renewSandboxExpiration("a"), "request"],
      [() => sandboxes.getSandboxEndpoint("a", 0), "port"],
      [() => sandboxes.getSandboxEndpoint("a", 80, "yes"), "useServerProxy"],
      [() => sandboxes.getSignedEndpoint("a", 80), "expires"],
      [() => sandboxes.getSignedEndpoint("a", 80, 1.5), "expires"],
      [() => sandboxes.getSignedEndpoint("a", 80, -1), "expires"],
      [() => sandboxes.patchSandboxMetadata("a", null), "patch"],
      [() => sandboxes.createSandbox(), "request"],
      [() => sandboxes.createSandbox({ image: { uri: "i" }, timeout: "9" }), "timeout"],
      [() => sandboxes.createSandbox({ image: { uri: "i" }, resourceLimits: { cpu: 1 } }), "resourceLimits.cpu"],
      [() => sandboxes.createSnapshot("a", { name: 1 }), "name"],
      [() => sandboxes.createSnapshot("a", {}, { waitUntilReady: 1 }), "waitUntilReady"],
      [() => sandboxes.pauseSandbox("a", { keepalive: 1 }), "keepalive"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.name, "InvalidArgumentException", String(call));
      assert.ok(error.message.startsWith(`${field} `), `${call}: ${error.message}`);
    }
    assert.deepEqual(queries, [], "nothing was sent for them");
  });
});

test("invalidateEndpointCache makes its own sandbox look its ports up anew, and no other id does", async () => {
  await using({}, async (sandbox, { count }) => {
    await sandbox.getEndpoint(44772);
    sandbox.sandboxes.invalidateEndpointCache("other");
    await sandbox.getEndpoint(44772);
    assert.equal(count(ENDPOINT), 1);
    sandbox.sandboxes.invalidateEndpointCache(sandbox.id);
    await sandbox.getEndpoint(44772);
    assert.equal(count(ENDPOINT), 2);
    assert.throws(() => sandbox.sandboxes.invalidateEndpointCache(5), { code: "INVALID_ARGUMENT" });
  });
});

test("a signed endpoint is asked for each time, without use_server_proxy, and a refusal keeps its words", async () => {
  const asked = [];
  const routes = {
    "GET /v1/sandboxes/s1/endpoints/8080": (request, response, { url }) => {
      asked.push(url.search);
      if (asked.length === 3) return recorded("endpoint-signed")(request, response);
      json(response, 200, { endpoint: "s1-8080-x-y.example.com" });
    },
  };
  await using(
    routes,
    async (sandbox) => {
      const signed = await sandbox.getSignedEndpoint(8080, 2_000_000_000);
      assert.deepEqual(signed, { endpoint: "s1-8080-x-y.example.com", headers: {} });
      await sandbox.getSignedEndpoint(8080, 2_000_000_000);
      const { error } = await outcome(sandbox.getSignedEndpoint(8080, 2_000_000_000));
      assert.equal(error.code, "SANDBOX::API_NOT_SUPPORTED");
      assert.equal(error.message, body("endpoint-signed").message);
      assert.deepEqual(asked, Array(3).fill("?expires=2000000000"));
    },
    { useServerProxy: true },
  );
});

test("closing the sandbox closes its sandboxes, too", async () => {
  await using({}, async (sandbox) => {
    const { sandboxes, diagnostics } = sandbox;
    await sandbox.close();
    assert.equal((await outcome(sandboxes.getSandbox("s1"))).error?.code, "CLOSED");
    assert.equal((await outcome(diagnostics.logs())).error?.code, "CLOSED");
    assert.equal((await outcome(sandbox.waitForPort(80))).error?.code, "CLOSED");
  });
});

test("keepalive is passed on to fetch, and only when it was asked for", async () => {
  const inits = [];
  const connectionConfig = {
    domain: "server.test",
    fetch: async (_, init) => {
      inits.push(init);
      return new Response(null, { status: 204 });
    },
  };
  const manager = SandboxManager.create({ connectionConfig });
  await manager.killSandbox("a", { keepalive: true });
  await manager.killSandbox("a");
  assert.deepEqual(
    inits.map(({ keepalive }) => keepalive),
    [true, undefined],
  );
});
