// Requests to servers that are slow, huge or hostile, and what the caller's headers and limits do there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionConfig, Sandbox } from "opensandbox-wasm";
import { faultServer, init, json, outcome, pause, streamOf, until, using } from "./fault-server.mjs";

const PAUSE = "POST /v1/sandboxes/s1/pause";
const LOOK_UP = "GET /v1/sandboxes/s1/endpoints/44772";
const paused = { [PAUSE]: (_, response) => response.writeHead(202).end() };

test("an abort reaches a hanging endpoint look-up", async () => {
  const server = await faultServer({ [LOOK_UP]: () => {} });
  const from = performance.now();
  const signal = AbortSignal.timeout(50);
  const connecting = Sandbox.connect({ sandboxId: "s1", connectionConfig: server.config, signal });
  assert.equal((await outcome(connecting)).error?.code, "ABORTED");
  assert.ok(performance.now() - from < 1000);
  await server.close();
});

test("those who share a look-up each wait as long as they said", async () => {
  let looked = 0;
  const routes = {
    ...paused,
    [LOOK_UP]: async (request, response) => {
      if (looked++ > 0) await pause(200);
      json(response, 200, { endpoint: `${request.headers.host}/execd` });
    },
  };
  await using(routes, async (sandbox, server) => {
    await sandbox.pause();
    const [impatient, patient] = await Promise.all([
      outcome(sandbox.health.ping({ requestTimeoutSeconds: 0.05 })),
      outcome(sandbox.health.ping()),
    ]);
    assert.equal(impatient.error?.code, "REQUEST_TIMEOUT");
    assert.equal(patient.execution, true);
    assert.equal(server.count(LOOK_UP), 2);
  });
});

test("our own headers replace the caller's, whatever their case", async () => {
  let type;
  const routes = {
    "POST /files/upload": (request, response) => {
      type = request.headers["content-type"];
      response.end();
    },
  };
  await using(
    routes,
    async (sandbox) => {
      await sandbox.files.writeFiles([{ path: "/a", data: "x" }], { headers: { "CONTENT-type": "text/plain" } });
      assert.match(type, /^multipart\/form-data; boundary=[\w-]+$/);
    },
    { headers: { "content-type": "application/json" } },
  );
});

test("headers may be a Headers, undefined ones are left out, other types are refused", async () => {
  const config = new ConnectionConfig({ headers: new Headers({ "X-A": "1" }) });
  assert.deepEqual(config.headers, { "x-a": "1" });
  assert.deepEqual(new ConnectionConfig({ headers: { A: undefined } }).headers, {});
  assert.throws(() => new ConnectionConfig({ headers: { A: 5 } }), { code: "INVALID_ARGUMENT" });
  await using({}, async (sandbox, server) => {
    await sandbox.health.ping({ headers: new Headers({ "X-B": "2" }) });
    assert.equal(server.seen.at(-1).headers["x-b"], "2");
  });
});

test("clean-up requests carry the headers of the call that they clean up after", async () => {
  const headers = { "X-Gw": "tok" };
  const server = await faultServer({
    "GET /ping": (_, response) => json(response, 500, {}),
    "DELETE /v1/sandboxes/s1": (_, response) => response.writeHead(204).end(),
  });
  const options = { connectionConfig: server.config, image: "i", headers, readyTimeoutSeconds: 0.05 };
  assert.equal((await outcome(Sandbox.create(options))).error?.code, "READY_TIMEOUT");
  assert.equal(server.seen.at(-1).name, "DELETE /v1/sandboxes/s1");
  assert.equal(server.seen.at(-1).headers["x-gw"], "tok");
  await server.close();
  await using({ "POST /command": streamOf(init, "open") }, async (sandbox, { count, seen }) => {
    const controller = new AbortController();
    const call = { signal: controller.signal, headers };
    await outcome(sandbox.commands.run("x", {}, { onInit: () => controller.abort() }, call));
    await until(() => count("DELETE /command") === 1, "interrupted");
    assert.equal(seen.at(-1).headers["x-gw"], "tok");
  });
});

