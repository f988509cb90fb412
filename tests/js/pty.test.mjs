// The pure parts of terminals: frames, replays, outputs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedFrame, readFrame, splice, stdinFrame } from "../../src/js/pty-frames.js";
import { end, GAP, held, PtyOutput, push } from "../../src/js/pty-output.js";

const bytes = (...values) => Uint8Array.from(values);
const of = (text) => new TextEncoder().encode(text);

test("frames", () => {
  assert.deepEqual(readFrame(bytes(1, 65, 66).buffer), { channel: 1, bytes: bytes(65, 66) });
  assert.deepEqual(readFrame(bytes(2)), { channel: 2, bytes: bytes() });
  assert.deepEqual(readFrame(bytes(3, 0, 0, 0, 1, 0, 0, 0, 2, 65)), { offset: 2 ** 32 + 2, bytes: bytes(65) });
  assert.deepEqual(readFrame('{"type":"exit","exit_code":1}\n'), { message: { type: "exit", exit_code: 1 } });
  assert.equal(readFrame(new ArrayBuffer(0)), undefined);
  assert.deepEqual(stdinFrame(bytes(65, 66)), bytes(0, 65, 66));
  // A view in the middle of a buffer: its offset counts.
  const middle = bytes(9, 9, 3, 0, 0, 0, 0, 0, 0, 0, 5, 65, 9).subarray(2, 12);
  assert.deepEqual(readFrame(middle), { offset: 5, bytes: bytes(65) });
});

test("what is no frame", () => {
  for (const bad of [
    bytes(0, 1),
    bytes(4),
    bytes(3),
    bytes(3, 0, 0, 0, 0, 0, 0, 0),
    bytes(3, 255, 0, 0, 0, 0, 0, 0, 0),
  ])
    assert.throws(() => readFrame(bad), MalformedFrame, `${bad}`);
  assert.throws(() => readFrame(bytes(3, 0, 32, 0, 0, 0, 0, 0, 0)), MalformedFrame, "not exact any more");
  for (const bad of ["", "x", "null", "1", "[]", "{}", '{"type":1}', new Blob([])])
    assert.throws(() => readFrame(bad), MalformedFrame, String(bad));
  const long = assert.throws.bind(undefined, () => readFrame("x".repeat(5000)));
  long((error) => error.message.length < 300);
});

test("any bytes are a frame or refused, and nothing else happens", () => {
  let state = 1;
  const next = (limit) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % limit;
  };
  for (let round = 0; round < 20_000; round++) {
    const frame = Uint8Array.from({ length: next(14) }, () => (next(3) ? next(5) : next(256)));
    try {
      const read = readFrame(frame);
      if (frame.length === 0) assert.equal(read, undefined);
      else if (frame[0] === 3) assert.equal(read.bytes.length, frame.length - 9);
      else assert.deepEqual([read.channel, read.bytes.length], [frame[0], frame.length - 1]);
    } catch (error) {
      assert.ok(error instanceof MalformedFrame, error);
    }
  }
});

test("a replay continues where we are: nothing twice, and what is missing is said", () => {
  const cases = [
    [0, 0, "abc", "abc", undefined, 3],
    [5, 5, "abc", "abc", undefined, 8],
    [5, 9, "abc", "abc", { from: 5, to: 9 }, 12],
    [5, 3, "abcd", "cd", undefined, 7],
    [5, 0, "abc", "", undefined, 5],
    [5, 2, "abc", "", undefined, 5],
    [5, 5, "", "", undefined, 5],
  ];
  for (const [position, offset, text, fresh, gap, then] of cases) {
    const spliced = splice(position, offset, of(text));
    assert.deepEqual([new TextDecoder().decode(spliced.bytes), spliced.gap, spliced.position], [fresh, gap, then]);
  }
});

async function texts(output) {
  const pieces = [];
  for await (const piece of output.text()) pieces.push(piece);
  return pieces;
}

test("text: characters that are cut are put together, at every place", async () => {
  const whole = of("a\ufeffé日😀z");
  for (let cut = 0; cut <= whole.length; cut++) {
    const output = new PtyOutput("output", () => {});
    for (const part of [whole.subarray(0, cut), whole.subarray(cut)]) if (part.length > 0) push(output, part);
    end(output);
    assert.equal((await texts(output)).join(""), "a\ufeffé日😀z", `cut at ${cut}`);
  }
});

