// src/js/capture.js: the beginning and the end of each output are kept, and nothing else.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Batch, JSON_ROW, Recorder, ROW, STDERR, STDOUT } from "../../src/js/execution.js";

/** A batch of lines: text for stdout, [text] for stderr. */
function batch(lines) {
  const table = new Float64Array(lines.length * ROW);
  for (const [row, line] of lines.entries()) {
    table.set([Array.isArray(line) ? STDERR : STDOUT, String(line).length, row], row * ROW);
  }
  return new Batch(lines.map(String).join(""), table);
}

async function record(batches, capture, options = {}) {
  const recorder = new Recorder({ timeoutMs: 0, capture, ...options });
  for (const lines of batches) await recorder.take(batch(lines), {});
  return recorder.execution;
}

/** What is to be kept of whole lines, written in the plainest way. */
function expected(lines, head, tail) {
  let from = 0;
  for (let left = head; from < lines.length && lines[from].length + 1 <= left; from++) left -= lines[from].length + 1;
  let to = lines.length;
  for (let left = tail; to > from && lines[to - 1].length + 1 <= left; to--) left -= lines[to - 1].length + 1;
  return [...lines.slice(0, from), ...lines.slice(to)];
}
const joined = (lines) => lines.map((line) => `${line}\n`).join("");

test("without a limit nothing is missing", async () => {
  const execution = await record([["a", ["b"]]]);
  assert.equal(execution.truncated, undefined);
  assert.equal(execution.output, "a\nb\n");
});

test("whole lines at the beginning and at the end, whatever the limits and however they come", async () => {
  const lines = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(1 + ((index * 7) % 5), "x"));
  for (const head of [0, 6, 17, 40]) {
    for (const tail of [0, 6, 17, 40]) {
      for (const size of [1, 7, 60]) {
        const batches = [];
        for (let at = 0; at < lines.length; at += size) batches.push(lines.slice(at, at + size));
        const execution = await record(batches, [head, tail]);
        const kept = expected(lines, head, tail);
        const place = `head ${head}, tail ${tail}, ${size} at a time`;
        assert.equal(execution.stdout, joined(kept), place);
        assert.deepEqual(
          execution.logs.stdout.map(({ text }) => text),
          kept,
          place,
        );
        assert.deepEqual(execution.truncated, { stdout: joined(lines).length - joined(kept).length, stderr: 0 }, place);
      }
    }
  }
});

test("what fits is the same as without limits", async () => {
  const batches = [
    ["a long first line", ["\n"], "\n"],
    [["e"], "b"],
  ];
  const plain = await record(batches);
  for (const limits of [
    [100, 0],
    [0, 100],
    [5, 100],
    [1, 100],
    [19, 3],
  ]) {
    const execution = await record(batches, limits);
    for (const name of ["stdout", "stderr", "output", "logs", "truncated"])
      assert.deepEqual(execution[name], plain[name], `${name} with ${limits}`);
  }
});

describe("a line that is longer than a limit", () => {
  const long = "abcdefghij";
  test("is cut", async () => {
    const execution = await record([[long]], [4, 5]);
    assert.equal(execution.stdout, "abc\nghij\n");
    assert.deepEqual(execution.truncated, { stdout: 2, stderr: 0 });
  });
  test("is not cut when others are kept", async () => {
    const execution = await record([["x", long, long, "y"]], [4, 4]);
    assert.equal(execution.stdout, "x\ny\n");
    assert.deepEqual(execution.truncated, { stdout: 22, stderr: 0 });
  });
  test("is not cut inside of a character", async () => {
    const execution = await record([["😀😀😀😀"]], [4, 4]);
    assert.equal(execution.stdout, "😀\n😀\n");
  });
});

test("each output has its own limits, and the order of arrival stays", async () => {
  const execution = await record(
    [
      ["1", "2", "3", ["a"], "4"],
      [["b"], ["c"], "5", ["d"]],
    ],
    [2, 2],
  );
  assert.equal(execution.output, "1\na\n5\nd\n");
  assert.deepEqual(execution.truncated, { stdout: 6, stderr: 4 });
});

test("what is looked at in the middle is right, and so is the end", async () => {
  const recorder = new Recorder({ timeoutMs: 0, capture: [2, 2] });
  const seen = [];
  for (let line = 0; line < 5; line++) {
    await recorder.take(batch([String(line)]), {});
    seen.push(recorder.execution.stdout, recorder.execution.logs.stdout.length, recorder.execution.truncated?.stdout);
  }
  assert.deepEqual(
    seen,
    [
      ["0\n", 1, undefined],
      ["0\n1\n", 2, undefined],
      ["0\n2\n", 2, 2],
      ["0\n3\n", 2, 4],
      ["0\n4\n", 2, 6],
    ].flat(),
  );
});

test("handlers get everything", async () => {
  let heard = 0;
  const handlers = { onStdout: () => heard++ };
  const execution = await record([Array(1000).fill("x")], [2, 2], { handlers });
  assert.equal(heard, 1000);
  assert.equal(execution.stdout, "x\nx\n");
});

test("memory does not grow with the output, nor is a long line kept for a part of it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const recorder = new Recorder({ timeoutMs: 0, capture: [1000, 1000] });
  const lines = Array.from({ length: 1000 }, (_, index) => `${index}`.padEnd(63, "."));
  await recorder.take(batch(lines), {});
  collect();
  const before = process.memoryUsage().heapUsed;
  // 200 MB in all; now and then one line of the other output, whose batch must not be kept for it.
  for (let round = 0; round < 3000; round++) await recorder.take(batch([...lines, ["e"]]), {});
  const huge = () => new Batch("y".repeat(32 << 20), Float64Array.of(STDOUT, 32 << 20, 0));
  await recorder.take(huge(), {});
  // As long lines come that were not put together by the decoder.
  for (let round = 0; round < 20; round++) {
    const event = JSON.parse(JSON.stringify({ type: "stdout", text: `${round}`.repeat(1 << 20), timestamp: 0 }));
    await recorder.take(new Batch("", Float64Array.of(JSON_ROW, 0, 0), new Map([[0, event]])), {});
  }
  // Before anybody looks at the execution, and after.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const between = process.memoryUsage().heapUsed;
  const { execution } = recorder;
  const { stdout, stderr } = execution.truncated;
  assert.equal(stdout, 64_000 * 3001 + (32 << 20) + 1 + (30 << 20) + 20 - execution.stdout.length);
  assert.equal(stderr, 6000 - execution.stderr.length);
  assert.ok(execution.stdout.length <= 2000 && execution.stderr.length <= 2000);
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  for (const now of [between, process.memoryUsage().heapUsed])
    assert.ok(now - before < 8 << 20, `${now - before} bytes are kept`);
});