test("an aborted create does not wait for its clean-up, and one whose check closes the sandbox is cleaned up", async () => {
  const deletes = [];
  const routes = {
    "GET /ping": (_, response) => json(response, 500, {}),
    "DELETE /v1/sandboxes/s1": (_, response) => {
      deletes.push(response);
    },
  };
  const server = await faultServer(routes);
  const from = performance.now();
  const options = { connectionConfig: server.config, image: "i" };
  assert.equal(
    (await outcome(Sandbox.create({ ...options, signal: AbortSignal.timeout(100) }))).error?.code,
    "ABORTED",
  );
  assert.ok(performance.now() - from < 1000);
  await until(() => deletes.length === 1, "the sandbox is deleted");
  deletes[0].writeHead(204).end();
  const healthCheck = (sandbox) => sandbox.close();
  const closing = outcome(Sandbox.create({ ...options, healthCheck, readyTimeoutSeconds: 1 }));
  await until(() => deletes.length === 2, "this one, too");
  deletes[1].writeHead(204).end();
  assert.equal((await closing).error?.code, "CLOSED");
  await server.close();
});

test("the body of an error is read to a limit, and only for a while", async () => {
  const flood = async (_, response) => {
    response.on("error", () => {});
    response.writeHead(500, { "content-type": "text/plain" });
    for (let i = 0; i < 200 && !response.destroyed; i++) {
      if (response.write(Buffer.alloc(1 << 20, "x"))) await pause(0);
      else await Promise.race([new Promise((resolve) => response.once("drain", resolve)), pause(200)]);
    }
  };
  await using({ "GET /ping": flood }, async (sandbox) => {
    const { error } = await outcome(sandbox.health.ping());
    assert.deepEqual([error.code, error.statusCode], ["UNEXPECTED_RESPONSE", 500]);
    assert.ok(error.rawBody.length <= 65_536);
  });
});

test("an endpoint with dots cannot lead the key out of the base that it is for", async () => {
  const seen = [];
  const fetch = async (url, { headers }) => {
    seen.push([url, headers]);
    if (url.includes("/endpoints/")) return Response.json({ endpoint: "gw.test/tenant-a/v1/../../tenant-b/evil" });
    return new Response(null);
  };
  const connectionConfig = { domain: "http://gw.test/tenant-a/v1", apiKey: "secret", fetch };
  const sandbox = await Sandbox.connect({ sandboxId: "s", connectionConfig, skipHealthCheck: true });
  await sandbox.health.ping();
  const [url, headers] = seen.at(-1);
  assert.equal(url, "http://gw.test/tenant-b/evil/ping");
  assert.ok(!JSON.stringify(headers).includes("secret"));
});

test("an answer that comes after its request was given up is dropped", async () => {
  let cancelled = false;
  let late;
  const fetch = (url) => {
    if (url.includes("/endpoints/")) return Promise.resolve(Response.json({ endpoint: "d:1" }));
    return new Promise((resolve) => {
      late = () => resolve(new Response(new ReadableStream({ cancel: () => (cancelled = true) })));
    });
  };
  const connectionConfig = { domain: "h:1", fetch };
  const sandbox = await Sandbox.connect({ sandboxId: "s", connectionConfig, skipHealthCheck: true });
  const { error } = await outcome(sandbox.health.ping({ requestTimeoutSeconds: 0.05 }));
  assert.equal(error.code, "REQUEST_TIMEOUT");
  late();
  await until(() => cancelled, "cancelled");
});

test("a body that is no stream of the platform's is a typed error", async () => {
  const fetch = async (url) => {
    if (url.includes("/endpoints/")) return Response.json({ endpoint: "d:1" });
    return { status: 200, headers: new Headers(), body: { pipe() {} } };
  };
  const connectionConfig = { domain: "h:1", fetch };
  const sandbox = await Sandbox.connect({ sandboxId: "s", connectionConfig, skipHealthCheck: true });
  const { error } = await outcome(sandbox.commands.run("x"));
  assert.match(error.name, /^Sandbox\w+Exception$/);
});

test("a tiny time limit does not become none", async () => {
  let asked;
  const routes = {
    "POST /command": (request, response, { body }) => {
      asked = JSON.parse(body);
      return streamOf(`${init}{"type":"execution_complete","timestamp":1}\n`, "close")(request, response);
    },
  };
  await using(routes, async (sandbox) => {
    await sandbox.commands.run("x", { timeoutSeconds: 0.0004, envs: { A: undefined, B: "1" } });
    assert.deepEqual([asked.timeout, asked.envs], [1, { B: "1" }]);
  });
});
