// scripts/wasm-text.mjs: the wasm as text is the wasm.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textModule } from "../../scripts/wasm-text.mjs";

const written = (bytes) => textModule(Buffer.from(bytes));
const read = async (bytes) => (await import(`data:text/javascript,${encodeURIComponent(written(bytes))}`)).default();

describe("the wasm as text", () => {
  for (const [name, bytes] of [
    ["nothing", []],
    ["every byte once", Array.from({ length: 256 }, (_, byte) => byte)],
    ["bytes that are no letters, the frequent ones", Array.from({ length: 5000 }, (_, i) => (i * i) % 7)],
    ["what a string literal would have to escape", [...Buffer.from('"\\`$\n\r\0</script>\u2028')]],
  ]) {
    test(name, async () => assert.deepEqual([...(await read(bytes))], bytes));
  }

  test("texts in it stay texts", () => {
    const text = "The server answered with a redirect";
    assert.ok(written([0, 1, 2, ...Buffer.from(text), 200, 255]).includes(text));
  });

  test("is plain ASCII in one literal, which no tool has to write in another way", () => {
    const literal = /^"(.*)"\);$/m.exec(written(Array.from({ length: 2560 }, (_, i) => i % 256)))[1];
    assert.match(literal, /^[ -~]+$/);
    assert.doesNotMatch(literal, /["\\`$]/);
  });
});
