// Every way in which a stream can go wrong ends in its documented outcome, in time, and leaves nothing behind.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import {
  event,
  faultServer,
  ID,
  init,
  json,
  noUnhandledRejections,
  openStream,
  outcome,
  streamOf,
  until,
  using,
} from "./fault-server.mjs";

const HELLO = readFileSync(new URL("../fixtures/execd/command-hello.body", import.meta.url));
noUnhandledRejections();

/** Routes of an execd that knows how the program went on. */
const recoverable = (stdout, stderr, status) => ({
  [`GET /command/status/${ID}`]: (_, response) => json(response, 200, { id: ID, running: false, ...status }),
  "GET /files/download": (_, response, { url }) => {
    const wanted = { [`/tmp/${ID}.stdout`]: stdout, [`/tmp/${ID}.stderr`]: stderr }[url.searchParams.get("path")];
    if (wanted === undefined) json(response, 404, { code: "FILE_NOT_FOUND", message: "no" });
    else response.end(wanted);
  },
});

test("a recorded stream cut at every byte is recovered or reported, and never a wrong success", async () => {
  const end = HELLO.indexOf('{"type":"execution_complete"');
  const complete = HELLO.indexOf("\n", end);
  const firstLine = HELLO.indexOf("\n");
  let cut = 0;
  let how = "close";
  const scripted = await faultServer({
    "POST /command": (...args) => streamOf(HELLO.subarray(0, cut), how)(...args),
    ...recoverable("hi\n", "err\n", { exit_code: 0 }),
  });
  try {
    const sandbox = await Sandbox.create({ connectionConfig: scripted.config, image: "i", skipHealthCheck: true });
    for (cut = 0; cut <= HELLO.length; cut += cut < 150 || (cut > end - 3 && cut < complete + 3) ? 1 : 5) {
      for (how of ["close", "reset"]) {
        const { execution, error } = await outcome(sandbox.commands.run("x"));
        const place = `cut at ${cut}, ${how}`;
        if (cut > complete) {
          assert.equal(execution?.exitCode, 0, place);
          assert.equal(execution.recovered, false, place);
        } else if (cut > firstLine || (how === "close" && cut === firstLine)) {
          // The id is known: what is missing is read back. A proper end of the body ends the last line, too.
          assert.equal(execution?.exitCode, 0, `${place}: ${error}`);
          assert.equal(execution.recovered, how === "reset" || cut < complete, place);
        } else if (error) {
          assert.ok(["STREAM_INTERRUPTED", "NETWORK_ERROR"].includes(error.code), `${place}: ${error}`);
        } else {
          assert.fail(`${place}: a run without an id was reported as a success`);
        }
        if (execution) {
          assert.deepEqual([execution.stdout, execution.stderr], ["hi\n", "err\n"], place);
          assert.equal(execution.logs.stdout.length + execution.logs.stderr.length, 2, `${place}: nothing twice`);
        }
      }
    }
    await until(() => scripted.busy() === 0, "no connection is left open");
  } finally {
    await scripted.close();
  }
});

test("a run that is over settles at once, whatever the connection does then", async () => {
  for (const end of ["open", "reset", "close"]) {
    await using({ "POST /command": streamOf(HELLO, end) }, async (sandbox) => {
      const from = performance.now();
      const execution = await sandbox.commands.run("x");
      assert.equal(execution.exitCode, 0);
      assert.ok(performance.now() - from < 500, `not the second that execd keeps the stream open (${end})`);
    });
  }
});

test("a cut run that goes on is waited for, and its rest is read back in order", async () => {
  let polls = 0;
  const routes = {
    "POST /command": streamOf(
      init + event({ type: "stdout", text: "a" }) + event({ type: "stderr", text: "e1" }),
      "reset",
    ),
    ...recoverable("a\n\nb\r\nc", "e1\ne2\n", {}),
    [`GET /command/status/${ID}`]: (_, response) => {
      polls++;
      // The first answer is early, the second says running.
      if (polls === 1) json(response, 404, { code: "INVALID_REQUEST_BODY", message: "command not found" });
      else if (polls === 2) json(response, 200, { id: ID, running: true });
      else json(response, 200, { id: ID, running: false, exit_code: 3, error: "exit status 3" });
    },
  };
  await using(routes, async (sandbox) => {
    const heard = [];
    const hear = (name) => (message) => heard.push(`${name}:${message.text ?? message.value}`);
    const execution = await sandbox.commands.run(
      "x",
      {},
      {
        onStdout: hear("out"),
        onStderr: hear("err"),
        onError: hear("error"),
      },
    );
    assert.equal(execution.recovered, true);
    assert.equal(execution.exitCode, 3);
    assert.deepEqual(execution.error.traceback, ["exit status 3"]);
    assert.equal(execution.stdout, "a\n\nb\nc\n");
    assert.deepEqual(heard, ["out:a", "err:e1", "out:\n", "out:b", "out:c", "err:e2", "error:3"]);
  });
});

