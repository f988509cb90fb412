// commands.start(): a program that is read as it goes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "./server.mjs";

let server;
let sandbox;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
});
after(() => server?.stop());

const all = async (view) => {
  let text = "";
  for await (const chunk of view) text += chunk;
  return text;
};
const running = async (pattern) => (await sandbox.commands.run(`pgrep -f '${pattern}' | wc -l`)).stdout.trim() !== "0";

async function until(condition, what) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("a handle", () => {
  test("has the id at once and waits for the Execution", async () => {
    const handle = await sandbox.commands.start("echo out; echo err >&2; exit 3");
    assert.match(handle.id, /^[0-9a-f]{32}$/);
    const execution = await handle.wait();
    assert.deepEqual([execution.exitCode, execution.stdout, execution.stderr], [3, "out\n", "err\n"]);
    assert.equal(await handle.wait(), execution, "again");
  });

  test("gives the views that were taken, and the rest to nobody", async () => {
    const handle = await sandbox.commands.start("echo a; echo; echo b >&2; echo c");
    const [stdout, stderr] = await Promise.all([all(handle.stdout), all(handle.stderr)]);
    assert.deepEqual([stdout, stderr], ["a\n\nc\n", "b\n"]);
    const execution = await handle.wait();
    assert.deepEqual([execution.exitCode, execution.stdout], [0, ""], "the views had it");
  });

  test("shows output before the end", async () => {
    const handle = await sandbox.commands.start("echo first; sleep 2; echo last");
    const from = performance.now();
    const { value } = await handle.output.next();
    assert.equal(value, "first\n");
    assert.ok(performance.now() - from < 1500);
    await handle.kill();
  });

  test("streams bytes", async () => {
    const handle = await sandbox.commands.start("printf 'é\\n漢\\n'");
    assert.equal(await new Response(handle.stdout.toReadableStream()).text(), "é\n漢\n");
  });

  test("kills the program and its children", async () => {
    const handle = await sandbox.commands.start("sleep 987 & sleep 987");
    await handle.kill();
    const execution = await handle.wait();
    assert.equal(execution.exitCode, -1);
    assert.equal(await running("[s]leep 987"), false);
    await handle.kill();
  });

  test("ends the program when it is disposed of", async () => {
    const handle = await sandbox.commands.start("sleep 986");
    await handle[Symbol.asyncDispose]();
    await until(async () => !(await running("[s]leep 986")), "ended");
  });

  test("refuses a view that is taken too late, and reading a view twice", async () => {
    const handle = await sandbox.commands.start("echo a");
    const view = handle.stdout;
    await all(view);
    assert.throws(() => handle.stderr, /before reading began/);
    assert.throws(() => view[Symbol.asyncIterator](), /only once/);
    assert.equal(handle.stdout, view, "the same view each time");
  });

  test("a view that nobody reads gives up alone", async () => {
    const handle = await sandbox.commands.start("seq 1 400000; seq 1 400000 >&2");
    const { stdout, stderr } = handle;
    const text = await all(stdout);
    assert.equal(text.length, 2_688_895);
    assert.equal((await handle.wait()).exitCode, 0);
    await assert.rejects(all(stderr), { code: "CONSUMER_TOO_SLOW" });
  });

  test("leaving a view leaves the program and the other view alone", async () => {
    const handle = await sandbox.commands.start("for i in 1 2 3; do echo o$i; echo e$i >&2; sleep 0.2; done");
    const { stdout, stderr } = handle;
    for await (const _ of stdout) break;
    assert.equal(await all(stderr), "e1\ne2\ne3\n");
    assert.equal((await handle.wait()).exitCode, 0);
  });

  test("a reader that pauses pauses the stream, and memory stays small", async () => {
    const handle = await sandbox.commands.start("yes 0123456789012345678901234567890123456789 | head -c 200000000");
    const view = handle.stdout;
    let length = 0;
    let most = 0;
    let chunks = 0;
    const waiting = handle.wait();
    for await (const chunk of view) {
      length += chunk.length;
      if (++chunks === 3) await new Promise((resolve) => setTimeout(resolve, 1000));
      if (chunks % 200 === 0) most = Math.max(most, process.memoryUsage().rss);
    }
    assert.equal(length >= 200_000_000, true, `${length}`);
    assert.equal((await waiting).exitCode, 0);
    assert.ok(most < 600 << 20, `${most >> 20} MiB`);
  });

  test("an abort ends it and every reader", async () => {
    const controller = new AbortController();
    const handle = await sandbox.commands.start("echo a; sleep 985", {}, controller.signal);
    const reading = all(handle.stdout);
    const waiting = handle.wait();
    controller.abort("enough");
    for (const promise of [reading, waiting])
      await assert.rejects(promise, { code: "ABORTED", executionId: handle.id });
    await until(async () => !(await running("[s]leep 985")), "ended");
    await handle.kill();
  });

  test("that cannot start rejects", async () => {
    await assert.rejects(sandbox.commands.start("x", { workingDirectory: "/nope" }), { statusCode: 400 });
    await assert.rejects(sandbox.commands.start(""), { code: "INVALID_ARGUMENT" });
    await assert.rejects(sandbox.commands.start("x", { background: true }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(sandbox.commands.start("x", {}, AbortSignal.abort()), { code: "ABORTED" });
  });
});
