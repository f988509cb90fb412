// A run, its consumer and its caller end at different times, in every order.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  event,
  ID,
  init,
  json,
  noUnhandledRejections,
  openStream,
  outcome,
  pause,
  streamOf,
  until,
  using,
} from "./fault-server.mjs";

noUnhandledRejections();

const lines = ["1", "2", "3"].map((text) => event({ type: "stdout", text })).join("");
const whole = init + lines + event({ type: "execution_complete" });
const never = () => new Promise(() => {});

test("an abort is heard while handlers of a run that has ended still work", async () => {
  for (const handlers of [{ onStdout: never }, { onExecutionComplete: never }]) {
    await using({ "POST /command": streamOf(whole, "close") }, async (sandbox, server) => {
      const controller = new AbortController();
      const run = outcome(sandbox.commands.run("x", {}, handlers, controller.signal));
      await pause(50);
      controller.abort();
      assert.equal((await run).error?.code, "ABORTED");
      await pause(50);
      assert.equal(server.count("DELETE /command"), 0, "what has ended is not interrupted");
    });
  }
});

test("so is a close", async () => {
  await using({ "POST /command": streamOf(whole, "close") }, async (sandbox) => {
    const run = outcome(sandbox.commands.run("x", {}, { onStdout: never }));
    await pause(50);
    await sandbox.close();
    assert.equal((await run).error?.code, "CLOSED");
  });
});

test("after an abort a stream gives no event more, though it has some, and rejects once", async () => {
  await using({ "POST /command": streamOf(whole, "close") }, async (sandbox) => {
    const controller = new AbortController();
    const stream = sandbox.commands.runStream("x", {}, controller.signal);
    assert.equal((await stream.next()).value.type, "init");
    assert.equal((await stream.next()).value.text, "1");
    controller.abort("enough");
    await assert.rejects(stream.next(), { code: "ABORTED" });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });
});

test("an abort ends the program at once, also when nobody asks for events any more", async () => {
  await using({ "POST /command": streamOf(init + lines, "open") }, async (sandbox, server) => {
    const controller = new AbortController();
    const stream = sandbox.commands.runStream("x", {}, controller.signal);
    await stream.next();
    controller.abort();
    await until(() => server.count("DELETE /command") === 1, "interrupted");
  });
});

test("return() while the end is being looked up ends the stream quietly", async () => {
  const routes = {
    "POST /command": streamOf(init, "close"),
    [`GET /command/status/${ID}`]: async (_, response) => {
      await pause(100);
      json(response, 200, { id: ID, running: false, exit_code: 0 });
    },
    "GET /files/download": (_, response) => response.end(),
  };
  await using(routes, async (sandbox) => {
    const stream = sandbox.commands.runStream("x");
    await stream.next();
    const waiting = stream.next();
    await pause(50);
    await stream.return();
    assert.deepEqual(await waiting, { done: true, value: undefined });
  });
});

test("return() before the headers ends the stream quietly", async () => {
  await using({ "POST /command": () => {} }, async (sandbox) => {
    const stream = sandbox.commands.runStream("x", { onAbort: "detach" });
    const waiting = stream.next();
    await pause(50);
    await stream.return();
    assert.deepEqual(await waiting, { done: true, value: undefined });
  });
});

test("what was aborted before it was sent is never sent", async () => {
  let release;
  const routes = {
    "POST /v1/sandboxes/s1/pause": (_, response) => response.writeHead(202).end(),
    "GET /v1/sandboxes/s1/endpoints/44772": async (request, response, { seen }) => {
      const again = seen.filter(({ name }) => name.endsWith("/endpoints/44772")).length > 1;
      if (again) {
        await new Promise((resolve) => {
          release = resolve;
        });
      }
      json(response, 200, { endpoint: `${request.headers.host}/execd` });
    },
  };
  await using(routes, async (sandbox, server) => {
    await sandbox.pause();
    const controller = new AbortController();
    const run = outcome(sandbox.commands.run("rm -rf x", {}, {}, controller.signal));
    await until(() => release, "the look-up is under way");
    controller.abort();
    assert.equal((await run).error.code, "ABORTED");
    release();
    await pause(100);
    assert.equal(server.count("POST /command"), 0);
  });
});