test("a cut run whose output is lost rejects with its exit code", async () => {
  const routes = {
    "POST /command": streamOf(init + event({ type: "stdout", text: "a" }), "close"),
    [`GET /command/status/${ID}`]: (_, response) => json(response, 200, { id: ID, running: false, exit_code: 0 }),
    "GET /files/download": (_, response) => json(response, 404, { code: "FILE_NOT_FOUND", message: "no" }),
  };
  await using(routes, async (sandbox, server) => {
    const { error } = await outcome(sandbox.commands.run("x"));
    assert.equal(error.code, "STREAM_INTERRUPTED");
    assert.equal(error.execution.exitCode, 0);
    assert.equal(error.stillRunning, false);
    assert.equal(error.execution.stdout, "a\n");
    assert.equal(server.count("DELETE /command"), 0);
  });
});

test("sessions and background starts that are cut reject with what had arrived", async () => {
  const partial = init + event({ type: "stdout", text: "a" });
  for (const [path, run] of [
    ["POST /session/x/run", (sandbox) => sandbox.commands.runInSession("x", "y")],
    ["POST /command", (sandbox) => sandbox.commands.run("y", { background: true })],
  ]) {
    for (const end of ["close", "reset"]) {
      await using({ [path]: streamOf(partial, end) }, async (sandbox) => {
        const { error } = await outcome(run(sandbox));
        assert.equal(error?.code, "STREAM_INTERRUPTED");
        assert.equal(error.executionId, ID);
        assert.equal(error.execution.stdout, "a\n");
      });
    }
  }
});

test("a bare error object ends the run as its error, with or without a line break", async () => {
  for (const tail of ["", "\n\n"]) {
    const body = `${init}{"code":"RUNTIME_ERROR","message":"error running in session. timeout after 300ms"}${tail}`;
    await using({ "POST /session/x/run": streamOf(body, "close") }, async (sandbox) => {
      const errors = [];
      const execution = await sandbox.commands.runInSession(
        "x",
        "y",
        { timeoutSeconds: 0.001 },
        { onError: (e) => errors.push(e) },
      );
      assert.equal(execution.error.name, "RUNTIME_ERROR");
      assert.match(execution.error.value, /timeout after 300ms/);
      assert.equal(execution.exitCode, null);
      assert.equal(execution.ok, false);
      assert.equal(errors.length, 1);
    });
  }
});

test("garbage is an error with an excerpt, after the events before it", async () => {
  for (const garbage of [
    "<html>502 Bad Gateway</html>\n",
    '{"type":"stdout",}\n',
    "[1]\n",
    '{"type":\n',
    "Bad Gateway\n",
  ]) {
    const body = init + event({ type: "stdout", text: "a" }) + garbage + event({ type: "execution_complete" });
    await using({ "POST /command": streamOf(body, "open") }, async (sandbox) => {
      const { error } = await outcome(sandbox.commands.run("x"));
      assert.equal(error?.code, "MALFORMED_EVENT", garbage);
      assert.ok(error.message.includes(garbage.trim()), error.message);
      assert.equal(error.execution.stdout, "a\n");
    });
  }
});

test("unknown events reach onEvent and harm nothing", async () => {
  const body = `${init}: comment\nevent: x\n${event({ type: "novelty", a: 1 })}data: ${event({ type: "stdout", text: "sse" })}${event({ type: "execution_complete" })}`;
  await using({ "POST /command": streamOf(body, "open") }, async (sandbox) => {
    const events = [];
    const execution = await sandbox.commands.run("x", {}, { onEvent: (e) => events.push(e.type) });
    assert.deepEqual(events, ["init", "novelty", "stdout", "execution_complete"]);
    assert.equal(execution.stdout, "sse\n");
  });
});

