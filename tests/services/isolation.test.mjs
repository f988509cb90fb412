// Isolated sessions, against an execd that has them, and against one that has never heard of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { event, json, noUnhandledRejections, outcome, streamOf, until, using } from "../faults/fault-server.mjs";
import { plain } from "./sidecar.mjs";

noUnhandledRejections();

const SESSION = "/v1/isolated/session";
const ONE = `${SESSION}/a%2Fb`;
const MADE = { session_id: "a/b", created_at: "2026-01-01T00:00:00Z" };
const REQUEST = {
  workspace: { path: "/workspace", mode: "overlay" },
  profile: "strict",
  extra_writable: ["/data"],
  binds: [{ source: "/data", dest: "/d", readonly: true }],
  share_net: false,
  env_passthrough: { mode: "allow", keys: ["LANG"] },
  uid: 1000,
  gid: 1000,
  uid_mode: "userns",
  idle_timeout_seconds: 60,
};
// What execd really sends here: no init, no pings.
const HELLO = event({ type: "stdout", text: "hello" });
const DONE = event({ type: "execution_complete" });
const exited = (code) =>
  event({
    type: "error",
    text: `command exited with code ${code}`,
    error: { ename: "ExitError", evalue: String(code), traceback: null },
  });

/** Routes of an execd with one session; `bodies` gets what was posted. */
const able = (routes = {}, bodies = []) => ({
  [`POST ${SESSION}`]: (_, response, { body }) => {
    bodies.push(JSON.parse(body));
    json(response, 201, MADE);
  },
  [`POST ${ONE}/run`]: (_, response, { body }) => {
    bodies.push(JSON.parse(body));
    return streamOf(HELLO + DONE, "close")(_, response);
  },
  [`DELETE ${ONE}`]: (_, response) => response.end(),
  ...routes,
});

test("a session from its creation to its end", async () => {
  const bodies = [];
  const now = { status: "active", created_at: MADE.created_at, idle_remaining_seconds: 59, profile: "strict" };
  const routes = able({ [`GET ${ONE}`]: (_, response) => json(response, 200, now) }, bodies);
  await using(routes, async ({ isolation }, server) => {
    const session = await isolation.create(REQUEST);
    assert.deepEqual([session.sessionId, session.info], ["a/b", MADE]);
    const lines = [];
    const options = { envs: { A: "1" }, timeout_seconds: 5 };
    const run = await session.run("echo hello", options, { onStdout: ({ text }) => lines.push(text) });
    assert.deepEqual([run.exitCode, run.ok, run.stdout, run.id, lines], [0, true, "hello\n", undefined, ["hello"]]);
    await session.run("pwd");
    assert.deepEqual(await session.get(), now);
    assert.equal(await session.delete(), undefined);
    assert.deepEqual(bodies, [REQUEST, { code: "echo hello", ...options }, { code: "pwd" }]);
    assert.equal(server.seen.at(-1).headers["x-execd-access-token"], "t");
  });
});

test("attach: what it was made with is its info, what is so now is not", async () => {
  const state = { status: "active", last_run_at: "x", idle_remaining_seconds: 1, created_at: "c", profile: "strict" };
  const missing = (_, response) => json(response, 404, { code: "SESSION_NOT_FOUND", message: "session not found" });
  const routes = able({ [`GET ${ONE}`]: (_, response) => json(response, 200, state), [`GET ${SESSION}/x`]: missing });
  await using(routes, async ({ isolation }) => {
    const session = await isolation.attach("a/b");
    assert.deepEqual(session.info, { session_id: "a/b", created_at: "c", profile: "strict" });
    assert.equal((await session.run("x")).stdout, "hello\n");
    const { error } = await outcome(isolation.attach("x"));
    assert.deepEqual([error.code, error.statusCode, error.message], ["SESSION_NOT_FOUND", 404, "session not found"]);
  });
});

test("the files of a session are those below its path", async () => {
  let uploaded;
  const routes = able({
    [`POST ${ONE}/files/upload`]: (_, response, { body }) => {
      uploaded = body;
      response.end();
    },
    [`GET ${ONE}/files/download`]: (_, response, { url }) => response.end(url.searchParams.get("path")),
    [`GET ${ONE}/directories/list`]: (_, response) => json(response, 200, []),
    [`DELETE ${ONE}/files`]: (_, response) => response.end(),
  });
  await using(routes, async ({ isolation, files }, server) => {
    const session = await isolation.create(REQUEST);
    assert.equal(session.files, session.files);
    assert.notEqual(session.files, files);
    await session.files.writeFiles([{ path: "/a", data: "text" }]);
    assert.match(uploaded, /"path":"\/a"[\s\S]*text/);
    assert.equal(await session.files.readFile("/a"), "/a");
    for await (const chunk of session.files.readBytesStream("/b")) assert.equal(Buffer.from(chunk).toString(), "/b");
    assert.deepEqual(await session.files.listDirectory({ path: "/" }), []);
    await session.files.deleteFiles(["/a"]);
    assert.equal(server.seen.filter(({ name }) => / \/(files|directories)/.test(name)).length, 0);
  });
});

