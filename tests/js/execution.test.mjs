// src/js/execution.js: batches of events become an Execution.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { Batch, Execution, JSON_ROW, PING, Recorder, ROW, STDERR, STDOUT } from "../../src/js/execution.js";

const T = 1_700_000_000_000;
/** A batch as the decoder makes it, from raw events. `parse`: output rows that came through JSON.parse. */
function batch(events, { parse = () => false } = {}) {
  const table = new Float64Array(events.length * ROW);
  const parsed = new Map();
  let text = "";
  for (const [row, event] of events.entries()) {
    const plain = { stdout: STDOUT, stderr: STDERR, ping: PING }[parse(event) ? "" : event.type];
    const piece = plain === undefined ? JSON.stringify(event) : event.text;
    table.set([plain ?? JSON_ROW, piece.length, event.timestamp ?? T + row], row * ROW);
    if (plain === undefined) parsed.set(row, event);
    text += piece;
  }
  return new Batch(text, table, parsed);
}
const out = (text, timestamp = T) => ({ type: "stdout", text, timestamp });
const err = (text, timestamp = T) => ({ type: "stderr", text, timestamp });
const init = { type: "init", text: "id-1", timestamp: T };
const complete = { type: "execution_complete", execution_time: 12, timestamp: T };
const failed = (evalue, traceback = []) => ({
  type: "error",
  timestamp: T,
  error: { ename: "CommandExecError", evalue, traceback },
});

async function record(batches, options = {}) {
  const recorder = new Recorder({ timeoutMs: 0, ...options });
  for (const each of batches) await recorder.take(each, { exitCode: options.exitCode });
  return recorder.execution;
}
const run = (...events) => record([batch(events)]);

describe("a batch", () => {
  const events = [
    init,
    out("a"),
    { type: "ping", text: "pong", timestamp: T },
    err("ü👩‍👩‍👧"),
    out(""),
    { type: "odd", x: 1, timestamp: T },
    complete,
  ];
  test("gives the raw events back", () => {
    assert.deepEqual([...batch(events).events()], events);
    assert.equal(batch(events).length, events.length);
  });
  test("may be empty", () => {
    assert.deepEqual([...new Batch("", new Float64Array(0)).events()], []);
  });
});

describe("joined text", () => {
  test("gives each line its break back; an event that is a break is one empty line", async () => {
    const execution = await run(init, out("a"), out("\n"), out("b"), out("\n"), complete);
    assert.equal(execution.stdout, "a\n\nb\n\n");
    assert.equal(execution.stderr, "");
    assert.equal(execution.output, "a\n\nb\n\n");
  });
  test("of code is verbatim", async () => {
    const execution = await record([batch([out("a"), out("b\n"), out("\n"), err("c")])], { code: true });
    assert.equal(execution.stdout, "ab\n\n");
    assert.equal(execution.stderr, "c");
    assert.equal(execution.output, "ab\n\nc");
  });
  test("of both is in the order of arrival, across batches", async () => {
    const execution = await record([batch([out("1"), err("2")]), batch([err("3"), out("4")])]);
    assert.equal(execution.output, "1\n2\n3\n4\n");
    assert.equal(execution.stdout, "1\n4\n");
    assert.equal(execution.stderr, "2\n3\n");
  });
  test("is the same before and after logs were looked at, and while more comes", async () => {
    const recorder = new Recorder({ timeoutMs: 0 });
    await recorder.take(batch([out("1")]), {});
    assert.equal(recorder.execution.logs.stdout.length, 1);
    await recorder.take(batch([out("2")]), {});
    assert.equal(recorder.execution.stdout, "1\n2\n");
    assert.deepEqual(
      recorder.execution.logs.stdout.map(({ text }) => text),
      ["1", "2"],
    );
    assert.equal(recorder.execution.stdout, "1\n2\n");
  });
  test("counts output that had to be parsed", async () => {
    const events = [out("1"), out("2"), err("3"), out("4")];
    const execution = await record([batch(events, { parse: ({ text }) => text !== "1" })]);
    assert.equal(execution.output, "1\n2\n3\n4\n");
    assert.deepEqual(
      execution.logs.stdout.map(({ text }) => text),
      ["1", "2", "4"],
    );
  });
});

