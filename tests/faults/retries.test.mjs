// What is asked again after a failure, when, and what is told of it; and addresses that have gone out of date.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { Sandbox, SandboxManager } from "opensandbox-wasm";
import { faultServer, init, json, noUnhandledRejections, outcome, streamOf, until, using } from "./fault-server.mjs";

noUnhandledRejections();

const INFO = "GET /v1/sandboxes/s1";
const KILL = "DELETE /v1/sandboxes/s1";
const CREATE = "POST /v1/sandboxes";
const PAUSE = "POST /v1/sandboxes/s1/pause";
const PATCH = "PATCH /v1/sandboxes/s1/metadata";
const LOOK_UP = "GET /v1/sandboxes/s1/endpoints/44772";
const READ = "GET /files/download";
const quick = { initialDelayMillis: 1, maxDelayMillis: 2 };
const sandboxInfo = (response) => json(response, 200, { id: "s1", createdAt: "2026-01-01T00:00:00Z", status: {} });

/** Answers the first `times` requests with a failure, the rest with `then`. */
const failing = (times, fail, then) => {
  let count = 0;
  return (request, response, more) => (count++ < times ? fail : then)(request, response, more);
};
const refuse =
  (status, headers = {}) =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end('{"code":"BUSY","message":"come back"}');
  };
const reset = (_, response) => response.socket.resetAndDestroy();
const fine = (_, response) => response.end();

/** A manager on a scripted server. */
async function managing(routes, work, options = {}) {
  const server = await faultServer(routes);
  const manager = SandboxManager.create({ connectionConfig: { ...server.config, retry: quick, ...options } });
  try {
    return await work(manager, server);
  } finally {
    await manager.close();
    await server.close();
  }
}

describe("a request that fails for a while", () => {
  for (const status of [429, 502, 503, 504]) {
    test(`with ${status} is sent three times in all, and onRetry is told`, async () => {
      const told = [];
      const retry = { ...quick, onRetry: (info) => told.push(info) };
      const routes = {
        [INFO]: failing(2, refuse(status, { "x-request-id": "from-server" }), (_, r) => sandboxInfo(r)),
      };
      await managing(routes, async (manager, server) => {
        assert.equal((await manager.getSandboxInfo("s1", { retry })).id, "s1");
        assert.equal(server.count(INFO), 3);
        const ids = server.seen.map(({ headers }) => headers["x-request-id"]);
        assert.equal(new Set(ids).size, 3, "each attempt is a request of its own");
      });
      assert.deepEqual(
        told.map(({ delayMillis, ...info }) => info),
        [1, 2].map((attempt) => ({
          attempt,
          attempts: 3,
          method: "GET",
          path: "/v1/sandboxes/…",
          statusCode: status,
          requestId: "from-server",
        })),
      );
      for (const { delayMillis } of told) assert.ok(delayMillis >= 0 && delayMillis <= 2, String(delayMillis));
    });
  }

  test("for longer gives the last error", async () => {
    await managing({ [INFO]: refuse(503) }, async (manager, { count }) => {
      const { error } = await outcome(manager.getSandboxInfo("s1"));
      assert.deepEqual([error.code, error.statusCode, error.message], ["BUSY", 503, "come back"]);
      assert.equal(count(INFO), 3);
    });
  });

  test("without an answer, or with half of one, is sent again", async () => {
    const half = (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.socket.destroy());
    };
    const told = [];
    const retry = { ...quick, attempts: 4, onRetry: (info) => told.push(info) };
    let count = 0;
    const routes = {
      [LOOK_UP]: failing(1, refuse(502), (request, response) =>
        json(response, 200, { endpoint: `${request.headers.host}/execd` }),
      ),
      [READ]: (request, response, more) =>
        [reset, half, half, (_, r) => r.end("whole")][count++](request, response, more),
    };
    await using(
      routes,
      async (sandbox, server) => {
        assert.equal(await sandbox.files.readFile("/a"), "whole");
        assert.equal(server.count(READ), 4);
      },
      { retry },
    );
    const [lookUp, ...reads] = told;
    assert.deepEqual([lookUp.statusCode, lookUp.error, lookUp.path.slice(-16)], [502, undefined, "/endpoints/44772"]);
    for (const { error, statusCode, path, method, requestId } of reads) {
      assert.deepEqual([error.code, statusCode, path, method], ["NETWORK_ERROR", undefined, "/files/download", "GET"]);
      assert.equal(requestId, error.requestId);
    }
  });

  test("but with another status, or an answer that is none, is not", async () => {
    for (const answer of [refuse(500), refuse(408), refuse(404), (_, response) => response.end("no json")]) {
      await managing({ [INFO]: answer }, async (manager, { count }) => {
        assert.ok((await outcome(manager.getSandboxInfo("s1"))).error);
        assert.equal(count(INFO), 1);
      });
    }
  });

  test("and is a POST or PATCH is sent again only when asked for, and never when its answer got lost", async () => {
    for (const [route, call] of [
      [PAUSE, (manager, options) => manager.pauseSandbox("s1", options)],
      [PATCH, (manager, options) => manager.patchSandboxMetadata("s1", { a: "b" }, options)],
    ]) {
      for (const [fail, retryPost, times] of [
        [refuse(503), undefined, 1],
        [refuse(503), false, 1],
        [refuse(503), true, 3],
        [reset, true, 1],
      ]) {
        await managing({ [route]: fail }, async (manager, { count }) => {
          assert.ok((await outcome(call(manager, { retry: { retryPost } }))).error);
          assert.equal(count(route), times, `${route} ${fail.name} ${retryPost}`);
        });
      }
    }
  });

  test("and is a DELETE that finds nothing the second time has succeeded", async () => {
    for (const fail of [refuse(504), reset]) {
      await managing({ [KILL]: failing(1, fail, refuse(404)) }, async (manager, { count }) => {
        assert.equal(await manager.killSandbox("s1"), undefined);
        assert.equal(count(KILL), 2);
      });
    }
    await managing({ [KILL]: refuse(404) }, async (manager, { count }) => {
      assert.equal((await outcome(manager.killSandbox("s1"))).error.statusCode, 404);
      assert.equal(count(KILL), 1);
    });
  });
});