test("text: calls that overlap are answered in their order", async () => {
  const output = new PtyOutput("output", () => {});
  const reader = output.text();
  const steps = Promise.all(Array.from({ length: 4 }, () => reader.next()));
  for (const part of [bytes(0xe2), bytes(0x82), bytes(0xac), bytes(65), bytes(66)]) push(output, part);
  end(output);
  assert.deepEqual(
    (await steps).map(({ value }) => value),
    ["€", "A", "B", undefined],
  );
});

test("text: a gap does not melt two halves, and a character that never ends shows", async () => {
  const output = new PtyOutput("output", () => {});
  push(output, bytes(65, 0xc3));
  push(output, GAP);
  push(output, bytes(0xa9, 66, 0xe2));
  end(output);
  assert.equal((await texts(output)).join(""), "A\ufffd\ufffdB\ufffd");
  assert.equal(held(output), 0);
});

test("bytes: in order, gaps left out, then the error; once only", async () => {
  const output = new PtyOutput("output", () => {});
  const failure = new Error("lost");
  push(output, bytes(1));
  push(output, GAP);
  push(output, bytes(2));
  end(output, failure);
  push(output, bytes(3));
  const reader = output[Symbol.asyncIterator]();
  const steps = await Promise.allSettled([reader.next(), reader.next(), reader.next()]);
  assert.deepEqual(
    steps.map(({ value, reason }) => value?.value ?? reason),
    [bytes(1), bytes(2), failure],
  );
  assert.throws(() => output.text(), TypeError);
  assert.throws(() => output[Symbol.asyncIterator](), TypeError);
});

test("leaving the loop ends the reading: what is held goes, and a reader that waits is let go", async () => {
  let drained = 0;
  const output = new PtyOutput("output", () => {
    drained += 1;
  });
  push(output, bytes(1));
  push(output, bytes(2));
  for await (const chunk of output) {
    assert.deepEqual(chunk, bytes(1));
    break;
  }
  assert.equal(held(output), 0);
  assert.ok(drained >= 2);
  push(output, bytes(3));
  assert.equal(held(output), 0);
  const other = new PtyOutput("output", () => {});
  const reader = other.text();
  const waiting = reader.next();
  await reader.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
});

test("what nobody takes is held up to two mebibytes; what is being read has no such limit", async () => {
  const untaken = new PtyOutput("stderr", () => {});
  for (let i = 0; i < 2; i++) push(untaken, new Uint8Array(1 << 20));
  assert.equal(held(untaken), 2 << 20);
  push(untaken, bytes(1));
  assert.equal(held(untaken), 0);
  await assert.rejects(texts(untaken), { code: "CONSUMER_TOO_SLOW" });
  const taken = new PtyOutput("output", () => {});
  const reader = taken[Symbol.asyncIterator]();
  for (let i = 0; i < 3; i++) push(taken, new Uint8Array(1 << 20));
  assert.equal(held(taken), 3 << 20);
  assert.equal((await reader.next()).value.length, 1 << 20);
});

test("a flood of small chunks, or of gaps, takes no more room than its bytes, and comes out as it went in", async () => {
  const output = new PtyOutput("output", () => {});
  const reader = output[Symbol.asyncIterator]();
  const all = Uint8Array.from({ length: 20_000 }, (_, at) => at % 251);
  for (const byte of all) push(output, bytes(byte));
  assert.equal(held(output), all.length);
  const read = [];
  let chunks = 0;
  const take = async () => {
    const { value } = await reader.next();
    chunks += 1;
    read.push(...value);
    return value;
  };
  while (read.length < 10_000) await take();
  // What was given away does not change, and what comes now stays in its place.
  const last = await take();
  const copy = last.slice();
  for (const byte of all) push(output, bytes(byte));
  assert.deepEqual(last, copy);
  while (read.length < 40_000) await take();
  assert.deepEqual(read, [...all, ...all]);
  assert.ok(chunks < 150, `${chunks} chunks`);
  for (let i = 0; i < 100_000; i++) push(output, GAP);
  assert.ok(held(output) < 1000, "gaps that follow on one another are one");
  const untaken = new PtyOutput("output", () => {});
  for (let i = 0; i < 10_000; i++) for (const part of [GAP, bytes(1)]) push(untaken, part);
  await assert.rejects(texts(untaken), { code: "CONSUMER_TOO_SLOW" });
});