test("a silent stream is a stall: finished is recovered, running is reported and left alone", async () => {
  const body = init + event({ type: "stdout", text: "a" });
  const options = { idleTimeoutSeconds: 0.15 };
  await using(
    { "POST /command": streamOf(body, "open"), ...recoverable("a\nb\n", "", { exit_code: 0 }) },
    async (sandbox) => {
      const execution = await sandbox.commands.run("x", options);
      assert.equal(execution.recovered, true);
      assert.equal(execution.stdout, "a\nb\n");
    },
  );
  await using(
    {
      "POST /command": streamOf(body, "open"),
      [`GET /command/status/${ID}`]: (_, response) => json(response, 200, { id: ID, running: true }),
    },
    async (sandbox, server) => {
      const { error } = await outcome(sandbox.commands.run("x", options));
      assert.equal(error?.code, "STREAM_STALLED");
      assert.equal(error.stillRunning, true);
      assert.equal(server.count("DELETE /command"), 0, "a stall is no reason to end the program");
    },
  );
});

test("a slow handler is no stall", async () => {
  const pings = async (_, response) => {
    openStream(response);
    response.write(init + event({ type: "stdout", text: "a" }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    response.end(event({ type: "execution_complete" }));
  };
  await using({ "POST /command": pings }, async (sandbox) => {
    const execution = await sandbox.commands.run(
      "x",
      { idleTimeoutSeconds: 0.2 },
      {
        onStdout: () => new Promise((resolve) => setTimeout(resolve, 400)),
      },
    );
    assert.equal(execution.exitCode, 0);
  });
});

test("nothing started in time is a time-out", async () => {
  await using({ "POST /command": () => {} }, async (sandbox) => {
    const from = performance.now();
    const { error } = await outcome(sandbox.commands.run("x", { startTimeoutSeconds: 0.1, onAbort: "detach" }));
    assert.equal(error?.code, "REQUEST_TIMEOUT");
    assert.match(error.message, /startTimeoutSeconds/);
    assert.ok(performance.now() - from < 1000);
  });
});

test("an abort before init rejects at once and still ends the program", async () => {
  let release;
  const late = async (_, response) => {
    openStream(response);
    response.flushHeaders();
    await new Promise((resolve) => {
      release = resolve;
    });
    response.write(init);
  };
  await using({ "POST /command": late }, async (sandbox, server) => {
    const controller = new AbortController();
    const run = outcome(sandbox.commands.run("x", {}, {}, controller.signal));
    await until(() => release, "the request arrives");
    const from = performance.now();
    controller.abort("enough");
    const { error } = await run;
    assert.ok(performance.now() - from < 100, "at once");
    assert.deepEqual([error.name, error.code, error.cause], ["AbortError", "ABORTED", "enough"]);
    assert.equal(error.execution, undefined, "nothing is known yet");
    assert.equal(server.count("DELETE /command"), 0);
    release();
    await until(() => server.count("DELETE /command") === 1, "the program is interrupted when its id is known");
    assert.equal(server.seen.at(-1).url.searchParams.get("id"), ID);
  });
});

test("an abort before the headers rejects at once, and the program is ended when they come", async () => {
  let release;
  const late = async (_, response) => {
    await new Promise((resolve) => {
      release = resolve;
    });
    openStream(response);
    response.write(init);
  };
  await using({ "POST /command": late }, async (sandbox, server) => {
    const controller = new AbortController();
    const run = outcome(sandbox.commands.run("x", {}, {}, controller.signal));
    await until(() => release, "the request arrives");
    controller.abort();
    assert.equal((await run).error.code, "ABORTED");
    release();
    await until(() => server.count("DELETE /command") === 1, "the program is interrupted");
  });
});

test("an abort in the middle closes the connection first and then interrupts; the rejection waits for neither", async () => {
  let closed = false;
  const routes = {
    "POST /command": async (_, response) => {
      openStream(response);
      response.write(init + event({ type: "stdout", text: "a" }));
      response.on("close", () => {
        closed = true;
      });
    },
    "DELETE /command": (_, response) => {
      setTimeout(() => response.end(), 500);
    },
  };
  await using(routes, async (sandbox, server) => {
    const controller = new AbortController();
    const from = performance.now();
    const { error } = await outcome(
      sandbox.commands.run("x", {}, { onStdout: () => controller.abort(new Error("mine")) }, controller.signal),
    );
    assert.equal(error.cause.message, "mine");
    assert.ok(performance.now() - from < 400, "does not wait for the DELETE");
    await until(() => closed && server.count("DELETE /command") === 1, "closed and interrupted");
  });
});

test("detach leaves the program running, and so does leaving a session's stream", async () => {
  const open = streamOf(init + event({ type: "stdout", text: "a" }), "open");
  await using({ "POST /command": open, "POST /session/x/run": open }, async (sandbox, server) => {
    for (const run of [
      (signal, handlers) => sandbox.commands.run("x", { onAbort: "detach" }, handlers, signal),
      (signal, handlers) => sandbox.commands.runInSession("x", "y", {}, handlers, signal),
    ]) {
      const controller = new AbortController();
      const { error } = await outcome(run(controller.signal, { onStdout: () => controller.abort() }));
      assert.equal(error?.code, "ABORTED");
      assert.deepEqual([error.executionId, error.execution.stdout], [ID, "a\n"], "what had arrived is not lost");
      assert.equal(error.requestId?.length, 32);
    }
    await until(() => server.busy() === 0, "the connections are closed");
    assert.equal(server.count("DELETE /command"), 0);
  });
});

test("breaking out of runStream closes the connection and ends the program", async () => {
  await using(
    { "POST /command": streamOf(init + event({ type: "stdout", text: "a" }), "open") },
    async (sandbox, server) => {
      const stream = sandbox.commands.runStream("x");
      for await (const { type } of stream) if (type === "stdout") break;
      await until(() => server.count("DELETE /command") === 1, "interrupted");
      await assert.rejects(async () => {
        for await (const _ of stream);
      }, /only once/);
    },
  );
});

test("closing the sandbox ends its runs with CLOSED", async () => {
  await using({ "POST /command": streamOf(init, "open") }, async (sandbox, server) => {
    const run = outcome(sandbox.commands.run("x", { onAbort: "detach" }));
    await until(() => server.count("POST /command") === 1, "it runs");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await sandbox.close();
    assert.equal((await run).error?.code, "CLOSED");
  });
});

test("a handler that never settles does not stand between an abort and its rejection", async () => {
  await using({ "POST /command": streamOf(init + event({ type: "stdout", text: "a" }), "open") }, async (sandbox) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const { error } = await outcome(
      sandbox.commands.run("x", {}, { onStdout: () => new Promise(() => {}) }, controller.signal),
    );
    assert.equal(error?.code, "ABORTED");
  });
});

test("an error before the stream is an API error with its request id", async () => {
  const refuse = (_, response) =>
    json(response, 400, { code: "INVALID_REQUEST_BODY", message: "working directory does not exist" });
  await using({ "POST /command": refuse }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.run("x", { workingDirectory: "/nope" }));
    assert.deepEqual(
      [error.name, error.code, error.statusCode, error.requestId],
      ["SandboxApiException", "INVALID_REQUEST_BODY", 400, "from-server"],
    );
  });
});

