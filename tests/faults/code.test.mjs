// Code where execd refuses, is silent or lies: a daemon that never answers, a context that is busy, a kernel that does not heed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodeInterpreter } from "opensandbox-wasm";
import {
  event,
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

const CONTEXT = "5a1b-context";
const init = event({ type: "init", text: CONTEXT });
const refusal = (message) => `${JSON.stringify({ code: "RUNTIME_ERROR", message })}\n\n`;
const busy = init + refusal("error running codes session is busy");
const done = `${init}${event({ type: "execution_complete" })}${event({ type: "result", results: { text: "1" } })}`;
/** One answer after another; the last one again and again. */
const inTurn = (...answers) => {
  let next = 0;
  return (...args) => answers[Math.min(next++, answers.length - 1)](...args);
};
const interrupts = (server) => server.count("DELETE /code");

test("the context's id goes with its language, and the context's own fields stay at home", async () => {
  const bodies = [];
  const route = (request, response, { body }) => {
    bodies.push(JSON.parse(body));
    return streamOf(done, "close")(request, response);
  };
  await using({ "POST /code": route }, async ({ codes }) => {
    await codes.run("1");
    await codes.run("1", { language: "bash" });
    await codes.run("1", { context: { id: "c", language: "go", cwd: "/x", [Symbol.asyncDispose]: () => {} } });
    await codes.run("1", { context: { language: "java" } });
  });
  assert.deepEqual(bodies, [
    { code: "1", context: { language: "python" } },
    { code: "1", context: { language: "bash" } },
    { code: "1", context: { id: "c", language: "go" } },
    { code: "1", context: { language: "java" } },
  ]);
});

test("a create that execd would never answer ends, and says why", async () => {
  await using({ "POST /code/context": () => {} }, async ({ codes }) => {
    const { error } = await outcome(codes.createContext("cobol", { requestTimeoutSeconds: 0.2 }));
    assert.equal(error.name, "SandboxTimeoutException");
    assert.match(error.message, /does not answer when the sandbox's image has no kernel for cobol/);
  });
});

test("an answer without an id is no context", async () => {
  await using(
    { "POST /code/context": (_, response) => json(response, 200, { language: "python" }) },
    async ({ codes }) => {
      const { error } = await outcome(codes.createContext("python"));
      assert.equal(error.error.code, "UNEXPECTED_RESPONSE");
    },
  );
});

test("busy: nothing of it is delivered, nothing is interrupted, and the words say what to do", async () => {
  await using({ "POST /code": streamOf(busy, "close") }, async ({ codes }, server) => {
    const seen = [];
    const handlers = { onError: (error) => seen.push(error), onExecutionComplete: () => seen.push("complete") };
    const { error } = await outcome(codes.run("1", { handlers }));
    assert.deepEqual([error.name, error.error.code, error.isRetryable], ["SandboxApiException", "CONTEXT_BUSY", true]);
    assert.match(error.message, new RegExp(`${CONTEXT}.*onBusy: "queue"`));
    assert.deepEqual(seen, []);
    await pause(50);
    assert.equal(interrupts(server), 0, "the other one's run");
  });
});

test("a queue asks again while somebody else keeps the context busy", async () => {
  const route = inTurn(streamOf(busy, "close"), streamOf(busy, "close"), streamOf(done, "close"));
  await using({ "POST /code": route }, async ({ codes }, server) => {
    const run = await codes.run("1", { onBusy: "queue" });
    assert.equal(run.text, "1");
    assert.equal(server.count("POST /code"), 3);
  });
});

test("a queue gives up at its limit, and at an abort", async () => {
  await using({ "POST /code": streamOf(busy, "close") }, async ({ codes }, server) => {
    const late = await outcome(codes.run("1", { onBusy: "queue", startTimeoutSeconds: 0.3 }));
    assert.equal(late.error.error.code, "CONTEXT_BUSY");
    assert.ok(server.count("POST /code") > 1);
    const controller = new AbortController();
    const waiting = outcome(codes.run("1", { onBusy: "queue", signal: controller.signal }));
    await pause(50);
    controller.abort();
    assert.equal((await waiting).error.name, "AbortError");
  });
});

test("a run that fails does not hold up those behind it, and contexts do not wait for each other", async () => {
  const open = [];
  const route = (request, response, { body }) => {
    const { context } = JSON.parse(body);
    if (context.id === "slow") return open.push(() => streamOf(done, "close")(request, response));
    if (context.id === "bad") return json(response, 500, { code: "RUNTIME_ERROR", message: "no" });
    return streamOf(done, "close")(request, response);
  };
  await using({ "POST /code": route }, async ({ codes }) => {
    const at = (id) => ({ context: { id, language: "python" }, onBusy: "queue" });
    const slow = codes.run("1", at("slow"));
    assert.equal((await codes.run("1", at("other"))).text, "1");
    const failed = outcome(codes.run("1", at("bad")));
    const behind = outcome(codes.run("1", at("bad")));
    assert.deepEqual([(await failed).error.statusCode, (await behind).error.statusCode], [500, 500]);
    await until(() => open.length === 1, "the slow one has begun");
    open[0]();
    assert.equal((await slow).text, "1");
  });
});

test("a limit interrupts once; what the kernel says then is the run", async () => {
  let respond;
  const interrupted = `${event({ type: "error", error: { ename: "KeyboardInterrupt", evalue: "", traceback: [] } })}`;
  const routes = {
    "POST /code": (_, response) => {
      openStream(response);
      response.write(done);
      respond = response;
    },
    "DELETE /code": (_, response, { url }) => {
      assert.equal(url.search, `?id=${CONTEXT}`);
      response.end();
      respond.end(interrupted);
    },
  };
  await using(routes, async ({ codes }, server) => {
    const run = await codes.run("1", { timeoutSeconds: 0.1 });
    assert.deepEqual([run.timedOut, run.error.name, run.text], [true, "KeyboardInterrupt", "1"]);
    assert.equal(interrupts(server), 1);
  });
});

test("a kernel that does not heed is given up, with all that it had said", async () => {
  const routes = {
    "POST /code": (_, response) => {
      openStream(response);
      response.write(done);
      const timer = setInterval(() => response.write(event({ type: "ping", text: "pong" })), 50);
      response.on("close", () => clearInterval(timer));
    },
    "DELETE /code": (_, response) => response.end(),
  };
  await using(routes, async ({ codes }, server) => {
    const { error } = await outcome(codes.run("1", { timeoutSeconds: 0.1 }));
    assert.deepEqual([error.name, error.error.code], ["SandboxStreamException", "KERNEL_UNRESPONSIVE"]);
    assert.match(error.message, new RegExp(`${CONTEXT}.*codes.deleteContext or codes.restartContext`));
    assert.deepEqual([error.execution.timedOut, error.execution.text, error.executionId], [true, "1", CONTEXT]);
    await pause(50);
    assert.equal(interrupts(server), 1);
  });
});

test("a run within its limit is left alone, however slowly it is read", async () => {
  await using(
    { "POST /code": streamOf(done, "close"), "DELETE /code": (_, response) => response.end() },
    async ({ codes }, server) => {
      const run = await codes.run("1", { timeoutSeconds: 0.05, handlers: { onResult: () => pause(200) } });
      assert.deepEqual([run.timedOut, run.ok, run.text], [false, true, "1"]);
      assert.ok(interrupts(server) <= 1);
    },
  );
});

test("an abort interrupts the context, or leaves it running", async () => {
  const begun = init + event({ type: "stdout", text: "begun" });
  const routes = { "POST /code": streamOf(begun, "open"), "DELETE /code": (_, response) => response.end() };
  for (const [onAbort, times] of [
    ["interrupt", 1],
    ["detach", 0],
  ]) {
    await using(routes, async ({ codes }, server) => {
      const controller = new AbortController();
      const handlers = { onStdout: () => controller.abort() };
      const { error } = await outcome(codes.run("1", { onAbort, handlers, signal: controller.signal }));
      assert.equal(error.name, "AbortError");
      if (times) await until(() => interrupts(server) === 1, "the interrupt has come");
      else await pause(100);
      assert.equal(interrupts(server), times);
    });
  }
});

/** A kernel that heeds only the second interrupt: the first came before it had begun. */
function lateKernel() {
  let open;
  let told = 0;
  return {
    "POST /code": (_, response) => {
      openStream(response);
      response.write(init);
      open = response;
    },
    "DELETE /code": (_, response) => {
      response.end();
      const error = { ename: "KeyboardInterrupt", evalue: "", traceback: [] };
      if (++told === 2) open.end(event({ type: "error", error }) + event({ type: "execution_complete" }));
    },
  };
}

test("an abort that comes before the code has begun interrupts it all the same", async () => {
  await using(lateKernel(), async ({ codes }, server) => {
    const controller = new AbortController();
    const handlers = { onInit: () => controller.abort() };
    const { error } = await outcome(codes.run("1", { handlers, signal: controller.signal }));
    assert.equal(error.name, "AbortError");
    await until(() => interrupts(server) === 2, "the second interrupt has come", 10_000);
    await until(() => server.busy() === 0, "the stream is over");
    await pause(1200);
    assert.equal(interrupts(server), 2, "no more than it takes");
  });
});

test("a limit that comes before the code has begun, too", async () => {
  await using(lateKernel(), async ({ codes }, server) => {
    const run = await codes.run("1", { timeoutSeconds: 0.05 });
    assert.deepEqual([run.timedOut, run.error.name, interrupts(server)], [true, "KeyboardInterrupt", 2]);
  });
});

test("code that has begun is interrupted once, whatever it does about it", async () => {
  let open;
  const routes = {
    "POST /code": (_, response) => {
      openStream(response);
      response.write(init + event({ type: "stdout", text: "begun" }));
      open = response;
    },
    "DELETE /code": (_, response) => {
      response.end();
      setTimeout(
        () => open.end(event({ type: "stdout", text: "cleaned" }) + event({ type: "execution_complete" })),
        1500,
      );
    },
  };
  await using(routes, async ({ codes }, server) => {
    const run = await codes.run("1", { timeoutSeconds: 0.1 });
    assert.deepEqual([run.stdout, run.ok, interrupts(server)], ["beguncleaned", true, 1]);
  });
});

test("a stream that is cut is told, and nothing is sent for it", async () => {
  await using(
    { "POST /code": streamOf(init + event({ type: "stdout", text: "half" }), "reset") },
    async ({ codes }, server) => {
      const { error } = await outcome(codes.run("1"));
      assert.deepEqual(
        [error.name, error.error.code, error.execution.stdout],
        ["SandboxStreamException", "STREAM_INTERRUPTED", "half"],
      );
      assert.equal(interrupts(server), 0, "the code goes on, for all we know");
    },
  );
});

test("other failures inside the stream are the run's error", async () => {
  await using(
    { "POST /code": streamOf(init + refusal("error running codes no kernel"), "close") },
    async ({ codes }) => {
      const run = await codes.run("1");
      assert.deepEqual(
        [run.ok, run.error.name, run.error.value],
        [false, "RUNTIME_ERROR", "error running codes no kernel"],
      );
    },
  );
});

test("readiness: first the daemon, then Jupyter, then it is over", async () => {
  let pings = 0;
  let tries = 0;
  const exit = (code) =>
    streamOf(
      init +
        event(
          code === 0
            ? { type: "execution_complete" }
            : { type: "error", error: { ename: "CommandExecError", evalue: `${code}`, traceback: [] } },
        ),
      "close",
    );
  const routes = {
    "GET /ping": (_, response) => {
      response.statusCode = ++pings < 3 ? 503 : 200;
      response.end();
    },
    "POST /command": (...args) => exit(++tries < 3 ? 7 : 0)(...args),
  };
  await using(routes, async (sandbox) => {
    const seen = [];
    const onProgress = ({ waitingFor, attempts }) => seen.push(`${waitingFor} ${attempts}`);
    await CodeInterpreter.create(sandbox, { healthCheckPollingInterval: 5, onProgress });
    assert.deepEqual(seen, [
      ...["execd 1", "execd 2", "execd 3", "jupyter 3", "execd 4", "jupyter 4", "execd 5", "jupyter 5"],
    ]);
  });
});
