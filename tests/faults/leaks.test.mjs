// However a run ends, nothing of it is left: no timer, no connection, no rejection that nobody hears, no object in WebAssembly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import {
  event,
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

noUnhandledRejections();

// The glue's class for the Rust side of a run. The package does not export it.
const { RunDriver } = await import(new URL("../../pkg/core_bg.js", import.meta.url));
let alive = 0;
const { __wrap: wrap } = RunDriver;
RunDriver.__wrap = (pointer) => {
  alive++;
  return wrap.call(RunDriver, pointer);
};
const { free } = RunDriver.prototype;
RunDriver.prototype.free = function () {
  alive--;
  return free.call(this);
};

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
const line = event({ type: "stdout", text: "x" });
const complete = event({ type: "execution_complete" });
const gone = { [`GET /command/status/${ID}`]: (_, response) => json(response, 404, { code: "X", message: "gone" }) };
const stream = (text, end) => ({ "POST /command": streamOf(text, end), ...gone });
/** A stream that goes on until the client leaves. */
const endless = (first) => ({
  "POST /command": (_, response) => {
    openStream(response);
    response.write(first);
    const more = setInterval(() => response.write(line), 10);
    response.on("close", () => clearInterval(more));
  },
  "DELETE /command": (_, response) => response.end(),
  ...gone,
});
const run = (sandbox, options, handlers, signal) => outcome(sandbox.commands.run("x", options, handlers, signal));
const abortSoon = () => AbortSignal.timeout(50);

const ENDS = {
  "its end": [stream(init + line + complete, "open"), (sandbox) => run(sandbox)],
  "its end, and a reset behind it": [stream(init + line + complete, "reset"), (sandbox) => run(sandbox)],
  "an error": [stream(init + event({ type: "error", error: { evalue: "7" } }), "open"), (sandbox) => run(sandbox)],
  "a refusal": [stream(`${init}{"code":"RUNTIME_ERROR","message":"no"}`, "close"), (sandbox) => run(sandbox)],
  "a cut": [stream(init + line, "close"), (sandbox) => run(sandbox)],
  "a reset": [stream(init + line, "reset"), (sandbox) => run(sandbox)],
  "a reset before its id": [stream("", "reset"), (sandbox) => run(sandbox)],
  silence: [stream(init + line, "open"), (sandbox) => run(sandbox, { idleTimeoutSeconds: 0.1 })],
  "no start": [stream("", "open"), (sandbox) => run(sandbox, { startTimeoutSeconds: 0.1, onAbort: "detach" })],
  garbage: [stream(`${init}\u0000\u0001 nonsense\n\n`, "open"), (sandbox) => run(sandbox)],
  "a page of HTML": [stream("<html>\n<body>Bad Gateway</body></html>\n", "close"), (sandbox) => run(sandbox)],
  "a 502": [
    { "POST /command": (_, response) => json(response, 502, { code: "BAD", message: "gateway" }) },
    (sandbox) => run(sandbox),
  ],
  "an abort": [endless(init), (sandbox) => run(sandbox, {}, {}, abortSoon())],
  "an abort before its id": [endless(line), (sandbox) => run(sandbox, { onAbort: "detach" }, {}, abortSoon())],
  "a handler that throws": [
    endless(init),
    (sandbox) =>
      run(
        sandbox,
        {},
        {
          onStdout() {
            throw new Error("no");
          },
        },
      ),
  ],
  "a break": [
    endless(init),
    async (sandbox) => {
      for await (const { type } of sandbox.commands.runStream("x")) if (type === "stdout") break;
    },
  ],
  "close()": [
    endless(init),
    async (sandbox) => {
      const running = run(sandbox);
      setTimeout(() => sandbox.close(), 50);
      await running;
    },
  ],
  "a handle that is disposed of": [
    endless(init),
    async (sandbox) => {
      const handle = await sandbox.commands.start("x");
      await handle[Symbol.asyncDispose]();
    },
  ],
  "a stream that nobody reads": [endless(init), (sandbox) => sandbox.commands.runStream("x").return()],
};

for (const [what, [routes, work]] of Object.entries(ENDS)) {
  test(`nothing is left after ${what}`, async () => {
    await using(routes, async (sandbox) => {
      // What the first request of all sets up stays.
      await outcome(sandbox.isHealthy());
      const before = { alive, timers: timers() };
      await work(sandbox);
      await until(() => alive <= before.alive, "the Rust side of the run is freed");
      await until(() => timers() <= before.timers, "no timer is left");
    });
  });
}

test("the count sees a run that goes on", async () => {
  await using(endless(init), async (sandbox) => {
    const handle = await sandbox.commands.start("x");
    assert.ok(alive > 0);
    await handle[Symbol.asyncDispose]();
    await until(() => alive === 0, "freed");
    assert.ok(sandbox instanceof Sandbox);
  });
});
