// The life of a sandbox: made, looked at, renewed, paused, resumed, ended.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DEFAULT_ENTRYPOINT, Sandbox, SandboxManager } from "opensandbox-wasm";
import { IMAGE, recorder, rejection, sleep, startServer, unique, until, within } from "./server.mjs";

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

const isGone = async (id) => {
  try {
    await manager.getSandboxInfo(id);
    return false;
  } catch (error) {
    if (error.statusCode === 404) return true;
    throw error;
  }
};
const untilGone = (id) => until(`${id} is gone`, () => isGone(id));
const listed = async (mark) => (await manager.listSandboxInfos({ metadata: { mark } })).items;

/** Seconds from now. */
const fromNow = (date) => (date.getTime() - Date.now()) / 1000;
function assertAbout(actual, expected, slack, what) {
  assert.ok(Math.abs(actual - expected) <= slack, `${what}: ${actual} is not ${expected} ± ${slack}`);
}

describe("a sandbox that was created", () => {
  test("has an id and runs commands", async () => {
    assert.match(sandbox.id, /^[\w-]{8,}$/);
    const run = await sandbox.commands.run("echo $((6*7))");
    assert.equal(run.stdout, "42\n");
  });

  test("has the defaults: it idles and lives ten minutes", async () => {
    const info = await (await server.create()).getInfo();
    assert.deepEqual(info.entrypoint, DEFAULT_ENTRYPOINT);
    assertAbout(fromNow(info.expiresAt), 600, 30, "seconds to live");
  });

  test("is described by getInfo with Dates and what it was given", async () => {
    const mark = unique();
    const made = await server.create({ timeoutSeconds: 1234.9, metadata: { mark }, entrypoint: ["sleep", "100000"] });
    const info = await made.getInfo();
    assert.equal(info.id, made.id);
    assert.equal(info.image.uri, IMAGE);
    assert.equal(info.status.state, "Running");
    assert.deepEqual(info.metadata, { mark });
    assert.deepEqual(info.entrypoint, ["sleep", "100000"]);
    assert.ok(info.createdAt instanceof Date);
    assertAbout(fromNow(info.createdAt), 0, 60, "age");
    assert.ok(info.expiresAt instanceof Date);
    assertAbout((info.expiresAt - info.createdAt) / 1000, 1234, 15, "seconds to live");
  });

  test("passes its environment on to commands", async () => {
    const made = await server.create({ env: { GREETING: "grüß dich 'you'", EMPTY: "" } });
    const { stdout } = await made.commands.run("printenv GREETING; printenv EMPTY && echo set");
    assert.equal(stdout, "grüß dich 'you'\n\nset\n");
  });

  test("runs its entrypoint", async () => {
    const made = await server.create({ entrypoint: ["sh", "-c", "echo began > /tmp/began; exec tail -f /dev/null"] });
    await until(
      "the entrypoint has written",
      async () => (await made.commands.run("cat /tmp/began")).stdout === "began\n",
    );
  });

  test("is healthy, and ping says so", async () => {
    assert.equal(await sandbox.isHealthy(), true);
    assert.equal(await sandbox.health.ping(), true);
  });

  test("has metrics, by both ways, as plain numbers", async () => {
    for (const metrics of await Promise.all([sandbox.getMetrics(), sandbox.metrics.getMetrics()])) {
      assert.deepEqual(Object.keys(metrics).sort(), [
        "cpuCount",
        "cpuUsedPercentage",
        "memoryTotalMiB",
        "memoryUsedMiB",
        "timestamp",
      ]);
      assert.ok(metrics.cpuCount > 0, `cpuCount ${metrics.cpuCount}`);
      assert.ok(metrics.cpuUsedPercentage >= 0, `cpuUsedPercentage ${metrics.cpuUsedPercentage}`);
      assert.ok(metrics.memoryUsedMiB > 0 && metrics.memoryUsedMiB <= metrics.memoryTotalMiB, JSON.stringify(metrics));
      assertAbout(metrics.timestamp / 1000, Date.now() / 1000, 60, "time of the sample");
    }
  });

  test("gives the same services each time, and the configuration that it was made with", () => {
    for (const name of ["commands", "files", "health", "metrics"]) assert.equal(sandbox[name], sandbox[name], name);
    assert.equal(sandbox.connectionConfig.domain, server.domain);
  });

  test("five are made at once and used independently", async () => {
    const five = await Promise.all(Array.from({ length: 5 }, () => server.create()));
    assert.equal(new Set(five.map(({ id }) => id)).size, 5);
    const texts = await Promise.all(
      five.map(async (each, number) => {
        await each.files.writeFiles([{ path: "mine", data: `number ${number}` }]);
        return (await each.commands.run("cat mine", { envs: { N: String(number) } })).stdout;
      }),
    );
    assert.deepEqual(texts, ["number 0\n", "number 1\n", "number 2\n", "number 3\n", "number 4\n"]);
    await Promise.all(five.map((each) => each.kill()));
    for (const { id } of five) assert.equal(await isGone(id), true);
  });
});