describe("what is never sent again", () => {
  const often = { retry: { ...quick, attempts: 9, retryPost: true } };
  const CALLS = {
    "a ping": ["GET /ping", (sandbox) => sandbox.health.ping(often)],
    "a run": ["POST /command", (sandbox) => sandbox.commands.run("x", {}, {}, often)],
    "an interrupt": ["DELETE /command", (sandbox) => sandbox.commands.interrupt("x", often)],
    "the opening of a download": [
      READ,
      (sandbox) => sandbox.files.readBytesStream("/a", {}, often)[Symbol.asyncIterator]().next(),
    ],
    "an upload of a stream": [
      "POST /files/upload",
      (sandbox) => sandbox.files.writeFiles([{ path: "/a", data: once() }], often),
    ],
  };
  async function* once() {
    yield "bytes";
  }
  for (const [what, [route, call]] of Object.entries(CALLS)) {
    test(what, async () => {
      await using(
        { [route]: refuse(503) },
        async (sandbox, { count }) => {
          assert.equal((await outcome(call(sandbox))).error?.statusCode, 503);
          assert.equal(count(route), 1);
        },
        often,
      );
    });
  }

  test("but an upload of bytes is, when asked for", async () => {
    const bodies = [];
    const routes = {
      "POST /files/upload": failing(1, refuse(503), (_, response, { body }) => {
        bodies.push(body);
        response.end();
      }),
    };
    await using(routes, async (sandbox) => {
      await sandbox.files.writeFiles([{ path: "/a", data: "bytes" }], often);
    });
    assert.match(bodies[0], /bytes/);
  });

  test("nor a ping of the readiness check, which goes its own pace", async () => {
    const told = [];
    const server = await faultServer({ "GET /ping": failing(3, refuse(503), fine) });
    const options = { sandboxId: "s1", healthCheckPollingInterval: 1, retry: { onRetry: (info) => told.push(info) } };
    await Sandbox.connect({ connectionConfig: server.config, ...options });
    assert.deepEqual([server.count("GET /ping"), told], [4, []]);
    await server.close();
  });
});