test("the ends of a run: exit code, time limit, refusal, cut", async () => {
  let stream = "";
  let end = "close";
  const routes = able({ [`POST ${ONE}/run`]: (...args) => streamOf(stream, end)(...args) });
  await using(routes, async ({ isolation }) => {
    const session = await isolation.create(REQUEST);
    stream = HELLO + exited(7);
    const failed = await session.run("x");
    assert.deepEqual([failed.exitCode, failed.ok, failed.error.name, failed.timedOut], [7, false, "ExitError", false]);
    // An older execd has no error object.
    stream = event({ type: "error", text: "command exited with code 7" });
    assert.equal((await session.run("x")).error.value, "command exited with code 7");
    stream = `${HELLO}{"code":"RUNTIME_ERROR","message":"gone"}`;
    assert.deepEqual((await session.run("x")).error.value, "gone");
    stream = HELLO;
    for (end of ["close", "reset"]) {
      const { error } = await outcome(session.run("x"));
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_INTERRUPTED"]);
      assert.equal(error.execution.stdout, "hello\n");
    }
    stream = `${HELLO}nonsense\n`;
    assert.equal((await outcome(session.run("x"))).error.code, "MALFORMED_EVENT");
  });
});

test("a run that its own time limit ended says so", async () => {
  const late = async (request, response, { body }) => {
    await new Promise((resolve) => setTimeout(resolve, JSON.parse(body).timeout_seconds * 1000 + 20));
    const error = { ename: "RuntimeError", evalue: "context deadline exceeded", traceback: null };
    return streamOf(event({ type: "error", text: error.evalue, error }), "close")(request, response);
  };
  await using(able({ [`POST ${ONE}/run`]: late }), async ({ isolation }) => {
    const session = await isolation.create(REQUEST);
    const run = await session.run("sleep 9", { timeout_seconds: 1 });
    assert.deepEqual([run.timedOut, run.ok, run.exitCode], [true, false, null]);
  });
});

test("silence means nothing, unless one says so", async () => {
  const routes = able({ [`POST ${ONE}/run`]: streamOf(HELLO, "open") });
  await using(routes, async ({ isolation }, server) => {
    const session = await isolation.create(REQUEST);
    const stalled = await outcome(session.run("x", { idleTimeoutSeconds: 0.05 }));
    assert.deepEqual([stalled.error.code, stalled.error.execution.stdout], ["STREAM_STALLED", "hello\n"]);
    await until(() => server.busy() === 0, "the connection is dropped");
  });
  await using(able({ [`POST ${ONE}/run`]: () => {} }), async ({ isolation }) => {
    const session = await isolation.create(REQUEST);
    assert.equal((await outcome(session.run("x", { startTimeoutSeconds: 0.05 }))).error.code, "REQUEST_TIMEOUT");
  });
});

test("an abort drops the connection of a run, before its first output and after, and the session stays", async () => {
  for (const route of [() => {}, streamOf(HELLO, "open")]) {
    await using(able({ [`POST ${ONE}/run`]: route }), async ({ isolation }, server) => {
      const session = await isolation.create(REQUEST);
      const controller = new AbortController();
      const running = outcome(session.run("x", {}, {}, controller.signal));
      await until(() => server.count(`POST ${ONE}/run`) === 1, "it runs");
      controller.abort(new Error("enough"));
      const { error } = await running;
      assert.deepEqual([error.code, error.cause.message], ["ABORTED", "enough"]);
      await until(() => server.busy() === 0, "the connection is dropped");
      assert.equal(server.count(`DELETE ${ONE}`) + server.count("DELETE /command"), 0);
      const inOptions = await outcome(session.run("x", { signal: AbortSignal.abort() }));
      assert.equal(inOptions.error.code, "ABORTED");
    });
  }
});

test("capabilities: every flag is there", async () => {
  const answer = { available: true, isolator: "bwrap", version: "0.8", userns_available: true };
  await using({ "GET /v1/isolated/capabilities": (_, response) => json(response, 200, answer) }, async (sandbox) => {
    assert.deepEqual(await sandbox.isolation.capabilities(), {
      ...answer,
      setpriv_available: false,
      commit_supported: false,
      diff_supported: false,
    });
  });
});

