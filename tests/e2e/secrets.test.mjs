// What is told of requests, and what is not: lines for a log, errors and the console hold no key, no token, no value of a
// header, and no whole id of a sandbox where that would open its ports.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import * as sdk from "opensandbox-wasm";
import { prepare, STEPS } from "./scenario.mjs";
import { IMAGE, rejection, startServer, unique } from "./server.mjs";

const { ConnectionConfig, Sandbox, SandboxManager } = sdk;
const HEADERS = { "X-Gateway-Token": `gateway-${unique()}`, Authorization: `Bearer bearer-${unique()}` };
const CALL_HEADERS = { "X-Call-Token": `call-${unique()}` };
const mark = unique();

let server;
let config;
let secrets;
let sandbox;
let manager;
/** What the steps of the day use up. */
let day;
const lines = [];
const printed = [];
const logger = {};
for (const level of ["debug", "info", "warn", "error"]) logger[level] = (line) => lines.push(`${level} ${line}`);
const consoles = ["debug", "info", "log", "warn", "error"].map((name) => [name, console[name]]);

before(async () => {
  server = await startServer();
  for (const [name] of consoles) console[name] = (...args) => printed.push(args.map(String).join(" "));
  config = new ConnectionConfig(server.config({ headers: HEADERS, logger, retry: { initialDelayMillis: 1 } }));
  manager = SandboxManager.create({ connectionConfig: config });
  sandbox = await Sandbox.create({ connectionConfig: config, image: IMAGE, headers: CALL_HEADERS });
  day = await prepare(sdk, config, IMAGE, mark);
  for (const { id } of [sandbox, day.sandbox]) server.adopt(id);
  const { headers } = await sandbox.getEndpoint(44772);
  secrets = [server.apiKey, ...Object.values({ ...HEADERS, ...CALL_HEADERS }), HEADERS.Authorization.slice(7)];
  secrets.push(...Object.values(headers));
  assert.ok(secrets.length > 5 && secrets.every((secret) => secret.length > 8), "the sandbox has a token, too");
});
after(async () => {
  for (const [name, original] of consoles) console[name] = original;
  await manager?.close();
  await sandbox?.close();
  await server?.stop();
});

const leaks = (text) => secrets.filter((secret) => text.includes(secret));
/** All ways in which an error may get into a log. */
function shown(error) {
  const parts = [String(error), error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })];
  for (let { cause } = error; cause; { cause } = cause) parts.push(String(cause), cause.stack, inspect(cause));
  return [...parts, JSON.stringify({ ...error }), inspect(error, { showHidden: true, depth: 9 })].join("\n");
}

describe("an ordinary day", () => {
  for (const [name, step] of Object.entries(STEPS)) {
    test(name, () => step(day));
  }
});

describe("a bad day", () => {
  const busy = (status) => async (url, init) =>
    url.includes("/endpoints/") ? fetch(url, init) : new Response(JSON.stringify(init.headers), { status });
  const handle = (fetch) =>
    Sandbox.connect({ connectionConfig: { ...config, fetch }, sandboxId: sandbox.id, skipHealthCheck: true });
  const hang = (path) => (url, init) => (url.endsWith(path) ? new Promise(() => {}) : fetch(url, init));
  /** A server that repeats what it was sent, in every shape that an error's body has. */
  const ECHOES = [
    (said) => JSON.stringify({ code: "ECHO", message: said }),
    (said) => JSON.stringify({ error: said }),
    (said) => JSON.stringify({ detail: [{ loc: ["header"], msg: said, input: said }] }),
    (said) => said,
  ];
  const call = { headers: CALL_HEADERS };
  /** Code of the error, and what makes it. */
  const FAILURES = {
    "a file that is missing": ["FILE_NOT_FOUND", () => sandbox.files.readFile("/none", {}, call)],
    "a sandbox that is missing": ["DOCKER::SANDBOX_NOT_FOUND", () => manager.getSandboxInfo("none", call)],
    "a wrong argument": [
      "INVALID_ARGUMENT",
      () => sandbox.files.readFile("/a", {}, { headers: { "X-Call-Token": `${secrets[2]}\n` } }),
    ],
    "a wrong header": ["INVALID_ARGUMENT", () => sandbox.getInfo({ headers: { "X Call": secrets[2] } })],
    "a time-out": [
      "REQUEST_TIMEOUT",
      async () => (await handle(hang("/command"))).commands.run("x", { startTimeoutSeconds: 0.01 }, {}, call),
    ],
    "an abort": ["ABORTED", () => manager.listSandboxInfos({}, { signal: AbortSignal.abort(), ...call })],
    "a limit": [
      "REQUEST_TIMEOUT",
      async () => (await handle(hang("/ping"))).health.ping({ requestTimeoutSeconds: 0.01, ...call }),
    ],
    "a key that is wrong": [
      "INVALID_API_KEY",
      () => SandboxManager.create({ connectionConfig: { ...config, apiKey: secrets[2] } }).listSandboxInfos(),
    ],
    "a server that is not there": [
      "NETWORK_ERROR",
      () =>
        SandboxManager.create({ connectionConfig: { ...config, domain: "127.0.0.1:1" } }).listSandboxInfos({}, call),
    ],
    "an exit code": ["NON_ZERO_EXIT", () => sandbox.commands.run("exit 3", { throwOnNonZero: true }, {}, call)],
    "a server that is busy and repeats the headers": [
      "UNEXPECTED_RESPONSE",
      async () => (await handle(busy(503))).files.readFile("/a", {}, call),
    ],
    "a stream that is cut": [
      "STREAM_INTERRUPTED",
      async () => {
        const cut = async (url, init) => {
          if (url.endsWith("/command")) return new Response('{"type":"init","text":"none","timestamp":1}\n\n');
          return fetch(url, init);
        };
        return (await handle(cut)).commands.run("x", {}, {}, call);
      },
    ],
  };
  for (const [index, shape] of ECHOES.entries()) {
    const make = () => {
      const fetch = async (_, { headers }) =>
        new Response(
          shape(
            Object.entries(headers)
              .map(([name, value]) => `${name}: ${value}`)
              .join(", "),
          ),
          { status: 500 },
        );
      return SandboxManager.create({ connectionConfig: { ...config, fetch } }).listSandboxInfos({}, call);
    };
    FAILURES[`an echo of all headers, shape ${index + 1}`] = [index === 0 ? "ECHO" : "UNEXPECTED_RESPONSE", make];
  }
  for (const [what, [code, fail]] of Object.entries(FAILURES)) {
    test(what, async () => {
      const error = await rejection(fail());
      assert.equal(error.code, code, String(error));
      assert.deepEqual(leaks(shown(error)), []);
    });
  }

  test("a fetch whose own error repeats the headers: the message does not; the cause is the caller's", async () => {
    const fetch = async (_, { headers }) => {
      throw new Error(JSON.stringify(headers));
    };
    const other = SandboxManager.create({ connectionConfig: { ...config, fetch } });
    const error = await rejection(other.listSandboxInfos({}, call));
    assert.equal(error.code, "NETWORK_ERROR");
    assert.deepEqual(leaks(error.message + error.stack), []);
    assert.match(error.message, /\*\*\*/);
  });

  test("an error of ours about an address has no whole id of a sandbox", async () => {
    const away = await handle(async (url, init) => {
      if (url.includes("/endpoints/"))
        return Response.json({ endpoint: `127.0.0.1:1/sandboxes/${sandbox.id}/proxy/44772` });
      return fetch(url, init);
    });
    const error = await rejection(away.files.readFile("/a"));
    assert.match(error.message, /127\.0\.0\.1:1\/sandboxes\/\S+…\/proxy\/44772\/files\/download/);
    assert.ok(!error.message.includes(sandbox.id));
  });
});

