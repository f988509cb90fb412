// What goes wrong, and how it is told; whose key and headers go where.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { ConnectionConfig, Sandbox, SandboxApiException, SandboxException, SandboxManager } from "opensandbox-wasm";
import { all, IMAGE, PATIENCE_MS, recorder, rejection, sleep, startServer, within } from "./server.mjs";

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

const KEY = "open-sandbox-api-key";
const connect = (config, more) =>
  Sandbox.connect({ connectionConfig: server.config(config), sandboxId: sandbox.id, skipHealthCheck: true, ...more });

describe("an error of the server", () => {
  const CALLS = {
    getInfo: [404, () => manager.getSandboxInfo("none")],
    kill: [404, () => manager.killSandbox("none")],
    pause: [404, () => manager.pauseSandbox("none")],
    resume: [409, () => sandbox.resume()],
    renew: [404, () => manager.renewSandbox("none", 10)],
    patch: [404, () => manager.patchSandboxMetadata("none", { a: "b" })],
    list: [422, () => manager.listSandboxInfos({ page: 0 })],
    connect: [404, () => Sandbox.connect({ connectionConfig: server.config(), sandboxId: "none" })],
    "read a missing file": [404, () => sandbox.files.readFile("/none")],
    "stream a missing file": [404, () => all(sandbox.files.readBytesStream("/none"))],
    "info of a missing file": [404, () => sandbox.files.getFileInfo(["/none"])],
    "list of a missing directory": [404, () => sandbox.files.listDirectory({ path: "/none" })],
    "move of a missing file": [404, () => sandbox.files.moveFiles([{ src: "/none", dest: "/tmp/none" }])],
    "write where nothing can be": [500, () => sandbox.files.writeFiles([{ path: "/proc/none/a", data: "" }])],
    "run in a missing directory": [400, () => sandbox.commands.run("pwd", { workingDirectory: "/none" })],
    "stream of a run in a missing directory": [
      400,
      () => all(sandbox.commands.runStream("pwd", { workingDirectory: "/none" })),
    ],
    "run in a missing session": [500, () => sandbox.commands.runInSession("none", "pwd")],
    "status of nothing": [404, () => sandbox.commands.getCommandStatus("none")],
    "interrupt of nothing": [500, () => sandbox.commands.interrupt("none")],
  };
  for (const [name, [status, call]] of Object.entries(CALLS)) {
    test(`${name}: ${status} with the server's code and message, and a request id`, async () => {
      const error = await rejection(call());
      assert.ok(error instanceof SandboxApiException, String(error));
      assert.ok(error instanceof SandboxException && error instanceof Error);
      assert.equal(error.statusCode, status, String(error));
      assert.match(error.requestId, /^\S{8,}$/);
      assert.ok(error.message.length > 5, error.message);
      assert.ok(error.code, "it has a code");
      assert.equal(error.code, error.error.code);
      assert.equal(error.isRetryable, false);
      if (error.rawBody.message) assert.equal(error.message, error.rawBody.message);
      if (error.rawBody.code) assert.equal(error.code, error.rawBody.code);
      assert.ok(!JSON.stringify(error).includes(server.apiKey || "\0"), "no key in it");
    });
  }

  test("carries the id of the very request, both from the lifecycle server and from the daemon", async () => {
    const ids = [];
    const { calls, fetch } = recorder(async (url, init) => {
      const response = await globalThis.fetch(url, init);
      ids.push(response.headers.get("x-request-id") ?? init.headers["X-Request-ID"]);
      return response;
    });
    const handle = await connect({ fetch });
    for (const call of [
      () => handle.files.readFile("/none"),
      () => handle.renew(1e9).then(() => handle.files.deleteFiles(["/tmp"])),
    ]) {
      const error = await rejection(call());
      assert.equal(error.requestId, ids.at(-1));
    }
    assert.equal(new Set(ids).size, calls.length, "each request has its own");
    await handle.close();
  });

  test("a wrong key is 401, for manager and create alike, and is not repeated in the error", async () => {
    const connectionConfig = { domain: server.domain, apiKey: "wrong-key-1234" };
    const other = SandboxManager.create({ connectionConfig });
    for (const call of [() => other.listSandboxInfos(), () => Sandbox.create({ connectionConfig, image: "x" })]) {
      const error = await rejection(call());
      assert.equal(error.name, "SandboxApiException");
      assert.equal(error.statusCode, 401);
      assert.ok(error.requestId);
      assert.ok(!`${JSON.stringify(error)}${error.stack}${error.message}`.includes("wrong-key-1234"));
    }
    await other.close();
  });

  test("no key at all is 401, and an explicit empty one sends no header", async () => {
    const { calls, fetch } = recorder();
    const other = SandboxManager.create({ connectionConfig: { domain: server.domain, apiKey: "", fetch } });
    assert.equal((await rejection(other.listSandboxInfos())).statusCode, 401);
    assert.equal(calls[0].headers.has(KEY), false);
    await other.close();
  });

  test("every shape of an error body is read; an error without a body is an error", async () => {
    const bodies = [
      [JSON.stringify({ code: "A::B", message: "words" }), "A::B", /^words$/],
      [JSON.stringify({ error: { code: "C", message: "inner words" } }), "C", /^inner words$/],
      [JSON.stringify({ error: "plain words" }), "UNEXPECTED_RESPONSE", /plain words/],
      [JSON.stringify({ detail: "Not Found" }), "UNEXPECTED_RESPONSE", /Not Found/],
      [
        JSON.stringify({ detail: [{ loc: ["body", "x"], msg: "wrong", input: "s3cret", ctx: { a: "s3cret" } }] }),
        "UNEXPECTED_RESPONSE",
        /body\.x: wrong/,
      ],
      ["some text", "UNEXPECTED_RESPONSE", /some text/],
      ["<html>long page</html>", "UNEXPECTED_RESPONSE", /^List sandboxes failed/],
      ["", "UNEXPECTED_RESPONSE", /^List sandboxes failed/],
    ];
    for (const [body, code, message] of bodies) {
      const other = SandboxManager.create({
        connectionConfig: server.config({
          fetch: async () => new Response(body, { status: 418, headers: { "x-request-id": "r-1" } }),
        }),
      });
      const error = await rejection(other.listSandboxInfos());
      assert.deepEqual(
        [error.name, error.statusCode, error.code, error.requestId],
        ["SandboxApiException", 418, code, "r-1"],
        body,
      );
      assert.match(error.message, message);
      assert.ok(
        !`${error.message}${JSON.stringify(error.rawBody ?? "")}${JSON.stringify(error)}`.includes("s3cret"),
        body,
      );
      await other.close();
    }
  });

  test("an answer that is not what the API says is a typed error", async () => {
    for (const body of ["not json", "[]", "null", '{"items":5}', '{"items":[{"id":"a"}]}', '{"items":[null]}', "5"]) {
      const other = SandboxManager.create({
        connectionConfig: server.config({ fetch: async () => new Response(body) }),
      });
      const error = await rejection(other.listSandboxInfos());
      assert.equal(error.name, "SandboxApiException", `${body}: ${error}`);
      assert.equal(error.code, "UNEXPECTED_RESPONSE", body);
      await other.close();
    }
  });

  test("a redirect is not followed: nothing reaches the other place, by the lifecycle API and by the daemon's", async () => {
    const reached = [];
    const other = createHttpServer((request, response) => {
      reached.push(request.url);
      response.end('{"items":[]}');
    }).listen(0, "127.0.0.1");
    const first = createHttpServer((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${other.address().port}/caught` }).end();
    }).listen(0, "127.0.0.1");
    await Promise.all([once(other, "listening"), once(first, "listening")]);
    const domain = `127.0.0.1:${first.address().port}`;
    const away = SandboxManager.create({ connectionConfig: { domain, apiKey: "k" } });
    const handle = await connect({
      fetch: (url, init) =>
        String(url).includes("/endpoints/") ? Promise.resolve(Response.json({ endpoint: domain })) : fetch(url, init),
    });
    for (const call of [
      () => away.listSandboxInfos(),
      () => handle.files.readFile("/a"),
      () => handle.files.writeFiles([{ path: "/a", data: "secret" }]),
      () => handle.commands.run("echo"),
    ]) {
      const error = await rejection(call());
      assert.deepEqual(
        [error.name, error.code, error.statusCode],
        ["SandboxApiException", "REDIRECT_REFUSED", 307],
        String(call),
      );
    }
    assert.deepEqual(reached, []);
    await Promise.all([away.close(), handle.close()]);
    for (const each of [first, other]) {
      each.close();
      each.closeAllConnections();
    }
  });
});

describe("no answer", () => {
  test("from a server that is not there is a connection error with the platform's as its cause", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address();
    free.close();
    await once(free, "close");
    const connectionConfig = { domain: `127.0.0.1:${port}`, apiKey: "k3y-of-mine" };
    const other = SandboxManager.create({ connectionConfig });
    for (const call of [
      () => other.listSandboxInfos(),
      () => Sandbox.create({ connectionConfig, image: "x" }),
      () => Sandbox.connect({ connectionConfig, sandboxId: "x" }),
    ]) {
      const error = await within(PATIENCE_MS, rejection(call()));
      assert.equal(error.name, "SandboxConnectionException");
      assert.equal(error.code, "NETWORK_ERROR");
      assert.equal(error.isRetryable, true);
      assert.match(error.message, /fetch failed/);
      assert.match(error.message, /ECONNREFUSED/);
      assert.ok(error.cause instanceof TypeError);
      assert.ok(!`${error.message}${JSON.stringify(error)}`.includes("k3y-of-mine"));
    }
    await other.close();
  });

  const hanging = () => new Promise(() => {});
  test("in time is a time-out error, by the configuration and by the call", async () => {
    const slow = SandboxManager.create({
      connectionConfig: server.config({ fetch: hanging, requestTimeoutSeconds: 0.1 }),
    });
    const never = SandboxManager.create({
      connectionConfig: server.config({ fetch: hanging, requestTimeoutSeconds: 0 }),
    });
    for (const call of [
      () => slow.listSandboxInfos(),
      () => never.listSandboxInfos({}, { requestTimeoutSeconds: 0.1 }),
    ]) {
      const error = await within(5_000, rejection(call()));
      assert.deepEqual(
        [error.name, error.code, error.isRetryable],
        ["SandboxTimeoutException", "REQUEST_TIMEOUT", true],
      );
    }
    await Promise.all([slow.close(), never.close()]);
  });

  test("in time covers the body, too", async () => {
    const fetch = async () =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([123])) }));
    const slow = SandboxManager.create({ connectionConfig: server.config({ fetch, requestTimeoutSeconds: 0.1 }) });
    assert.equal((await within(5_000, rejection(slow.listSandboxInfos()))).code, "REQUEST_TIMEOUT");
    await slow.close();
  });

  test("to a start of a run is a time-out of its own", async () => {
    const handle = await connect({
      fetch: (url, init) => (String(url).endsWith("/command") ? hanging() : fetch(url, init)),
    });
    const error = await within(5_000, rejection(handle.commands.run("echo", { startTimeoutSeconds: 0.1 })));
    assert.deepEqual([error.name, error.code], ["SandboxTimeoutException", "REQUEST_TIMEOUT"]);
    await handle.close();
  });

  test("is ended by a signal, in every place where one can be given", async () => {
    const handle = await connect({
      fetch: (url, init) => (String(url).includes("/endpoints/") ? fetch(url, init) : hanging()),
    });
    const reason = new Error("enough");
    const calls = [
      (signal) => handle.getInfo({ signal }),
      (signal) => handle.getInfo(signal),
      (signal) => handle.renew(5, { signal }),
      (signal) => handle.files.readFile("/a", { signal }),
      (signal) => handle.files.readFile("/a", {}, { signal }),
      (signal) => handle.files.writeFiles([{ path: "/a", data: "" }], { signal }),
      (signal) => handle.commands.run("echo", {}, {}, signal),
      (signal) => handle.commands.run("echo", { signal }),
      (signal) => handle.commands.getCommandStatus("x", { signal }),
      (signal) => handle.waitUntilReady({ readyTimeoutSeconds: 60, pollingIntervalMillis: 10, signal }),
      (signal) => handle.resume({ signal }),
    ];
    for (const call of calls) {
      const controller = new AbortController();
      const calling = rejection(call(controller.signal));
      await sleep(5);
      controller.abort(reason);
      const error = await within(2_000, calling, String(call));
      assert.deepEqual([error.name, error.code], ["AbortError", "ABORTED"], String(call));
      assert.equal(error.cause, reason, String(call));
    }
    await handle.close();
  });
});

describe("close", () => {
  test("ends what is under way and refuses the rest, streams too; others with the same configuration go on", async () => {
    const connectionConfig = new ConnectionConfig(server.config());
    const one = await Sandbox.connect({ connectionConfig, sandboxId: sandbox.id });
    const two = await Sandbox.connect({ connectionConfig, sandboxId: sandbox.id });
    const running = rejection(one.commands.run("sleep 300"));
    const reading = rejection(all(one.commands.runStream("sleep 300")));
    await sleep(200);
    assert.equal(await one.close(), undefined);
    assert.equal(await one.close(), undefined);
    assert.equal((await within(5_000, running, "the run")).code, "CLOSED");
    assert.equal((await within(5_000, reading, "the stream")).code, "CLOSED");
    for (const call of [
      () => one.getInfo(),
      () => one.kill(),
      () => one.getEndpoint(44772),
      () => one.commands.run("echo"),
      () => all(one.commands.runStream("echo")),
      () => one.commands.createSession(),
      () => one.files.readFile("/a"),
      () => all(one.files.readBytesStream("/a")),
      () => one.files.writeFiles([{ path: "/tmp/a", data: "" }]),
      () => one.files.uploadAll([]),
      () => one.files.download("/a").bytes(),
      () => all(one.files.downloadDirectory("/a")),
      () => one.health.ping(),
      () => one.getMetrics(),
      () => one.waitUntilReady({ readyTimeoutSeconds: 1, pollingIntervalMillis: 10 }),
      () => one.resume(),
    ]) {
      const error = await within(5_000, rejection(call()), String(call));
      assert.equal(error.name, "SandboxException", String(call));
      assert.equal(error.code, "CLOSED", String(call));
    }
    assert.equal(await one.isHealthy(), false);
    assert.equal((await two.commands.run("echo on")).stdout, "on\n");
    assert.equal(await two.isHealthy(), true);
    await two.close();
  });
});

describe("endpoints", () => {
  const isLookUp = ({ url }) => url.includes("/endpoints/44772");

  test("ten first calls at once do one look-up", async () => {
    const { calls, fetch } = recorder();
    const handle = await connect({ fetch });
    await handle.pause();
    const manager = SandboxManager.create({ connectionConfig: server.config() });
    await manager.resumeSandbox(sandbox.id);
    await manager.close();
    // After a pause the endpoints are not known any more.
    calls.length = 0;
    const runs = await Promise.all(Array.from({ length: 10 }, (_, i) => handle.commands.run(`echo ${i}`)));
    assert.deepEqual(
      runs.map(({ stdout }) => stdout),
      Array.from({ length: 10 }, (_, i) => `${i}\n`),
    );
    assert.equal(calls.filter(isLookUp).length, 1);
    await handle.files.getFileInfo([]);
    assert.equal(calls.filter(isLookUp).length, 1);
    await handle.close();
  });

  test("a look-up asks for what the configuration says", async () => {
    const { calls, fetch } = recorder();
    const handle = await connect({ fetch });
    await handle.getEndpoint(8080);
    assert.deepEqual(
      calls.map(({ method, url }) => [method, new URL(url).pathname, new URL(url).search]),
      [44772, 8080].map((port) => ["GET", `/v1/sandboxes/${sandbox.id}/endpoints/${port}`, "?use_server_proxy=false"]),
    );
    await handle.close();
  });

  test("a look-up that fails is not remembered", async () => {
    let failures = 2;
    const { fetch } = recorder((url, init) =>
      String(url).includes("/endpoints/8080") && failures-- > 0
        ? Response.json({ code: "NOT_YET", message: "not yet" }, { status: 404 })
        : globalThis.fetch(url, init),
    );
    const handle = await connect({ fetch });
    for (let i = 0; i < 2; i++) assert.equal((await rejection(handle.getEndpoint(8080))).code, "NOT_YET");
    assert.match((await handle.getEndpoint(8080)).endpoint, /./);
    await handle.close();
  });

  test("an abort of one call does not take the look-up from the others", async () => {
    let release;
    const holding = new Promise((resolve) => {
      release = resolve;
    });
    const { calls, fetch } = recorder(async (url, init) => {
      if (String(url).includes("/endpoints/8080")) await holding;
      return globalThis.fetch(url, init);
    });
    const handle = await connect({ fetch });
    const controller = new AbortController();
    const first = rejection(handle.getEndpoint(8080, { signal: controller.signal }));
    const second = handle.getEndpoint(8080);
    controller.abort();
    assert.equal((await within(2_000, first, "the aborted call")).code, "ABORTED");
    release();
    assert.match((await second).endpoint, /./);
    assert.equal(calls.filter(({ url }) => url.includes("/endpoints/8080")).length, 1);
    await handle.close();
  });

  test("that would lead elsewhere are refused", async () => {
    for (const endpoint of ["http://evil.example/", "user:pass@host:1", "host:1/#x", "host:1/?x", "", 5, null, "a b"]) {
      const { fetch } = recorder((url, init) =>
        String(url).includes("/endpoints/") ? Response.json({ endpoint }) : globalThis.fetch(url, init),
      );
      const error = await rejection(connect({ fetch }));
      assert.deepEqual(
        [error.name, error.code],
        ["SandboxApiException", "UNEXPECTED_RESPONSE"],
        JSON.stringify(endpoint),
      );
    }
  });

  test("the key goes to the lifecycle server and never to a direct endpoint; the endpoint's headers go with every call to it", async () => {
    const token = { "X-Endpoint-Token": "t0ken", "X-Other": "o" };
    const { calls, fetch } = recorder(async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (!String(url).includes("/endpoints/")) return response;
      const endpoint = await response.json();
      return Response.json({ ...endpoint, headers: { ...endpoint.headers, ...token } });
    });
    const apiKey = server.apiKey || "some-key";
    const headers = { "Open-Sandbox-Api-Key": apiKey, "X-Mine": "mine" };
    const handle = await connect({ fetch, apiKey, headers });
    await handle.getInfo();
    await handle.health.ping();
    await handle.commands.run("echo");
    await all(handle.commands.runStream("echo"));
    const { id } = await handle.commands.run("sleep 300", { background: true });
    await handle.commands.getCommandStatus(id);
    await handle.commands.getBackgroundCommandLogs(id);
    await handle.commands.interrupt(id);
    const session = await handle.commands.createSession();
    await handle.commands.runInSession(session, "echo");
    await handle.commands.deleteSession(session);
    await handle.files.writeFiles([
      { path: "/tmp/key", data: "x" },
      { path: "/tmp/key", data: new Blob(["y"]).stream() },
    ]);
    await handle.files.readFile("/tmp/key");
    await all(handle.files.readBytesStream("/tmp/key"));
    await handle.files.listDirectory({ path: "/tmp" });
    await handle.files.deleteFiles(["/tmp/key"]);
    await handle.close();

    const home = new ConnectionConfig(server.config()).getBaseUrl();
    const lifecycle = calls.filter(({ url }) => url.startsWith(`${home}/`));
    const direct = calls.filter(({ url }) => !url.startsWith(`${home}/`));
    assert.equal(lifecycle.length, 2);
    assert.ok(direct.length >= 14, `${direct.length} calls`);
    for (const call of lifecycle) {
      assert.equal(call.headers.get(KEY), apiKey, call.url);
      assert.equal(call.headers.has("x-endpoint-token"), false, call.url);
    }
    for (const call of direct) {
      assert.equal(call.headers.has(KEY), false, call.url);
      assert.ok(![...call.headers.values()].includes(apiKey), call.url);
      assert.equal(call.headers.get("x-endpoint-token"), "t0ken", call.url);
      assert.equal(call.headers.get("x-other"), "o", call.url);
    }
    for (const call of calls) {
      assert.equal(call.headers.get("x-mine"), "mine", call.url);
      assert.ok(call.headers.get("x-request-id"), call.url);
    }
  });

  test("headers of one call are sent with it and not with the next", async () => {
    const { calls, fetch } = recorder();
    const handle = await connect({ fetch });
    await handle.getInfo({ headers: { "X-Once": "1" } });
    await handle.getInfo();
    assert.deepEqual(
      calls.slice(-2).map(({ headers }) => headers.get("x-once")),
      ["1", null],
    );
    for (const headers of [{ "X-Bad": "a\r\nEvil: 1" }, { "X Bad": "a" }]) {
      assert.equal((await rejection(handle.getInfo({ headers }))).name, "InvalidArgumentException");
    }
    await handle.close();
  });
});

test("create sends the official request, and nothing else than look-ups and pings after it", async () => {
  const { calls, fetch } = recorder((url, init) =>
    init.method === "POST" && String(url).endsWith("/sandboxes")
      ? globalThis.fetch(url, { ...init, body: init.body.replace('"img"', JSON.stringify(IMAGE)) })
      : globalThis.fetch(url, init),
  );
  const made = await Sandbox.create({ connectionConfig: server.config({ fetch }), image: "img" });
  server.adopt(made.id);
  assert.equal(
    calls[0].body,
    '{"image":{"uri":"img"},"entrypoint":["tail","-f","/dev/null"],"resourceLimits":{"cpu":"1","memory":"2Gi"},"secureAccess":false,"env":{},"metadata":{},"extensions":{},"timeout":600}',
  );
  assert.equal(calls[0].headers.get("content-type"), "application/json");
  const rest = new Set(
    calls
      .slice(1)
      .map(
        ({ method, url }) =>
          `${method} ${new URL(url).pathname.replace(/.*\/v1\/sandboxes\/[^/]*\/end/, "/v1/sandboxes/ID/end").replace(/.*\/ping$/, "/ping")}`,
      ),
  );
  assert.deepEqual(rest, new Set(["GET /v1/sandboxes/ID/endpoints/44772", "GET /ping"]));
  await made.kill();
});

describe("a value of the wrong kind is an InvalidArgumentException that names the field, and nothing is sent", () => {
  const { calls, fetch } = recorder();
  let s;
  let m;
  before(async () => {
    s = await connect({ fetch });
    m = SandboxManager.create({ connectionConfig: server.config({ fetch }) });
    calls.length = 0;
  });
  after(async () => {
    await s.close();
    await m.close();
  });

  const config = () => server.config({ fetch });
  const create = (options) => Sandbox.create({ connectionConfig: config(), image: "x", ...options });
  const connecting = (options) => Sandbox.connect({ connectionConfig: config(), sandboxId: "x", ...options });
  const nan = Number.NaN;
  /** What the message begins with, and the calls. */
  const TABLE = [
    [
      "options",
      () => Sandbox.create(),
      () => Sandbox.create(5),
      () => Sandbox.create([]),
      () => Sandbox.connect("id"),
      () => Sandbox.resume(null),
    ],
    [
      "Exactly one of image or snapshotId",
      () => create({ image: undefined }),
      () => create({ snapshotId: "s" }),
      () => create({ image: " " }),
    ],
    ["image", () => create({ image: 5 }), () => create({ image: {} }), () => create({ image: ["x"] })],
    ["snapshotId", () => create({ image: undefined, snapshotId: 5 })],
    ["entrypoint", () => create({ entrypoint: "sh" })],
    ["entrypoint[1]", () => create({ entrypoint: ["a", 5] })],
    ["env", () => create({ env: "A=1" }), () => create({ env: [] })],
    ["env.A", () => create({ env: { A: 1 } })],
    ["metadata.a", () => create({ metadata: { a: null } })],
    ["resource.cpu", () => create({ resource: { cpu: 1 } })],
    ["extensions", () => create({ extensions: 1 })],
    ["networkPolicy", () => create({ networkPolicy: "deny" })],
    ["platform", () => create({ platform: "linux" })],
    ["secureAccess", () => create({ secureAccess: "yes" })],
    ["volumes", () => create({ volumes: {} })],
    ["volumes[0].name", () => create({ volumes: [{}] })],
    ["volumes[0].mountPath", () => create({ volumes: [{ name: "v" }] })],
    [
      "Volume 'v' must specify exactly one backend",
      () => create({ volumes: [{ name: "v", mountPath: "/v" }] }),
      () => create({ volumes: [{ name: "v", mountPath: "/v", host: { path: "/" }, pvc: { claimName: "c" } }] }),
    ],
    [
      "Host path must be an absolute path",
      () => create({ volumes: [{ name: "v", mountPath: "/v", host: { path: "relative" } }] }),
    ],
    [
      "timeoutSeconds",
      () => create({ timeoutSeconds: "600" }),
      () => create({ timeoutSeconds: nan }),
      () => create({ timeoutSeconds: Number.POSITIVE_INFINITY }),
    ],
    ["readyTimeoutSeconds", () => create({ readyTimeoutSeconds: "1" }), () => connecting({ readyTimeoutSeconds: nan })],
    ["healthCheck", () => create({ healthCheck: true }), () => connecting({ healthCheck: "x" })],
    ["skipHealthCheck", () => create({ skipHealthCheck: 1 })],
    ["Ready polling interval must not be negative", () => create({ healthCheckPollingInterval: -1 })],
    [
      "signal",
      () => create({ signal: {} }),
      () => s.getInfo({ signal: "x" }),
      () => s.commands.run("x", { signal: 1 }),
    ],
    [
      "adapterFactory",
      () => create({ adapterFactory: {} }),
      () => connecting({ adapterFactory: {} }),
      () => SandboxManager.create({ adapterFactory: {} }),
    ],
    [
      "domain",
      () => create({ connectionConfig: { domain: 5 } }),
      () => create({ connectionConfig: { domain: "a b" } }),
    ],
    ["apiKey", () => create({ connectionConfig: { apiKey: 5 } })],
    [
      "connectionConfig",
      () => create({ connectionConfig: "localhost" }),
      () => SandboxManager.create({ connectionConfig: 5 }),
    ],
    [
      "sandboxId",
      () => connecting({ sandboxId: undefined }),
      () => connecting({ sandboxId: 5 }),
      () => connecting({ sandboxId: " " }),
      () => m.getSandboxInfo(),
      () => m.killSandbox(5),
      () => m.pauseSandbox({}),
      () => m.resumeSandbox(null),
      () => m.renewSandbox(1, 1),
      () => m.patchSandboxMetadata(1, {}),
    ],
    [
      "port",
      () => s.getEndpoint(),
      () => s.getEndpoint("80"),
      () => s.getEndpoint(0),
      () => s.getEndpoint(65536),
      () => s.getEndpointUrl(1.5),
    ],
    [
      "timeoutSeconds",
      () => s.renew(),
      () => s.renew("5"),
      () => s.renew(nan),
      () => m.renewSandbox("x", "5"),
      () => s.commands.run("x", { timeoutSeconds: "1" }),
      () => s.commands.run("x", { timeoutSeconds: -1 }),
      () => s.commands.runInSession("x", "y", { timeoutSeconds: nan }),
    ],
    ["patch", () => s.patchMetadata(), () => s.patchMetadata("a"), () => m.patchSandboxMetadata("x", null)],
    ["patch.a", () => s.patchMetadata({ a: 1 }), () => m.patchSandboxMetadata("x", { a: undefined })],
    ["filter", () => m.listSandboxInfos("x"), () => m.listSandboxInfos([])],
    ["states", () => m.listSandboxInfos({ states: "Running" })],
    ["states[0]", () => m.listSandboxInfos({ states: [1] })],
    ["metadata", () => m.listSandboxInfos({ metadata: "a=b" })],
    ["page", () => m.listSandboxInfos({ page: "1" })],
    [
      "call options",
      () => s.getInfo(5),
      () => s.kill("x"),
      () => s.pause([]),
      () => s.getMetrics(1),
      () => s.health.ping(1),
      () => m.getSandboxInfo("x", 1),
      () => s.files.deleteFiles(["/a"], 1),
    ],
    ["requestTimeoutSeconds", () => s.getInfo({ requestTimeoutSeconds: "5" })],
    ["headers", () => s.getInfo({ headers: "a" })],
    [
      "command",
      () => s.commands.run(),
      () => s.commands.run(5),
      () => s.commands.run(["ls"]),
      () => s.commands.runStream({}),
      () => s.commands.runInSession("x", 5),
      () => s.commands.runInSessionStream("x"),
    ],
    [
      "options",
      () => s.commands.run("x", 5),
      () => s.commands.runStream("x", "y"),
      () => s.commands.createSession("x"),
      () => s.files.readFile("/a", "utf-8"),
      () => s.waitUntilReady(5),
    ],
    [
      "workingDirectory",
      () => s.commands.run("x", { workingDirectory: 5 }),
      () => s.commands.createSession({ workingDirectory: 5 }),
      () => s.commands.runInSession("x", "y", { workingDirectory: [] }),
    ],
    ["background", () => s.commands.run("x", { background: "yes" })],
    [
      "uid",
      () => s.commands.run("x", { uid: "0" }),
      () => s.commands.run("x", { uid: -1 }),
      () => s.commands.run("x", { gid: 0 }),
    ],
    ["gid", () => s.commands.run("x", { uid: 0, gid: 0.5 })],
    ["envs", () => s.commands.run("x", { envs: ["A=1"] })],
    ["envs.A", () => s.commands.run("x", { envs: { A: 1 } })],
    ["onAbort", () => s.commands.run("x", { onAbort: "kill" }), () => s.commands.run("x", { onAbort: 1 })],
    ["handlers", () => s.commands.run("x", {}, () => {}), () => s.commands.run("x", {}, "y")],
    [
      "onStdout",
      () => s.commands.run("x", {}, { onStdout: "y" }),
      () => s.commands.runInSession("x", "y", {}, { onStdout: 1 }),
    ],
    ["skipAccumulation", () => s.commands.run("x", {}, { skipAccumulation: 1 })],
    [
      "sessionId",
      () => s.commands.interrupt(),
      () => s.commands.runInSession(5, "x"),
      () => s.commands.deleteSession({}),
    ],
    ["commandId", () => s.commands.getCommandStatus(), () => s.commands.getBackgroundCommandLogs(5)],
    [
      "cursor",
      () => s.commands.getBackgroundCommandLogs("x", "5"),
      () => s.commands.getBackgroundCommandLogs("x", -1),
      () => s.commands.getBackgroundCommandLogs("x", 1.5),
    ],
    [
      "paths",
      () => s.files.getFileInfo(),
      () => s.files.getFileInfo("/a"),
      () => s.files.deleteFiles("/a"),
      () => s.files.deleteDirectories({}),
    ],
    [
      "paths[1]",
      () => s.files.getFileInfo(["/a", 5]),
      () => s.files.deleteFiles(["/a", ""]),
      () => s.files.deleteDirectories(["/a", null]),
    ],
    ["entry", () => s.files.search(), () => s.files.search("/a"), () => s.files.listDirectory("/a")],
    [
      "path",
      () => s.files.readFile(),
      () => s.files.readBytes(5),
      () => s.files.readBytesStream(""),
      () => s.files.download(),
      () => s.files.download(""),
      () => s.files.downloadDirectory(["/a"]),
      () => s.files.search({}),
      () => s.files.listDirectory({ path: 5 }),
    ],
    ["pattern", () => s.files.search({ path: "/a", pattern: /x/ })],
    [
      "depth",
      () => s.files.listDirectory({ path: "/a", depth: "1" }),
      () => s.files.listDirectory({ path: "/a", depth: -1 }),
    ],
    ["encoding", () => s.files.readFile("/a", { encoding: 8 })],
    ["range", () => s.files.readFile("/a", { range: [0, 5] }), () => s.files.readBytes("/a", { range: {} })],
    ["offset", () => s.files.readFile("/a", { offset: "1" }), () => s.files.readBytesStream("/a", { offset: 0 })],
    ["limit", () => s.files.readBytes("/a", { limit: -1 })],
    [
      "maxResumes",
      () => s.files.download("/a", { maxResumes: "5" }),
      () => s.files.download("/a", { maxResumes: 0.5 }),
      () => s.files.download("/a", { maxResumes: Number.NaN }),
    ],
    ["options", () => s.files.download("/a", "x"), () => s.files.readBytes("/a", 5)],
    ["call options", () => s.files.downloadDirectory("/a", 5), () => s.files.uploadAll([], "x")],
    ["signal", () => s.files.download("/a", { signal: 5 }), () => s.files.uploadAll([], { signal: {} })],
    [
      "concurrency",
      () => s.files.uploadAll([], { concurrency: "4" }),
      () => s.files.uploadAll([], { concurrency: -1 }),
    ],
    [
      "onProgress",
      () => s.files.writeFiles([], { onProgress: true }),
      () => s.files.uploadAll([], { onProgress: {} }),
      () => s.files.download("/a", { onProgress: "x" }),
      () => s.files.readFile("/a", { onProgress: 5 }),
    ],
    [
      "entries",
      () => s.files.writeFiles(),
      () => s.files.writeFiles({ path: "/a" }),
      () => s.files.uploadAll(),
      () => s.files.uploadAll("/a"),
      () => s.files.uploadAll({ path: "/a" }),
      () => s.files.moveFiles({}),
      () => s.files.createDirectories("/a"),
      () => s.files.setPermissions(),
      () => s.files.replaceContents(5),
      () => s.files.replaceContentsDetailed({}),
    ],
    [
      "entries[0]",
      () => s.files.writeFiles(["/a"]),
      () => s.files.uploadAll(["/a"]),
      () => s.files.moveFiles([null]),
      () => s.files.createDirectories(["/a"]),
    ],
    [
      "entries[0].path",
      () => s.files.writeFiles([{}]),
      () => s.files.createDirectories([{ path: 5 }]),
      () => s.files.setPermissions([{ mode: 644 }]),
      () => s.files.replaceContents([{}]),
    ],
    [
      "entries[0].data",
      () => s.files.writeFiles([{ path: "/a", data: 5 }]),
      () => s.files.writeFiles([{ path: "/a", data: { x: 1 } }]),
      () => s.files.writeFiles([{ path: "/a", data: ["x"] }]),
    ],
    ["entries[1].mode", () => s.files.writeFiles([{ path: "/a" }, { path: "/b", mode: "644" }])],
    ["entries[0].owner", () => s.files.setPermissions([{ path: "/a", mode: 644, owner: 0 }])],
    ["entries[0].group", () => s.files.createDirectories([{ path: "/a", group: 0 }])],
    ["entries[0].src", () => s.files.moveFiles([{ dest: "/a" }]), () => s.files.moveFiles([{ src: "", dest: "/a" }])],
    ["entries[0].dest", () => s.files.moveFiles([{ src: "/a" }])],
    [
      "entries[0].oldContent",
      () => s.files.replaceContents([{ path: "/a", newContent: "x" }]),
      () => s.files.replaceContents([{ path: "/a", oldContent: "", newContent: "x" }]),
    ],
    ["entries[0].newContent", () => s.files.replaceContentsDetailed([{ path: "/a", oldContent: "x" }])],
  ];
  for (const [field, ...bad] of TABLE) {
    test(field, async () => {
      calls.length = 0;
      for (const call of bad) {
        const what = String(call).slice(6);
        const error = await rejection(
          (async () => {
            const made = call();
            return made?.[Symbol.asyncIterator] ? all(made) : made;
          })(),
        );
        assert.equal(error?.name, "InvalidArgumentException", `${what}: ${error}`);
        assert.equal(error.code, "INVALID_ARGUMENT", what);
        assert.ok(error.message.startsWith(field), `${what}: ${error.message}`);
      }
      assert.deepEqual(calls, [], "something was sent");
    });
  }
});