test("the list, also where there is none", async () => {
  const sessions = [{ session_id: "a", status: "active" }];
  for (const [answer, wanted] of [
    [{ sessions }, sessions],
    [{ sessions: null }, []],
    [{}, []],
  ]) {
    await using({ "GET /v1/isolated/sessions": (_, response) => json(response, 200, answer) }, async (sandbox) => {
      assert.deepEqual(await sandbox.isolation.list(), wanted);
    });
  }
});

test("runOnce makes a session, runs and deletes it, whatever has come of the run", async () => {
  const bodies = [];
  await using(able({}, bodies), async ({ isolation }, server) => {
    const lines = [];
    const run = await isolation.runOnce("ls", "/w", {
      workspaceMode: "ro",
      profile: "balanced",
      shareNet: true,
      binds: [{ source: "/data" }],
      runOpts: { envs: { A: "1" } },
      handlers: { onStdout: ({ text }) => lines.push(text) },
    });
    assert.deepEqual([run.stdout, lines], ["hello\n", ["hello"]]);
    assert.equal(server.count(`DELETE ${ONE}`), 1);
    await isolation.runOnce("ls", "/w");
    assert.equal(server.count(`DELETE ${ONE}`), 2);
    const own = new RangeError("mine");
    const throws = () => {
      throw own;
    };
    assert.equal((await outcome(isolation.runOnce("ls", "/w", { handlers: { onStdout: throws } }))).error, own);
    assert.equal(server.count(`DELETE ${ONE}`), 3);
    assert.deepEqual(bodies.slice(0, 4), [
      {
        workspace: { path: "/w", mode: "ro" },
        profile: "balanced",
        share_net: true,
        binds: [{ source: "/data" }],
      },
      { code: "ls", envs: { A: "1" } },
      { workspace: { path: "/w" } },
      { code: "ls" },
    ]);
  });
  // A deletion that fails hides nothing.
  const refuse = (_, response) => json(response, 500, { code: "RUNTIME_ERROR", message: "no" });
  await using(able({ [`DELETE ${ONE}`]: refuse }), async ({ isolation }) => {
    assert.equal((await isolation.runOnce("ls", "/w")).stdout, "hello\n");
  });
});

test("withSession gives what the function gives, and its very error, and deletes the session", async () => {
  await using(able(), async ({ isolation }, server) => {
    assert.equal(await isolation.withSession(REQUEST, async (session) => (await session.run("x")).stdout), "hello\n");
    assert.equal(await isolation.withSession(REQUEST, () => 5), 5);
    assert.equal(await isolation.withSession(REQUEST, () => undefined), undefined);
    assert.equal(server.count(`DELETE ${ONE}`), 3);
    for (const fail of [
      (own) => Promise.reject(own),
      (own) => {
        throw own;
      },
    ]) {
      const own = { not: "an Error" };
      assert.equal((await outcome(isolation.withSession(REQUEST, () => fail(own)))).error, own);
    }
    assert.equal(server.count(`DELETE ${ONE}`), 5);
  });
});

test("nobody who has aborted waits for the deletion, and it is sent", async () => {
  const deletes = [];
  const routes = able({
    [`POST ${ONE}/run`]: streamOf(HELLO, "open"),
    [`DELETE ${ONE}`]: (_, response) => {
      deletes.push(response);
    },
  });
  await using(routes, async ({ isolation }) => {
    const controller = new AbortController();
    const options = { handlers: { onStdout: () => controller.abort() } };
    assert.equal((await outcome(isolation.runOnce("x", "/w", options, controller.signal))).error.code, "ABORTED");
    await until(() => deletes.length === 1, "the session is deleted");
    deletes[0].end();
  });
});

test("a session that is made after an abort is deleted", async () => {
  let create;
  const routes = able({
    [`POST ${SESSION}`]: (_, response) => {
      create = response;
    },
  });
  await using(routes, async ({ isolation }, server) => {
    const controller = new AbortController();
    const creating = outcome(isolation.create(REQUEST, controller.signal));
    await until(() => create, "the request has come");
    controller.abort();
    assert.equal((await creating).error.code, "ABORTED");
    json(create, 201, MADE);
    await until(() => server.count(`DELETE ${ONE}`) === 1, "the session is deleted");
  });
});

test("await using deletes a session; one that is gone is no error, another failure is", async () => {
  let status = 200;
  const routes = able({ [`DELETE ${ONE}`]: (_, response) => json(response, status, { code: "C", message: "words" }) });
  await using(routes, async ({ isolation }, server) => {
    const session = await isolation.create(REQUEST);
    await session[Symbol.asyncDispose]();
    status = 404;
    await session[Symbol.asyncDispose]();
    assert.equal(server.count(`DELETE ${ONE}`), 2);
    status = 500;
    assert.equal((await outcome(session[Symbol.asyncDispose]())).error.code, "C");
    status = 404;
    assert.equal((await outcome(session.delete())).error.code, "C");
  });
});