describe("endpoints", () => {
  test("getEndpoint gives host and headers, getEndpointUrl the URL", async () => {
    const endpoint = await sandbox.getEndpoint(44772);
    assert.match(endpoint.endpoint, /^[^/\s]+(\/\S*)?$/);
    assert.ok(!endpoint.endpoint.includes("://"), endpoint.endpoint);
    assert.equal(typeof endpoint.headers, "object");
    assert.equal(await sandbox.getEndpointUrl(44772), `${server.protocol}://${endpoint.endpoint}`);
  });

  test("changing what getEndpoint gave changes nothing", async () => {
    const mine = await sandbox.getEndpoint(44772);
    const was = structuredClone(mine);
    mine.endpoint = "localhost:1";
    mine.headers["X-Mine"] = "1";
    assert.deepEqual(await sandbox.getEndpoint(44772), was);
    assert.equal((await sandbox.commands.run("echo on")).stdout, "on\n");
  });

  test("a server inside the sandbox answers at its endpoint's URL", async () => {
    const text = unique();
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    await sandbox.files.writeFiles([{ path: `/tmp/site-${text}/hello.txt`, data: text }]);
    await sandbox.commands.run(`exec python3 -m http.server ${port} --directory /tmp/site-${text}`, {
      background: true,
    });
    const url = await sandbox.getEndpointUrl(port);
    const { headers } = await sandbox.getEndpoint(port);
    const answer = await until("the server answers", async () => {
      const response = await fetch(`${url}/hello.txt`, { headers }).catch(() => undefined);
      return response?.ok ? response.text() : undefined;
    });
    assert.equal(answer, text);
  });
});

describe("connect", () => {
  test("gives a handle to the same sandbox", async () => {
    await sandbox.files.writeFiles([{ path: "/tmp/shared", data: "from the first" }]);
    const other = await Sandbox.connect({ connectionConfig: server.config(), sandboxId: sandbox.id });
    assert.equal(other.id, sandbox.id);
    assert.notEqual(other, sandbox);
    assert.equal(await other.files.readFile("/tmp/shared"), "from the first");
    await other.close();
    assert.equal(await sandbox.isHealthy(), true);
  });

  test("takes a custom health check", async () => {
    const seen = [];
    const healthCheck = (handle) => seen.push(handle.id) >= 2;
    const options = { connectionConfig: server.config(), sandboxId: sandbox.id, healthCheckPollingInterval: 5 };
    await (await Sandbox.connect({ ...options, healthCheck })).close();
    assert.deepEqual(seen, [sandbox.id, sandbox.id]);
  });

  test("to a sandbox that does not exist rejects with the server's 404", async () => {
    const error = await rejection(Sandbox.connect({ connectionConfig: server.config(), sandboxId: "no-such-sandbox" }));
    assert.equal(error.name, "SandboxApiException");
    assert.equal(error.statusCode, 404);
  });

  test("that fails leaves the sandbox alive", async () => {
    const options = { connectionConfig: server.config(), sandboxId: sandbox.id, readyTimeoutSeconds: 0.1 };
    const error = await rejection(Sandbox.connect({ ...options, healthCheck: () => false }));
    assert.equal(error.code, "READY_TIMEOUT");
    assert.equal(await sandbox.isHealthy(), true);
  });
});