describe("retry", () => {
  test("false turns it off, for the configuration and for a call; a call can turn it on again", async () => {
    const cases = [
      [false, undefined, 1],
      [quick, false, 1],
      [false, { ...quick }, 3],
      [{ ...quick, attempts: 2 }, true, 2],
      [{ ...quick, attempts: 2 }, undefined, 2],
      [{ ...quick, attempts: 2 }, { attempts: 5 }, 5],
      [quick, { attempts: 1 }, 1],
      [quick, null, 3],
    ];
    for (const [whole, retry, times] of cases) {
      await managing(
        { [INFO]: refuse(503) },
        async (manager, { count }) => {
          await outcome(manager.getSandboxInfo("s1", { retry }));
          assert.equal(count(INFO), times, JSON.stringify([whole, retry]));
        },
        { retry: whole },
      );
    }
  });

  test("of a wrong kind is refused by name, at once and wherever it is given", async () => {
    await managing({}, async (manager, { seen, config }) => {
      for (const [retry, field] of [
        [3, "retry"],
        ["yes", "retry"],
        [[], "retry"],
        [{ attempts: "3" }, "retry.attempts"],
        [{ attempts: 0 }, "retry.attempts"],
        [{ attempts: 1.5 }, "retry.attempts"],
        [{ attempts: 1e9 }, "retry.attempts"],
        [{ initialDelayMillis: -1 }, "retry.initialDelayMillis"],
        [{ maxDelayMillis: Number.NaN }, "retry.maxDelayMillis"],
        [{ maxRetryAfterMillis: Number.POSITIVE_INFINITY }, "retry.maxRetryAfterMillis"],
        [{ retryPost: "no" }, "retry.retryPost"],
        [{ onRetry: {} }, "retry.onRetry"],
      ]) {
        const wrong = { code: "INVALID_ARGUMENT", message: new RegExp(`^${field.replace(".", "\\.")} must be `) };
        await assert.rejects(manager.getSandboxInfo("s1", { retry }), wrong);
        assert.throws(() => SandboxManager.create({ connectionConfig: { ...config, retry } }), wrong);
      }
      assert.equal(seen.length, 0);
    });
  });

  test("waits as long as Retry-After says, in seconds or as a date, up to a minute", async () => {
    const date = "Fri, 01 Jan 2027 00:00:00 GMT";
    for (const [headers, delay] of [
      [{ "retry-after": "7" }, 7000],
      [{ "retry-after": "60" }, 60_000],
      [{ "retry-after": "Fri, 01 Jan 2027 00:00:09 GMT", date }, 9000],
      [{ "retry-after": "Thu, 31 Dec 2026 00:00:09 GMT", date }, 0],
      [{ "retry-after": "61" }, undefined],
      [{ "retry-after": "Fri, 01 Jan 2027 00:02:00 GMT", date }, undefined],
    ]) {
      await managing({ [INFO]: refuse(429, headers) }, async (manager, { count }) => {
        const controller = new AbortController();
        const told = [];
        const onRetry = ({ delayMillis }) => {
          told.push(delayMillis);
          controller.abort();
        };
        const { signal } = controller;
        const { error } = await outcome(
          manager.getSandboxInfo("s1", { signal, retry: { onRetry }, requestTimeoutSeconds: 0 }),
        );
        assert.equal(error.code, delay === undefined ? "BUSY" : "ABORTED", JSON.stringify(headers));
        assert.deepEqual([told, count(INFO)], [delay === undefined ? [] : [delay], 1]);
      });
    }
  });

  test("never waits past the time of the call, and never at all when that is over", async () => {
    await managing({ [INFO]: refuse(503, { "retry-after": "5" }) }, async (manager, { count }) => {
      const { error } = await outcome(manager.getSandboxInfo("s1", { requestTimeoutSeconds: 4 }));
      assert.deepEqual([error.code, count(INFO)], ["BUSY", 1]);
    });
    const hang = failing(1, refuse(503), () => {});
    await managing({ [INFO]: hang }, async (manager, { count }) => {
      const { error } = await outcome(manager.getSandboxInfo("s1", { requestTimeoutSeconds: 0.3 }));
      assert.deepEqual([error.code, count(INFO)], ["REQUEST_TIMEOUT", 2]);
      assert.match(error.message, /within 300 ms/, "the whole of it");
    });
  });

  test("is aborted and closed while it waits, and leaves no timer behind", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await managing({ [INFO]: refuse(503, { "retry-after": "50" }) }, async (manager, { count }) => {
      const before = timers();
      const controller = new AbortController();
      const reason = new Error("mine");
      const onRetry = () => setImmediate(() => controller.abort(reason));
      const { error } = await outcome(
        manager.getSandboxInfo("s1", { signal: controller.signal, retry: { onRetry }, requestTimeoutSeconds: 0 }),
      );
      assert.deepEqual([error.code, error.cause, count(INFO)], ["ABORTED", reason, 1]);
      const closing = { retry: { onRetry: () => setImmediate(() => manager.close()) }, requestTimeoutSeconds: 0 };
      assert.equal((await outcome(manager.getSandboxInfo("s1", closing))).error.code, "CLOSED");
      await until(() => timers() <= before, "no timer is left");
    });
  });

  test("takes its options from a prototype, too", async () => {
    const told = [];
    class Policy {
      get attempts() {
        return 2;
      }
      get initialDelayMillis() {
        return 1;
      }
      onRetry(info) {
        told.push(info.attempts);
      }
    }
    await managing({ [INFO]: refuse(503) }, async (manager, { count }) => {
      const { error } = await outcome(manager.getSandboxInfo("s1", { retry: new Policy() }));
      assert.deepEqual([error.statusCode, count(INFO), told], [503, 2, [2]]);
    });
  });

  test("an answer without a status is an answer", async () => {
    let calls = 0;
    const fetch = async () => {
      calls++;
      return Response.error();
    };
    await managing(
      {},
      async (manager) => {
        const { error } = await outcome(manager.getSandboxInfo("s1"));
        assert.equal(error.name, "SandboxApiException");
        assert.equal(calls, 1);
      },
      { fetch },
    );
  });

  test("lets onRetry end the call by throwing", async () => {
    const mine = new Error("enough");
    const onRetry = () => {
      throw mine;
    };
    await managing({ [INFO]: refuse(503) }, async (manager, { count }) => {
      assert.equal((await outcome(manager.getSandboxInfo("s1", { retry: { onRetry } }))).error, mine);
      assert.equal(count(INFO), 1);
    });
  });

  test("cancels the body of the answer that it drops before it asks again", async () => {
    const order = [];
    const fetch = async () => {
      order.push("asked");
      if (order.length > 1) return Response.json({ id: "s1", createdAt: "2026-01-01T00:00:00Z" });
      return new Response(new ReadableStream({ cancel: () => order.push("cancelled") }), { status: 503 });
    };
    const manager = SandboxManager.create({ connectionConfig: { domain: "h:1", fetch, retry: quick } });
    await manager.getSandboxInfo("s1");
    assert.deepEqual(order, ["asked", "cancelled", "asked"]);
  });

  test("of a create repeats it only when asked for, and not for somebody who has left", async () => {
    const busy = { [CREATE]: refuse(503, { "retry-after": "50" }) };
    for (const [options, code, times] of [
      [{}, "BUSY", 1],
      [{ retry: { retryPost: true }, signal: true }, "ABORTED", 1],
      [{ retry: { retryPost: true }, createTimeoutSeconds: 1 }, "BUSY", 1],
    ]) {
      const server = await faultServer(busy);
      const controller = new AbortController();
      const onRetry = () => setImmediate(() => controller.abort());
      const retry = options.retry && { ...options.retry, onRetry };
      const signal = options.signal && controller.signal;
      const made = await outcome(
        Sandbox.create({ connectionConfig: server.config, image: "i", ...options, retry, signal }),
      );
      assert.deepEqual([made.error?.code, server.count(CREATE)], [code, times], JSON.stringify(options));
      await server.close();
    }
    let count = 0;
    const routes = {
      [CREATE]: (request, response, more) =>
        count++ === 0
          ? refuse(503)(request, response, more)
          : json(response, 202, { id: "s1", createdAt: "2026-01-01T00:00:00Z", status: {}, entrypoint: [] }),
    };
    await using(routes, async (sandbox) => assert.equal(sandbox.id, "s1"), { retry: { ...quick, retryPost: true } });
    assert.equal(count, 2);
  });
});