test("an execd without the routes: not available, and a typed error for everything else", async () => {
  // The recorded answer of execd to a route that it does not know.
  const body = readFileSync(new URL("../fixtures/execd/not-found.body", import.meta.url), "utf8");
  const absent = (_, response) => plain(response, 404, body);
  const names = [`POST ${SESSION}`, `GET ${ONE}`, "GET /v1/isolated/sessions", "GET /v1/isolated/capabilities"];
  await using(Object.fromEntries(names.map((name) => [name, absent])), async ({ isolation }) => {
    const { message, ...flags } = await isolation.capabilities();
    assert.deepEqual(flags, {
      available: false,
      setpriv_available: false,
      userns_available: false,
      commit_supported: false,
      diff_supported: false,
    });
    assert.match(message, /no isolated sessions/);
    for (const call of [
      () => isolation.create(REQUEST),
      () => isolation.attach("a/b"),
      () => isolation.list(),
      () => isolation.runOnce("x", "/w"),
      () => isolation.withSession(REQUEST, () => assert.fail("not called")),
    ]) {
      const { error } = await outcome(call());
      assert.deepEqual([error.name, error.code, error.statusCode], ["SandboxApiException", "NOT_SUPPORTED", 404]);
      assert.match(error.message, /failed: this sandbox's execd has no isolated sessions$/);
    }
  });
});

test("what execd says of a sandbox that cannot isolate is passed on", async () => {
  const answer = { code: "SERVICE_UNAVAILABLE", message: "isolation unavailable" };
  await using({ [`POST ${SESSION}`]: (_, response) => json(response, 503, answer) }, async ({ isolation }) => {
    const { error } = await outcome(isolation.create(REQUEST));
    assert.deepEqual([error.code, error.message, error.isRetryable], [answer.code, answer.message, true]);
  });
});

test("mistakes are found before anything is sent, and are named", async () => {
  await using(able(), async ({ isolation }, server) => {
    const session = await isolation.create(REQUEST);
    const before = server.seen.length;
    const create = (more) => isolation.create({ workspace: { path: "/w" }, ...more });
    for (const [call, field] of [
      [() => isolation.create(), "request"],
      [() => isolation.create({}), "workspace"],
      [() => isolation.create({ workspace: "/w" }), "workspace"],
      [() => isolation.create({ workspace: {} }), "workspace.path"],
      [() => isolation.create({ workspace: { path: "/w", mode: 1 } }), "workspace.mode"],
      [() => create({ profile: 1 }), "profile"],
      [() => create({ extra_writable: "/x" }), "extra_writable"],
      [() => create({ binds: [{}] }), "binds[0].source"],
      [() => create({ binds: [{ source: "/a", readonly: "yes" }] }), "binds[0].readonly"],
      [() => create({ share_net: 1 }), "share_net"],
      [() => create({ env_passthrough: [] }), "env_passthrough"],
      [() => create({ env_passthrough: { keys: "A" } }), "env_passthrough.keys"],
      [() => create({ uid: -1 }), "uid"],
      [() => create({ gid: 1.5 }), "gid"],
      [() => create({ uid_mode: true }), "uid_mode"],
      [() => create({ idle_timeout_seconds: Number.NaN }), "idle_timeout_seconds"],
      [() => isolation.create(REQUEST, { signal: 5 }), "signal"],
      [() => isolation.attach(), "sessionId"],
      [() => isolation.attach(".."), "sessionId"],
      [() => isolation.runOnce("", "/w"), "code"],
      [() => isolation.runOnce("x"), "workspace"],
      [() => isolation.runOnce("x", "/w", { workspaceMode: 1 }), "workspaceMode"],
      [() => isolation.runOnce("x", "/w", { runOpts: { timeout_seconds: 0.5 } }), "timeout_seconds"],
      [() => isolation.runOnce("x", "/w", { handlers: { onStdout: 5 } }), "onStdout"],
      [() => isolation.withSession(REQUEST), "fn"],
      [() => isolation.withSession({}, () => {}), "workspace"],
      [() => session.run(), "code"],
      [() => session.run(" "), "code"],
      [() => session.run("x", 5), "options"],
      [() => session.run("x", { envs: { A: 1 } }), "envs.A"],
      [() => session.run("x", { timeout_seconds: -1 }), "timeout_seconds"],
      [() => session.run("x", {}, { onInit: 1 }), "onInit"],
      [() => session.run("x", {}, {}, 5), "call options, or a signal,"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", field);
      assert.ok(error.message.startsWith(`${field} `), `${field}: ${error.message}`);
    }
    assert.equal(server.seen.length, before);
  });
});