describe("the official shape", () => {
  const expected = {
    logs: {
      stdout: [{ text: "a", timestamp: T + 1, isError: false }],
      stderr: [{ text: "b", timestamp: T + 2, isError: true }],
    },
    result: [],
    id: "id-1",
    complete: { timestamp: T, executionTimeMs: 12 },
    exitCode: 0,
  };
  const make = () => run(init, out("a", T + 1), err("b", T + 2), complete);

  test("is what spread, Object.keys, entries, JSON, structuredClone and for-in give", async () => {
    assert.deepEqual({ ...(await make()) }, expected);
    assert.deepEqual(Object.keys(await make()).sort(), Object.keys(expected).sort());
    assert.deepEqual(Object.fromEntries(Object.entries(await make())), expected);
    assert.deepEqual(JSON.parse(JSON.stringify(await make())), expected);
    assert.deepEqual(structuredClone(await make()), expected);
    assert.deepEqual(Object.assign({}, await make()), expected);
    const keys = [];
    for (const key in await make()) keys.push(key);
    assert.deepEqual(keys.sort(), Object.keys(expected).sort());
  });

  test("logs is the same object each time", async () => {
    const execution = await make();
    assert.equal(execution.logs, execution.logs);
    assert.equal(execution.logs.stdout, execution.logs.stdout);
  });

  test("is what console.log shows", async () => {
    const text = inspect(await make(), { depth: 5 });
    assert.match(text, /^Execution \{/);
    assert.ok(!text.includes("[Getter"), text);
    assert.ok(text.includes("'a'"), text);
  });

  test("the class shows nothing of its inside", () => {
    assert.deepEqual(Object.getOwnPropertyNames(Execution).sort(), ["length", "name", "prototype"]);
    assert.deepEqual(Object.getOwnPropertyNames(Execution.prototype).sort(), [
      "constructor",
      "ok",
      "output",
      "recovered",
      "stderr",
      "stdout",
      "text",
      "timedOut",
      "toJSON",
      "truncated",
    ]);
  });
});

describe("events", () => {
  test("init sets the id, and an empty one changes nothing", async () => {
    assert.equal((await run(init)).id, "id-1");
    const seen = [];
    const execution = await record([batch([init, { type: "init", timestamp: T }])], {
      handlers: { onInit: ({ id }) => seen.push(id) },
    });
    assert.equal(execution.id, "id-1");
    assert.deepEqual(seen, ["id-1", "id-1"]);
  });

  test("a result has text, raw data and time; its text is the last one's", async () => {
    const one = { type: "result", timestamp: T, results: { text: "1", "text/html": "<b>1</b>" } };
    const two = { type: "result", timestamp: T, results: { "text/plain": 2 } };
    const three = { type: "result", timestamp: T, results: { "image/png": "AA" } };
    const execution = await record([batch([one, two])], { code: true });
    assert.deepEqual(structuredClone(execution.result), [
      { text: "1", timestamp: T, raw: one.results },
      { text: "2", timestamp: T, raw: two.results },
    ]);
    assert.equal(execution.text, "2");
    assert.equal((await record([batch([three])], { code: true })).result[0].text, undefined);
  });

  test("execution_count is kept", async () => {
    assert.equal((await run({ type: "execution_count", execution_count: 7, timestamp: T })).executionCount, 7);
  });

  test("execution_complete means 0, and its time may be missing", async () => {
    const execution = await run({ type: "execution_complete", timestamp: T });
    assert.deepEqual(execution.complete, { timestamp: T, executionTimeMs: 0 });
    assert.equal(execution.exitCode, 0);
    assert.equal(execution.ok, true);
  });

  test("no end leaves no exit code", async () => {
    assert.equal("exitCode" in (await run(init)), false);
  });

  test("an error carries the exit code that was read, or null", async () => {
    const seven = await record([batch([init, failed("7", ["exit status 7"])])], { exitCode: 7 });
    assert.deepEqual([seven.exitCode, seven.ok], [7, false]);
    const error = { name: "CommandExecError", value: "7", traceback: ["exit status 7"], timestamp: T };
    assert.deepEqual({ ...seven.error }, error);
    const words = await record([batch([init, failed("fork failed")])]);
    assert.deepEqual([words.exitCode, words.ok], [null, false]);
  });

  test("an error wins over a completion, before and after it", async () => {
    const first = await record([batch([failed("3"), complete])], { exitCode: 3 });
    assert.equal(first.exitCode, 3);
    const second = await record([batch([complete, failed("3")])], { exitCode: 3 });
    assert.equal(second.exitCode, 3);
  });

  test("code and background runs have no exit code", async () => {
    for (const options of [{ code: true }, { background: true }]) {
      const execution = await record([batch([init, complete])], options);
      assert.equal(execution.exitCode, undefined);
      assert.equal(execution.ok, true);
      assert.equal((await record([batch([failed("x")])], options)).ok, false);
    }
  });

  test("a bare code and message is an error", async () => {
    const execution = await run(init, { code: "RUNTIME_ERROR", message: "it broke" });
    assert.deepEqual(
      [execution.error.name, execution.error.value, execution.error.traceback],
      ["RUNTIME_ERROR", "it broke", []],
    );
    assert.equal(execution.ok, false);
  });

  test("a traceback that is null is empty", async () => {
    assert.deepEqual((await run(failed("x", null))).error.traceback, []);
  });

  test("a kill at or after the time limit is a time-out; earlier, or without a limit, it is not", async () => {
    const killed = [batch([failed("-1", ["signal: killed"])])];
    const after = (ms, timeoutMs) => {
      const { now } = Date;
      const recorder = new Recorder({ timeoutMs });
      Date.now = () => now() + ms;
      return recorder
        .take(killed[0], { exitCode: -1 })
        .then(() => recorder.execution.timedOut)
        .finally(() => {
          Date.now = now;
        });
    };
    assert.equal(await after(600, 500), true);
    assert.equal(await after(100, 500), false);
    assert.equal(await after(600, 0), false);
  });

  test("an unknown event goes to onEvent and nowhere else", async () => {
    const seen = [];
    const odd = { type: "brand-new", payload: { a: 1 }, timestamp: T };
    const execution = await record([batch([odd])], { handlers: { onEvent: (event) => seen.push(event) } });
    assert.deepEqual(seen, [odd]);
    assert.deepEqual({ ...execution }, { logs: { stdout: [], stderr: [] }, result: [] });
  });
});

describe("handlers", () => {
  test("are called in stream order, awaited, after the execution knows of it", async () => {
    const log = [];
    let recorder;
    const slow = (name) => async (value) => {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(
        name === "out" || name === "err" ? `${name} ${value.text} of ${recorder.execution.logs.stdout.length}` : name,
      );
    };
    const handlers = {
      onInit: slow("init"),
      onStdout: slow("out"),
      onStderr: slow("err"),
      onResult: slow("result"),
      onExecutionComplete: slow("complete"),
      onError: slow("error"),
    };
    recorder = new Recorder({ timeoutMs: 0, handlers });
    await recorder.take(
      batch([
        init,
        out("1"),
        err("2"),
        { type: "result", results: { text: "r" }, timestamp: T },
        out("3"),
        complete,
        failed("1"),
      ]),
      {},
    );
    assert.deepEqual(log, ["init", "out 1 of 2", "err 2 of 2", "result", "out 3 of 2", "complete", "error"]);
  });

  test("see `this` as the handlers object", async () => {
    const handlers = {
      lines: [],
      onStdout(message) {
        this.lines.push(message.text);
      },
      onInit() {
        this.began = true;
      },
    };
    await record([batch([init, out("a")])], { handlers });
    assert.deepEqual([handlers.lines, handlers.began], [["a"], true]);
  });

  test("that throw stop it with that very error", async () => {
    const mine = new Error("mine");
    let calls = 0;
    const onStdout = () => {
      calls++;
      throw mine;
    };
    await assert.rejects(record([batch([out("1"), out("2")])], { handlers: { onStdout } }), (error) => error === mine);
    assert.equal(calls, 1);
  });

  test("with skipAccumulation keep output out, and nothing else", async () => {
    const execution = await record(
      [batch([init, out("1"), { type: "result", results: { text: "r" }, timestamp: T }, complete])],
      {
        handlers: { skipAccumulation: true },
      },
    );
    assert.equal(execution.stdout, "");
    assert.deepEqual(execution.logs, { stdout: [], stderr: [] });
    assert.equal(execution.id, "id-1");
    assert.equal(execution.text, "r");
  });
});

test("recovered is told, and is not part of the shape", () => {
  const recorder = new Recorder({ timeoutMs: 0 });
  assert.equal(recorder.execution.recovered, false);
  recorder.recovered();
  assert.equal(recorder.execution.recovered, true);
  assert.equal("recovered" in { ...recorder.execution }, false);
});

test("200,000 lines are joined and materialised in linear time", async () => {
  const recorder = new Recorder({ timeoutMs: 0 });
  for (let i = 0; i < 200; i++)
    await recorder.take(batch(Array.from({ length: 1000 }, (_, n) => out(String(i * 1000 + n)))), {});
  const from = performance.now();
  assert.equal(recorder.execution.logs.stdout.length, 200_000);
  assert.equal(recorder.execution.logs.stdout[123_456].text, "123456");
  assert.ok(recorder.execution.stdout.endsWith("199998\n199999\n"));
  assert.ok(performance.now() - from < 5_000);
});