test("an event of 64 MiB and more is an error, not a crash", async () => {
  const huge = async (_, response) => {
    openStream(response);
    response.on("error", () => {});
    response.write(init);
    response.write('{"type":"stdout","text":"');
    const part = Buffer.alloc(1 << 20, "x");
    for (let i = 0; i < 66 && !response.destroyed; i++) {
      if (!response.write(part)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
    }
    response.end('","timestamp":1}\n\n');
  };
  await using({ "POST /command": huge }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.run("x"));
    assert.equal(error?.code, "EVENT_TOO_LARGE");
  });
});

test("a create that is aborted or late leaves no sandbox behind", async () => {
  for (const [options, code] of [
    [() => ({ createTimeoutSeconds: 0.05 }), "REQUEST_TIMEOUT"],
    [() => ({ signal: AbortSignal.timeout(50) }), "ABORTED"],
  ]) {
    let release;
    const server = await faultServer({
      "POST /v1/sandboxes": async (_, response) => {
        await new Promise((resolve) => {
          release = resolve;
        });
        json(response, 202, { id: "late", createdAt: "2026-01-01T00:00:00Z", status: {}, entrypoint: [] });
      },
      "DELETE /v1/sandboxes/late": (_, response) => response.writeHead(204).end(),
    });
    const { error } = await outcome(Sandbox.create({ connectionConfig: server.config, image: "i", ...options() }));
    try {
      assert.equal(error?.code, code);
      release();
      await until(() => server.count("DELETE /v1/sandboxes/late") === 1, "the late sandbox is deleted");
    } finally {
      await server.close();
    }
  }
});
