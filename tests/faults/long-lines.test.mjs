// Lines of megabytes are put together outside of WebAssembly memory: nothing of them is lost, and that memory stays small.
import assert from "node:assert/strict";
import { test } from "node:test";
import { event, ID, init, noUnhandledRejections, outcome } from "./fault-server.mjs";

// The memory is not exported; it can be seen when the instance is made.
let memory;
const Real = WebAssembly.Instance;
WebAssembly.Instance = class extends Real {
  constructor(...args) {
    super(...args);
    memory = Object.values(this.exports).find((value) => value instanceof WebAssembly.Memory);
  }
};
const { Sandbox } = await import("opensandbox-wasm");

noUnhandledRejections();
const MIB = 1 << 20;
const encode = (text) => new TextEncoder().encode(text);
const json = (value) => new Response(JSON.stringify(value));

/** Runs a command whose stream is `body`, in pieces of `size` bytes. */
async function run(body, size = 65_536, handlers) {
  const bytes = typeof body === "string" ? encode(body) : body;
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  };
  const fetch = async (url) => {
    const { pathname } = new URL(url);
    if (pathname.endsWith("/sandboxes")) return json({ id: "s", createdAt: "2026-01-01T00:00:00Z" });
    if (pathname.includes("/endpoints/")) return json({ endpoint: "127.0.0.1:1" });
    if (pathname === "/command") return new Response(ReadableStream.from(pieces()));
    return new Response('{"code":"NOT_FOUND","message":"no"}', { status: 404 });
  };
  const connectionConfig = { domain: "127.0.0.1:1", fetch };
  const sandbox = await Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });
  return outcome(sandbox.commands.run("x", {}, handlers));
}

const line = (text, more) => event({ type: "stdout", text, timestamp: 1, ...more });
const complete = event({ type: "execution_complete", timestamp: 2 });

test("a line of 40 MiB arrives whole, and WebAssembly memory grows by a few", async () => {
  await run(init + complete);
  const before = memory.buffer.byteLength;
  // Characters of one to four bytes, which the cuts tear apart.
  const text = "aß€😀".repeat((40 * MIB) / 10);
  const order = [];
  const onStdout = (message) => order.push(message.text.length);
  const { execution, error } = await run(init + line("before") + line(text) + line("behind") + complete, 65_521, {
    onStdout,
  });
  assert.equal(error, undefined);
  assert.deepEqual(order, [6, text.length, 6]);
  assert.ok(execution.stdout === `before\n${text}\nbehind\n`);
  assert.equal(execution.exitCode, 0);
  const grown = memory.buffer.byteLength - before;
  assert.ok(grown <= 8 * MIB, `grew by ${grown}`);
});

test("a chunk of any size holds as many events as in small pieces", async () => {
  const before = memory.buffer.byteLength;
  const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i} ${"x".repeat(i % 80)}`);
  const { execution } = await run(init + lines.map((text) => line(text)).join("") + complete, 64 * MIB);
  assert.deepEqual(
    execution.logs.stdout.map(({ text }) => text),
    lines,
  );
  assert.ok(memory.buffer.byteLength - before <= 16 * MIB);
});

test("a long line ends at LF, CR or CR LF, wherever the chunks are cut", async () => {
  const text = "y".repeat(MIB + 100);
  const long = JSON.stringify({ type: "stdout", text, timestamp: 1 });
  for (const end of ["\n\n", "\r\r", "\r\n\r\n"]) {
    const head = init + long;
    // The cut before, in and behind the end of the line.
    for (let cut = head.length - 1; cut <= head.length + end.length; cut++) {
      for (const chunk of [cut, Math.ceil(cut / 3)]) {
        const { execution, error } = await run(head + end + line("z") + complete, chunk);
        assert.equal(error, undefined);
        assert.deepEqual(
          execution.logs.stdout.map(({ text }) => text.length),
          [text.length, 1],
          `${JSON.stringify(end)}, cut at ${cut}`,
        );
      }
    }
  }
});

test("a long event of any type means what a short one means", async () => {
  const results = { "image/png": "A".repeat(2 * MIB), text: "chart" };
  const failed = { ename: "E", evalue: "3", traceback: ["t".repeat(2 * MIB)] };
  const body = init + event({ type: "result", results, timestamp: 1 }) + event({ type: "error", error: failed });
  const { execution } = await run(body);
  assert.equal(execution.result[0].raw["image/png"].length, 2 * MIB);
  assert.equal(execution.exitCode, 3);
  assert.equal(execution.error.traceback[0].length, 2 * MIB);
});

test("a long line that is torn, broken or over the limit is an error that holds what came before", async () => {
  const long = JSON.stringify({ type: "stdout", text: "y".repeat(3 * MIB), timestamp: 1 });
  for (const [tail, code] of [
    [long.slice(0, -1), "STREAM_INTERRUPTED"],
    [`${long.slice(0, -1)}]\n\n`, "MALFORMED_EVENT"],
    [`${long.replace('"y', `"${"y".repeat(64 * MIB)}`)}\n\n`, "EVENT_TOO_LARGE"],
  ]) {
    const { error } = await run(init + line("before") + tail);
    assert.equal(error?.code, code);
    assert.equal(error.executionId, ID);
    assert.equal(error.execution.stdout, "before\n");
  }
});

test("broken UTF-8 in a long line is replaced, and stays within it", async () => {
  const [head, tail] = JSON.stringify({ type: "stdout", text: "|", timestamp: 1 }).split("|");
  const body = Buffer.concat([
    encode(init + head),
    Buffer.alloc(2 * MIB, "a"),
    Buffer.of(0xe2, 0x82),
    encode(`${tail}\n\n`),
    encode(line("\u20ac") + complete),
  ]);
  const { execution } = await run(body);
  assert.equal(execution.logs.stdout[0].text.slice(-2), "a\ufffd");
  assert.equal(execution.logs.stdout[1].text, "\u20ac");
});
