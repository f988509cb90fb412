// Lines cut out of chunks: wherever the chunks end, it is the same lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LineCutter } from "../../src/js/lines.js";

const TEXTS = [
  "",
  "a",
  "a\n",
  "\n",
  "\n\n\n",
  "a\nb",
  "a\nb\n",
  "a\r\nb\r\n",
  "eins\n\ndrei\nvier",
  "x\n".repeat(20),
  "\0\n\xff\n",
];

/** What a reader of this file would expect: lines with their ends. */
const expected = (text, offset, limit) =>
  (text.match(/[^\n]*\n|[^\n]+/g) ?? []).slice(offset - 1, offset - 1 + limit).join("");

function cut(bytes, size, offset, limit) {
  const cutter = new LineCutter(offset, limit);
  let out = "";
  let used = 0;
  for (let at = 0; at < bytes.length && !cutter.done; at += size) {
    const chunk = bytes.subarray(at, at + size);
    used += chunk.length;
    out += Buffer.from(cutter.cut(chunk)).toString("latin1");
  }
  return { out, used, done: cutter.done };
}

test("every offset, limit and way to split gives the same lines", () => {
  for (const text of TEXTS) {
    const bytes = Buffer.from(text, "latin1");
    for (let offset = 1; offset <= 8; offset++) {
      for (const limit of [1, 2, 3, 10, 1e15]) {
        for (let size = 1; size <= bytes.length + 1; size++) {
          const what = JSON.stringify([text, offset, limit, size]);
          assert.equal(cut(bytes, size, offset, limit).out, expected(text, offset, limit), what);
        }
      }
    }
  }
});

test("no more is read than up to the end of the last line that is wanted", () => {
  const bytes = Buffer.from("1\n22\n333\n4444\n");
  assert.deepEqual(cut(bytes, 1, 2, 2), { out: "22\n333\n", used: 9, done: true });
  assert.deepEqual(cut(bytes, 1, 4, 1), { out: "4444\n", used: 14, done: true });
  assert.deepEqual(cut(bytes, 1, 4, 2), { out: "4444\n", used: 14, done: false });
});
