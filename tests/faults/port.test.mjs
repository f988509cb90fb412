// waitForPort: which answers are a program's and which a proxy's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, outcome, using } from "./fault-server.mjs";

const ENDPOINT = "GET /v1/sandboxes/s1/endpoints/8000";
const options = { timeoutSeconds: 20, intervalMillis: 5 };

/** Runs `work` with a port whose answers come from `list`, one after another, the last one for good. */
async function withPort(list, work, path = "/") {
  let asked = 0;
  const routes = {
    [ENDPOINT]: (request, response) =>
      json(response, 200, { endpoint: `${request.headers.host}/execd/port`, headers: { "X-Port": "p" } }),
    [`GET /port${path}`]: (request, response, more) => {
      assert.equal(request.headers["x-port"], "p");
      assert.equal(request.headers["open-sandbox-api-key"], undefined);
      return list[Math.min(asked++, list.length - 1)](request, response, more);
    },
  };
  await using(routes, async (sandbox) => work(sandbox, () => asked));
}

const plain =
  (status, text = "") =>
  (_, response) => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(text);
  };
const coded = (status, code) => (_, response) => json(response, status, { code, message: "m" });
const NOT_YET = [
  plain(502, "Bad Gateway\n"),
  coded(502, "BACKEND_CONNECTION_FAILED"),
  coded(502, "GENERAL::UNKNOWN_ERROR"),
  coded(504, "BACKEND_TIMEOUT"),
  coded(500, "GENERAL::UNKNOWN_ERROR"),
  coded(500, "DOCKER::NETWORK_MODE_ENDPOINT_UNAVAILABLE"),
  plain(503, "OpenSandbox Ingress: not ready\n"),
  (request) => request.socket.destroy(),
];

test("it waits while proxies answer for the program, and ends with the program's first answer", async () => {
  await withPort([...NOT_YET, plain(200, "up")], async (sandbox, asked) => {
    assert.equal(await sandbox.waitForPort(8000, options), undefined);
    assert.equal(asked(), NOT_YET.length + 1);
  });
});

test("every answer of a program will do, also an error, a redirect, or one that never ends", async () => {
  const endless = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  };
  const redirect = (_, response) => response.writeHead(302, { location: "/login" }).end();
  for (const answer of [plain(404, "no"), plain(401), plain(500, "boom"), plain(503), redirect, endless]) {
    await withPort([answer], async (sandbox, asked) => {
      await sandbox.waitForPort(8000, options);
      assert.equal(asked(), 1);
    });
  }
});

test("a path of the caller's is asked for, its query included", async () => {
  let query;
  const answer = (_, response, { url }) => {
    query = url.search;
    response.end();
  };
  await withPort(
    [answer],
    (sandbox) => sandbox.waitForPort(8000, { ...options, path: "/health/x?deep=1" }),
    "/health/x",
  );
  assert.equal(query, "?deep=1");
});

test("too long is a typed error with the last problem; 0 seconds are one attempt", async () => {
  await withPort([plain(502, "Bad Gateway\n")], async (sandbox, asked) => {
    const { error } = await outcome(sandbox.waitForPort(8000, { timeoutSeconds: 1, intervalMillis: 5 }));
    assert.deepEqual([error.name, error.code], ["SandboxReadyTimeoutException", "READY_TIMEOUT"]);
    assert.match(error.message, /^Nothing answered at port 8000 within 1000 ms \(\d+ attempts\)\. The last one: /);
    assert.equal(error.cause.statusCode, 502);
    const before = asked();
    assert.equal((await outcome(sandbox.waitForPort(8000, { timeoutSeconds: 0 }))).error?.code, "READY_TIMEOUT");
    assert.equal(asked(), before + 1);
  });
  // An attempt that the limit cuts off does not hide what the one before it said.
  await withPort([plain(502), () => {}], async (sandbox) => {
    const { error } = await outcome(sandbox.waitForPort(8000, { timeoutSeconds: 1, intervalMillis: 5 }));
    assert.equal(error.cause.statusCode, 502);
  });
  await withPort([plain(200)], (sandbox) => sandbox.waitForPort(8000, { timeoutSeconds: 0 }));
  // One that accepts and says nothing is cut at the limit, too.
  await withPort([() => {}], async (sandbox) => {
    const { error } = await outcome(sandbox.waitForPort(8000, { timeoutSeconds: 0.1 }));
    assert.deepEqual([error.code, error.cause.code], ["READY_TIMEOUT", "REQUEST_TIMEOUT"]);
  });
});

test("an abort, a close and a sandbox that is gone end the waiting", async () => {
  const reason = new Error("enough");
  await withPort([plain(502)], async (sandbox) => {
    const controller = new AbortController();
    const waiting = outcome(sandbox.waitForPort(8000, { ...options, signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 20);
    const { error } = await waiting;
    assert.deepEqual([error?.code, error?.cause], ["ABORTED", reason]);
    assert.equal((await outcome(sandbox.waitForPort(8000, AbortSignal.timeout(20)))).error?.code, "ABORTED");
    const other = outcome(sandbox.waitForPort(8000, options));
    setTimeout(() => sandbox.close(), 20);
    assert.equal((await other).error?.code, "CLOSED");
  });
  await withPort([plain(502), coded(404, "DOCKER::SANDBOX_NOT_FOUND")], async (sandbox) => {
    assert.equal((await outcome(sandbox.waitForPort(8000, options))).error?.code, "DOCKER::SANDBOX_NOT_FOUND");
  });
});

test("wrong values name themselves", async () => {
  await using({}, async (sandbox, { seen }) => {
    const sent = seen.length;
    for (const [call, field] of [
      [() => sandbox.waitForPort(), "port"],
      [() => sandbox.waitForPort("80"), "port"],
      [() => sandbox.waitForPort(65_536), "port"],
      [() => sandbox.waitForPort(80, 5), "call options, or a signal,"],
      [() => sandbox.waitForPort(80, { timeoutSeconds: "5" }), "timeoutSeconds"],
      [() => sandbox.waitForPort(80, { timeoutSeconds: Number.NaN }), "timeoutSeconds"],
      [() => sandbox.waitForPort(80, { intervalMillis: null, path: 5 }), "path"],
      [() => sandbox.waitForPort(80, { intervalMillis: "x" }), "intervalMillis"],
      ...["x", "", "/../x", "/a/%2E%2e/b", "/a#b", "/a b", "/a\\..\\b"].map((path) => [
        () => sandbox.waitForPort(80, { path }),
        "path",
      ]),
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", String(call));
      assert.ok(error.message.startsWith(`${field} `), error.message);
    }
    assert.equal(seen.length, sent);
  });
});

test("a look-up that is refused says nothing of the port", async (t) => {
  for (const [name, answer, code] of [
    ["an error of the server", coded(401, "UNAUTHORIZED"), "UNAUTHORIZED"],
    ["a redirect", (_, response) => response.writeHead(302, { location: "/elsewhere" }).end(), "REDIRECT_REFUSED"],
    ["a gateway's words", plain(502, "Bad Gateway"), "UNEXPECTED_RESPONSE"],
  ]) {
    await t.test(name, async () => {
      const routes = { [ENDPOINT]: answer };
      await using(routes, async (sandbox) => {
        const { error } = await outcome(sandbox.waitForPort(8000, { ...options, retry: false }));
        assert.equal(error?.code, code);
      });
    });
  }
});