describe("the end", () => {
  test("kill ends it: it is not found any more, is not healthy, and runs nothing", async () => {
    const made = await server.create();
    assert.equal(await made.kill(), undefined);
    const error = await rejection(made.getInfo());
    assert.equal(error.name, "SandboxApiException");
    assert.equal(error.statusCode, 404);
    assert.match(error.code, /NOT_FOUND/);
    assert.equal(await made.isHealthy(), false);
    assert.equal((await rejection(made.commands.run("echo"))).name, "SandboxApiException");
    assert.equal((await rejection(made.kill())).statusCode, 404);
  });

  test("timeoutSeconds: null means no expiry", async () => {
    const made = await server.create({ timeoutSeconds: null });
    assert.equal((await made.getInfo()).expiresAt, null);
  });

  test("renew moves the expiry, forwards and back, and says where to", async () => {
    const made = await server.create({ timeoutSeconds: 300 });
    for (const seconds of [3000, 900]) {
      const renewed = await made.renew(seconds);
      assert.ok(renewed.expiresAt instanceof Date);
      assertAbout(fromNow(renewed.expiresAt), seconds, 30, "renewed to");
      assertAbout(fromNow((await made.getInfo()).expiresAt), seconds, 30, "lives for");
    }
  });

  test("a sandbox whose time is over is gone", async () => {
    const made = await server.create();
    await made.renew(1);
    await untilGone(made.id);
    // The server forgets it first and then ends its programs.
    await until("its daemon has ended", async () => !(await made.isHealthy()));
  });
});

describe("pause and resume", () => {
  // Each line the time in milliseconds: a gap shows when the program stood still.
  const TICKS = "while :; do date +%s%3N >> /tmp/ticks; sleep 0.05; done";
  const ticks = async (handle) => (await handle.files.readFile("/tmp/ticks")).trim().split("\n").map(Number);
  const PAUSE_MS = 800;
  let paused;

  before(async () => {
    paused = await server.create();
    await paused.commands.run(TICKS, { background: true });
  });

  async function pause() {
    await until("it ticks", async () => (await paused.commands.run("cat /tmp/ticks")).logs.stdout.length > 3);
    await paused.pause();
    await until("it is paused", async () => (await paused.getInfo()).status.state === "Paused");
    const from = Date.now();
    assert.equal(await paused.isHealthy({ requestTimeoutSeconds: 0.2 }), false, "a paused sandbox does not answer");
    await sleep(PAUSE_MS - (Date.now() - from));
  }

  async function assertStoodStillAndWentOn(handle) {
    assert.equal((await handle.getInfo()).status.state, "Running");
    const count = (await ticks(handle)).length;
    await until("it ticks again", async () => (await ticks(handle)).length > count);
    const times = await ticks(handle);
    const gaps = times.slice(1).map((time, index) => time - times[index]);
    const longest = Math.max(...gaps);
    assert.ok(longest >= PAUSE_MS, `the longest gap was ${longest} ms`);
    await handle.commands.run("rm /tmp/ticks");
  }

  test("the sandbox's programs stop and go on, and the new handle runs commands", async () => {
    await pause();
    const resumed = await paused.resume({ readyTimeoutSeconds: 20 });
    assert.ok(resumed instanceof Sandbox);
    assert.notEqual(resumed, paused);
    assert.equal(resumed.id, paused.id);
    assert.equal((await resumed.commands.run("echo back")).stdout, "back\n");
    await assertStoodStillAndWentOn(resumed);
    await resumed.close();
    assert.equal(await paused.isHealthy(), true, "the old handle is not closed with the new one");
  });

  test("Sandbox.resume does the same by id", async () => {
    await pause();
    const resumed = await Sandbox.resume({ connectionConfig: server.config(), sandboxId: paused.id });
    assert.equal((await resumed.commands.run("echo back")).stdout, "back\n");
    await assertStoodStillAndWentOn(resumed);
    await resumed.close();
  });

  test("resuming a sandbox that runs is the server's error", async () => {
    const error = await rejection(paused.resume());
    assert.equal(error.name, "SandboxApiException");
    assert.equal(error.statusCode, 409);
  });
});