describe("an address that is out of date", () => {
  /** A port where nobody listens. */
  async function freePort() {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  /** Gives the addresses in turn, the last one for ever. */
  const addresses =
    (...list) =>
    (request, response) => {
      const [endpoint, headers] = list.length > 1 ? list.shift() : list[0];
      json(response, 200, { endpoint: endpoint ?? `${request.headers.host}/execd`, headers });
    };
  const routes = {
    [READ]: (_, response) => response.end("read"),
    "POST /directories": fine,
    "POST /command": streamOf(`${init}{"type":"execution_complete","timestamp":1}\n`, "close"),
  };
  const CALLS = {
    "a read": (sandbox) => sandbox.files.readFile("/a", {}, { retry: false }),
    "a write that cannot have arrived": (sandbox) => sandbox.files.createDirectories([{ path: "/d" }]),
    "a run that has not begun": (sandbox) => sandbox.commands.run("x"),
    "a ping": (sandbox) => sandbox.health.ping(),
  };
  for (const [what, call] of Object.entries(CALLS)) {
    test(`is looked up once more for ${what}`, async () => {
      const gone = `127.0.0.1:${await freePort()}`;
      await using({ ...routes, [LOOK_UP]: addresses([gone], []) }, async (sandbox, { count }) => {
        await call(sandbox);
        assert.equal(count(LOOK_UP), 2);
        await call(sandbox);
        assert.equal(count(LOOK_UP), 2, "the new one is remembered");
      });
    });
  }

  test("is looked up once by however many fail at the same time", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    await using({ ...routes, [LOOK_UP]: addresses([gone], []) }, async (sandbox, { count }) => {
      await Promise.all(Array.from({ length: 5 }, () => sandbox.files.readFile("/a")));
      assert.equal(count(LOOK_UP), 2);
    });
  });

  test("and has not changed is no reason to ask again", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const lookUp = addresses([gone], [gone], [gone, { "X-Token": "new" }]);
    await using({ [LOOK_UP]: lookUp }, async (sandbox, { count }) => {
      const { error } = await outcome(sandbox.files.readFile("/a", {}, { retry: false }));
      assert.deepEqual([error.code, count(LOOK_UP)], ["NETWORK_ERROR", 2]);
    });
  });

  test("counts as changed when its headers have", async () => {
    let asked = 0;
    const tokens = { [LOOK_UP]: addresses([undefined, { "X-Token": "old" }], [undefined, { "X-Token": "new" }]) };
    const read = (request, response) => {
      asked++;
      if (request.headers["x-token"] === "old") return response.socket.destroy();
      response.end("read");
    };
    await using({ ...tokens, [READ]: read }, async (sandbox) => {
      assert.equal(await sandbox.files.readFile("/a", {}, { retry: false }), "read");
      assert.equal(asked, 2);
    });
  });

  test("does not repeat what may have arrived at the old one", async () => {
    const tokens = { [LOOK_UP]: addresses([undefined, { "X-Token": "old" }], [undefined, { "X-Token": "new" }]) };
    const lost = { "POST /directories": reset, "POST /command": reset };
    for (const call of [CALLS["a write that cannot have arrived"], CALLS["a run that has not begun"]]) {
      await using({ ...tokens, ...lost }, async (sandbox, { count }) => {
        assert.equal((await outcome(call(sandbox))).error?.code, "NETWORK_ERROR");
        assert.equal(count("POST /directories") + count("POST /command"), 1);
      });
    }
  });

  test("gives the error of the request, not that of a look-up that fails", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const routes = { [LOOK_UP]: failing(1, (_, response) => json(response, 200, { endpoint: gone }), refuse(404)) };
    await using(routes, async (sandbox) => {
      assert.equal((await outcome(sandbox.files.readFile("/a", {}, { retry: false }))).error.code, "NETWORK_ERROR");
    });
  });

  test("is not looked for by the readiness check, which has just looked", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const server = await faultServer({ [LOOK_UP]: addresses([gone]) });
    const options = { sandboxId: "s1", readyTimeoutSeconds: 0.2, healthCheckPollingInterval: 5 };
    const { error } = await outcome(Sandbox.connect({ connectionConfig: server.config, ...options }));
    assert.deepEqual([error.code, server.count(LOOK_UP)], ["READY_TIMEOUT", 1]);
    await server.close();
  });
});
