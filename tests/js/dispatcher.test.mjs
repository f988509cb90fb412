// src/js/dispatcher.js: events into an execution of the caller's, as the official SDK does it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ExecutionEventDispatcher } from "../../src/js/dispatcher.js";
import { Execution } from "../../src/js/execution.js";

const T = 1_700_000_000_000;
const empty = () => ({ logs: { stdout: [], stderr: [] }, result: [] });
const EVENTS = [
  { type: "init", text: "id-1", timestamp: T },
  { type: "stdout", text: "a", timestamp: T + 1 },
  { type: "stderr", text: "b", timestamp: T + 2 },
  { type: "ping", text: "pong", timestamp: T + 3 },
  { type: "execution_count", execution_count: 4, timestamp: T + 4 },
  { type: "result", results: { text: "7", "text/html": "<b>7</b>" }, timestamp: T + 5 },
  { type: "odd", x: 1, timestamp: T + 6 },
  { type: "execution_complete", execution_time: 12, timestamp: T + 7 },
];
const WANTED = {
  id: "id-1",
  executionCount: 4,
  logs: {
    stdout: [{ text: "a", timestamp: T + 1, isError: false }],
    stderr: [{ text: "b", timestamp: T + 2, isError: true }],
  },
  result: [{ text: "7", timestamp: T + 5, raw: { text: "7", "text/html": "<b>7</b>" } }],
  complete: { timestamp: T + 7, executionTimeMs: 12 },
};

async function dispatched(events, handlers, execution = empty()) {
  const dispatcher = new ExecutionEventDispatcher(execution, handlers);
  for (const event of events) await dispatcher.dispatch(event);
  return execution;
}

test("events are written into the caller's own object; there is no exit code", async () => {
  assert.deepEqual(structuredClone(await dispatched(EVENTS)), WANTED);
});

test("each handler is called, onEvent first, and is waited for", async () => {
  const calls = [];
  const handler = (name) => async (value) => {
    await undefined;
    calls.push([name, value.type ?? value.text ?? value.id ?? value.executionTimeMs]);
  };
  const names = ["onEvent", "onInit", "onStdout", "onStderr", "onResult", "onExecutionComplete", "onError"];
  const handlers = Object.fromEntries(names.map((name) => [name, handler(name)]));
  assert.deepEqual(structuredClone(await dispatched(EVENTS, handlers)), WANTED);
  const [init, stdout, stderr, ping, count, result, odd, complete] = EVENTS.map(({ type }) => ["onEvent", type]);
  assert.deepEqual(calls, [
    ...[init, ["onInit", "id-1"], stdout, ["onStdout", "a"], stderr, ["onStderr", "b"], ping, count],
    ...[result, ["onResult", "7"], odd, complete, ["onExecutionComplete", 12]],
  ]);
});

test("an error event becomes the error", async () => {
  const error = { ename: "ValueError", evalue: "no", traceback: ["line 1"] };
  const { error: found, exitCode } = await dispatched([{ type: "error", error, timestamp: T }]);
  assert.deepEqual({ ...found }, { name: "ValueError", value: "no", traceback: ["line 1"], timestamp: T });
  assert.equal(exitCode, undefined);
});

test("skipAccumulation keeps stdout and stderr out, and results in", async () => {
  const { logs, result } = await dispatched(EVENTS, { skipAccumulation: true });
  assert.deepEqual([logs, result.length], [{ stdout: [], stderr: [] }, 1]);
});

test("a handler that throws rejects the dispatch with that very error, after the event was kept", async () => {
  const boom = new Error("boom");
  const execution = empty();
  const onStdout = () => {
    throw boom;
  };
  const dispatcher = new ExecutionEventDispatcher(execution, { onStdout });
  await assert.rejects(dispatcher.dispatch(EVENTS[1]), (error) => error === boom);
  assert.equal(execution.logs.stdout.length, 1);
});

test("an Execution of the package does, too", async () => {
  const execution = await dispatched(EVENTS, undefined, new Execution());
  assert.deepEqual(structuredClone({ ...execution }), WANTED);
  assert.equal(execution.stdout, "a\n");
});

test("a recorded run comes out as it went", async () => {
  const body = readFileSync(new URL("../fixtures/execd/code-multi-output.body", import.meta.url), "utf8");
  const events = body
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const execution = await dispatched(events);
  assert.equal(execution.id, events.find(({ type }) => type === "init").text);
  assert.equal(execution.result.length, events.filter(({ type }) => type === "result").length);
  assert.ok(execution.complete || execution.error);
});

test("wrong arguments are typed errors", async () => {
  for (const execution of [undefined, null, 5, {}, { logs: {}, result: [] }, { ...empty(), result: 1 }]) {
    assert.throws(() => new ExecutionEventDispatcher(execution), {
      code: "INVALID_ARGUMENT",
      message: /^execution must be /,
    });
  }
  assert.throws(() => new ExecutionEventDispatcher(empty(), 5), { code: "INVALID_ARGUMENT", message: /^handlers / });
  for (const event of [undefined, null, "x"]) {
    const error = { code: "INVALID_ARGUMENT", message: /^event must be an object/ };
    await assert.rejects(new ExecutionEventDispatcher(empty()).dispatch(event), error);
  }
});