describe("readiness", () => {
  const checks = {
    "a synchronous check": (calls) => () => calls.push(1) >= 3,
    "an asynchronous check": (calls) => async () => calls.push(1) >= 3,
    "a check that throws at first": (calls) => () => {
      if (calls.push(1) < 3) throw new Error("not yet");
      return true;
    },
    "a check that rejects with no Error at first": (calls) => async () => {
      if (calls.push(1) < 3) throw "not yet";
      return "truthy";
    },
  };
  for (const [name, make] of Object.entries(checks)) {
    test(`${name} is asked until it says yes`, async () => {
      const calls = [];
      await server.create({ healthCheck: make(calls), healthCheckPollingInterval: 5 });
      assert.equal(calls.length, 3);
    });
  }

  test("the check is given the sandbox, usable", async () => {
    let text;
    const made = await server.create({
      healthCheck: async (handle) => {
        text = (await handle.commands.run(`echo ${handle.id}`)).stdout;
        return true;
      },
    });
    assert.equal(text, `${made.id}\n`);
  });

  test("skipHealthCheck asks nothing", async () => {
    const { calls, fetch } = recorder();
    const asked = [];
    await server.create({ config: { fetch }, skipHealthCheck: true, healthCheck: () => asked.push(1) });
    assert.deepEqual(asked, []);
    assert.deepEqual(
      calls.filter(({ url }) => url.endsWith("/ping")),
      [],
    );
  });

  test("a check that never says yes: the exact error, in time, and the sandbox is gone", async () => {
    const mark = unique();
    const from = performance.now();
    const error = await rejection(
      server.create({
        metadata: { mark },
        readyTimeoutSeconds: 0.5,
        healthCheckPollingInterval: 50,
        healthCheck: () => false,
      }),
    );
    const took = performance.now() - from;
    assert.equal(error.name, "SandboxReadyTimeoutException");
    assert.equal(error.code, "READY_TIMEOUT");
    assert.ok(error instanceof Error);
    const [, attempts, rest] =
      /^Sandbox health check timed out after 0\.5s \((\d+) attempts\)\. (.*)$/.exec(error.message) ?? [];
    assert.equal(
      rest,
      `Health check returned false continuously. Connection context: domain=${server.domain}, useServerProxy=false.` +
        " If this sandbox runs in Docker bridge or remote-network mode, consider enabling useServerProxy=true." +
        " You can also configure server-side [docker].host_ip for direct endpoint access.",
      error.message,
    );
    assert.ok(attempts >= 2 && attempts <= 11, `${attempts} attempts`);
    assert.ok(took >= 500, `it gave up after ${took} ms`);
    await until("nothing is left of it", async () => (await listed(mark)).length === 0);
  });

  test("a check that throws for ever: its words are in the message, the error is the cause", async () => {
    const boom = new Error("no luck today");
    const error = await rejection(
      server.create({
        readyTimeoutSeconds: 0.1,
        healthCheckPollingInterval: 10,
        healthCheck: () => {
          throw boom;
        },
      }),
    );
    assert.equal(error.code, "READY_TIMEOUT");
    assert.match(error.message, /Last health check error: no luck today /);
    assert.equal(error.cause, boom);
  });

  test("a check that hangs is cut at the deadline", async () => {
    const mark = unique();
    let began;
    const healthCheck = () => {
      began ??= performance.now();
      return new Promise(() => {});
    };
    const error = await within(
      15_000,
      rejection(server.create({ metadata: { mark }, readyTimeoutSeconds: 0.3, healthCheck })),
      "create",
    );
    const took = performance.now() - began;
    assert.equal(error.code, "READY_TIMEOUT");
    assert.ok(took >= 290 && took < 5_000, `it took ${took} ms`);
    await until("nothing is left of it", async () => (await listed(mark)).length === 0);
  });

  test("a daemon that hangs is cut at the deadline, too", async () => {
    const { fetch } = recorder((url, init) =>
      String(url).endsWith("/ping") ? new Promise(() => {}) : globalThis.fetch(url, init),
    );
    const from = performance.now();
    const error = await within(
      15_000,
      rejection(server.create({ config: { fetch }, readyTimeoutSeconds: 0.3 })),
      "create",
    );
    assert.equal(error.name, "SandboxReadyTimeoutException");
    assert.match(error.message, /Last health check error: /);
    assert.ok(performance.now() - from < 10_000);
  });

  test("the first error is the one that create reports, even when the cleaning up fails", async () => {
    const mark = unique();
    const { calls, fetch } = recorder((url, init) =>
      init.method === "DELETE"
        ? Response.json({ code: "NO", message: "not today" }, { status: 500 })
        : globalThis.fetch(url, init),
    );
    const error = await rejection(
      server.create({ config: { fetch }, metadata: { mark }, readyTimeoutSeconds: 0.1, healthCheck: () => false }),
    );
    assert.equal(error.code, "READY_TIMEOUT");
    assert.equal(calls.filter(({ method }) => method === "DELETE").length >= 1, true, "it tried to clean up");
    for (const { id } of await listed(mark)) await manager.killSandbox(id);
  });

  test("aborting a create rejects with the reason and leaves no sandbox", async () => {
    const mark = unique();
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const healthCheck = () => {
      controller.abort(reason);
      return false;
    };
    const error = await within(
      15_000,
      rejection(server.create({ metadata: { mark }, signal: controller.signal, healthCheck })),
      "create",
    );
    assert.equal(error.name, "AbortError");
    assert.equal(error.code, "ABORTED");
    assert.equal(error.cause, reason);
    await until("nothing is left of it", async () => (await listed(mark)).length === 0);
  });

  test("waitUntilReady polls at its own interval, up to its own limit", async () => {
    let calls = 0;
    const healthCheck = (handle) => handle.id === sandbox.id && ++calls >= 3;
    await sandbox.waitUntilReady({ readyTimeoutSeconds: 10, pollingIntervalMillis: 5, healthCheck });
    assert.equal(calls, 3);
    await sandbox.waitUntilReady({ readyTimeoutSeconds: 10, pollingIntervalMillis: 5 });
    const never = { readyTimeoutSeconds: 0.1, pollingIntervalMillis: 5, healthCheck: () => false };
    assert.equal((await rejection(sandbox.waitUntilReady(never))).name, "SandboxReadyTimeoutException");
  });

  test("even a limit of 0 gives one attempt", async () => {
    await sandbox.waitUntilReady({ readyTimeoutSeconds: 0, pollingIntervalMillis: 5, healthCheck: () => true });
  });
});

describe("letting go", () => {
  const dispose = (object) => object[Symbol.asyncDispose]();

  test("disposing of a sandbox that this handle created ends it", async () => {
    const made = await server.create();
    await dispose(made);
    assert.equal(await isGone(made.id), true);
    assert.equal((await rejection(made.getInfo())).code, "CLOSED");
  });

  test("disposing of a handle that was connected leaves the sandbox alone", async () => {
    const other = await Sandbox.connect({ connectionConfig: server.config(), sandboxId: sandbox.id });
    await dispose(other);
    assert.equal((await rejection(other.commands.run("echo"))).code, "CLOSED");
    assert.equal(await sandbox.isHealthy(), true);
  });

  test("disposing of a resumed handle leaves the sandbox alone", async () => {
    const made = await server.create();
    await made.pause();
    const resumed = await made.resume();
    await dispose(resumed);
    assert.equal(await isGone(made.id), false);
  });

  test("disposing of a sandbox that is gone already is no error", async () => {
    const made = await server.create();
    await made.kill();
    await dispose(made);
  });
});