test("an init without an id starts the idle clock, and output without an init is a start", async () => {
  await using({ "POST /command": streamOf(event({ type: "init" }), "open") }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.run("x", { idleTimeoutSeconds: 0.1, startTimeoutSeconds: 5 }));
    assert.equal(error?.code, "STREAM_STALLED");
  });
  const slow = async (_, response) => {
    openStream(response);
    for (let i = 0; i < 6; i++) {
      response.write(event({ type: "stdout", text: "a" }));
      await pause(50);
    }
    response.end(event({ type: "execution_complete" }));
  };
  await using({ "POST /command": slow }, async (sandbox) => {
    const execution = await sandbox.commands.run("x", { startTimeoutSeconds: 0.15 });
    assert.equal(execution.exitCode, 0);
  });
});

test("limits of weeks and for ever are not limits of a millisecond", async () => {
  const slow = async (_, response) => {
    openStream(response);
    await pause(30);
    response.write(init);
    await pause(30);
    response.end(event({ type: "execution_complete" }));
  };
  for (const seconds of [3e6, Number.POSITIVE_INFINITY]) {
    await using({ "POST /command": slow }, async (sandbox) => {
      const options = { startTimeoutSeconds: seconds, idleTimeoutSeconds: seconds };
      assert.equal((await sandbox.commands.run("x", options)).exitCode, 0);
      let asked = 0;
      const healthCheck = async () => {
        await pause(20);
        return ++asked > 1;
      };
      await sandbox.waitUntilReady({ readyTimeoutSeconds: seconds, pollingIntervalMillis: 1, healthCheck });
      assert.equal(asked, 2);
    });
  }
});

test("a sandbox that has gone silent is given up after one time limit, not after five", async () => {
  const routes = { "POST /command": streamOf(init, "close"), [`GET /command/status/${ID}`]: () => {} };
  await using(
    routes,
    async (sandbox, server) => {
      const from = performance.now();
      const { error } = await outcome(sandbox.commands.run("x"));
      assert.equal(error?.code, "STREAM_INTERRUPTED");
      assert.ok(performance.now() - from < 900);
      await server.close();
    },
    { requestTimeoutSeconds: 0.3 },
  ).catch((error) => assert.equal(error.code, "ERR_SERVER_NOT_RUNNING"));
});

test("a last line that is no event is reported as such, without a line break, too", async () => {
  await using({ "POST /command": streamOf("<html>login</html>", "close") }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.run("x"));
    assert.equal(error?.code, "MALFORMED_EVENT");
    assert.match(error.message, /<html>login/);
  });
});

test("hostile values in events are text, not crashes", async () => {
  const hostile = { toString: null };
  const body =
    event({ type: "init", text: { a: 1 } }) +
    event({ type: "stdout", text: hostile }) +
    event({ type: "result", results: { text: hostile } }) +
    event({ type: "error", error: { ename: hostile, evalue: hostile, traceback: [hostile] } });
  await using({ "POST /command": streamOf(body, "open") }, async (sandbox) => {
    const execution = await sandbox.commands.run("x", {}, { onStdout() {}, onResult() {}, onError() {} });
    assert.equal(execution.id, undefined);
    assert.equal(execution.stdout, '{"toString":null}\n');
    assert.equal(execution.error.value, '{"toString":null}');
    assert.equal(execution.exitCode, null);
    JSON.stringify(execution);
  });
});

test("a recovered failure has no made-up traceback, and a status that says nothing is no end", async () => {
  const routes = (status) => ({
    "POST /command": streamOf(init, "close"),
    [`GET /command/status/${ID}`]: (_, response) => json(response, 200, status),
    "GET /files/download": (_, response) => response.end(),
  });
  await using(routes({ id: ID, running: false, exit_code: 3 }), async (sandbox) => {
    const execution = await sandbox.commands.run("x");
    assert.deepEqual([execution.exitCode, execution.error.traceback], [3, []]);
  });
  await using(routes({}), async (sandbox) => {
    assert.equal((await outcome(sandbox.commands.run("x"))).error?.code, "STREAM_INTERRUPTED");
  });
});

test("an interrupt that comes too early for execd is sent again", async () => {
  let asked = 0;
  const routes = {
    "POST /command": streamOf(init, "open"),
    "DELETE /command": (_, response) => {
      if (++asked < 3) json(response, 500, { code: "RUNTIME_ERROR", message: "no such session" });
      else response.end();
    },
    [`GET /command/status/${ID}`]: (_, response) =>
      json(response, 404, { code: "INVALID_REQUEST_BODY", message: "command not found" }),
  };
  await using(routes, async (sandbox) => {
    const controller = new AbortController();
    await outcome(sandbox.commands.run("x", {}, { onInit: () => controller.abort() }, controller.signal));
    await until(() => asked === 3, "the third one is heard");
  });
});