describe("after all that", () => {
  test("no line of the log has a secret, a query, a host or a whole id of a sandbox", () => {
    assert.ok(lines.length > 50, `${lines.length} lines`);
    for (const line of lines) {
      assert.deepEqual(leaks(line), [], line);
      assert.ok(!line.includes(sandbox.id) && !line.includes("?") && !line.includes(server.domain), line);
    }
  });

  test("each request has its line", () => {
    const [id] = sandbox.id.split("-");
    const shape =
      /^debug \[opensandbox\] (GET|POST|PATCH|DELETE) \/\S+ -> (\d{3}|no answer) in \d+ ms, request [\w-]+, attempt \d$/;
    const requests = lines.filter((line) => line.startsWith("debug"));
    for (const line of requests) assert.match(line, shape);
    assert.ok(requests.some((line) => line.includes(` GET /v1/sandboxes/${id.slice(0, 8)}…/endpoints/44772 -> 200`)));
    assert.ok(requests.some((line) => line.includes(" POST /command -> 200")));
    assert.ok(requests.some((line) => line.includes(" GET /files/download -> 404")));
    assert.ok(
      requests.some((line) => line.endsWith("attempt 3")),
      "the busy server was asked three times",
    );
    const repeats = lines.filter((line) => line.startsWith("warn"));
    assert.ok(repeats.length >= 2, `${repeats}`);
    for (const line of repeats) {
      assert.match(line, /GET \/\S+: (503|no answer), attempt \d of 3 follows in \d+ ms, request [\w-]+$/);
    }
  });

  test("nothing was printed on the console", () => assert.deepEqual(printed, []));

  test("without a logger, debug prints the same lines with console.log", async () => {
    const loud = SandboxManager.create({ connectionConfig: server.config({ debug: true, headers: HEADERS }) });
    await loud.getSandboxInfo(sandbox.id);
    assert.equal(printed.length, 1, `${printed}`);
    assert.match(printed[0], /^\[opensandbox\] GET \/v1\/sandboxes\/\S+… -> 200 in \d+ ms, request [\w-]+, attempt 1$/);
    assert.deepEqual(leaks(printed.pop()), []);
  });

  test("a logger that throws or rejects disturbs nothing", async () => {
    for (const log of [
      () => {
        throw new Error("disk full");
      },
      () => Promise.reject(new Error("disk full")),
    ]) {
      const connectionConfig = server.config({ logger: { debug: log, info: log, warn: log, error: log } });
      const other = await Sandbox.connect({ connectionConfig, sandboxId: sandbox.id });
      assert.equal((await other.commands.run("echo on")).stdout, "on\n");
      assert.equal((await rejection(other.files.readFile("/none"))).statusCode, 404);
      await other.close();
    }
  });

  test("a configuration with a logger shows neither it nor what it holds", () => {
    const given = new ConnectionConfig({ logger: { ...logger, token: secrets[0] } });
    assert.deepEqual(leaks(JSON.stringify(given) + inspect(given, { depth: 9 })), []);
  });
});
