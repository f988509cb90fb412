// commands.startBackground() and attach(): programs that go on by themselves, and handles on them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Sandbox } from "opensandbox-wasm";
import {
  alive,
  all,
  PATIENCE_MS,
  recorder,
  rejection,
  started,
  startServer,
  unique,
  until,
  within,
} from "./server.mjs";

let server;
let sandbox;
let commands;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
  commands = sandbox.commands;
});
after(() => server?.stop());

const start = (command, ...rest) => within(PATIENCE_MS, commands.startBackground(command, ...rest), "the start");
const text = async (handle) => (await within(PATIENCE_MS, all(handle), "the output")).join("");
/** Through JSON, as it is when it was kept somewhere. */
const kept = (handle) => JSON.parse(JSON.stringify(handle));
/** A file that a program waits for. */
const gate = () => {
  const path = `/tmp/go-${unique()}`;
  return { wait: `until [ -e ${path} ]; do sleep 0.02; done`, open: () => commands.run(`touch ${path}`) };
};

describe("a program in the background", () => {
  test("its output comes in order while it runs, and the loop ends with it", async () => {
    const [first, second] = [gate(), gate()];
    const command = `echo ä; ${first.wait}; echo 👩‍🚀 >&2; ${second.wait}; printf 'no end'; exit 3`;
    const handle = await start(command);
    assert.match(handle.id, /./);
    assert.deepEqual(kept(handle), { id: handle.id, sandboxId: sandbox.id, cursor: 0 });
    const texts = handle[Symbol.asyncIterator]();
    assert.deepEqual(await texts.next(), { done: false, value: "ä\n" });
    assert.equal(kept(handle).cursor, 3);
    assert.equal((await handle.status()).running, true);
    await first.open();
    assert.deepEqual(await texts.next(), { done: false, value: "👩‍🚀\n" });
    await second.open();
    assert.deepEqual(await within(PATIENCE_MS, texts.next()), { done: false, value: "no end" });
    assert.deepEqual(await within(PATIENCE_MS, texts.next()), { done: true, value: undefined });
    const status = await handle.wait();
    assert.deepEqual([status.exitCode, status.running, status.id], [3, false, handle.id]);
    assert.ok(status.finishedAt instanceof Date);
    assert.equal(await text(handle), "", "what has been read does not come again");
  });

  test("wait() tells its end, and leaves the output where it is", async () => {
    const handle = await start("echo said; exit 7");
    assert.equal((await within(PATIENCE_MS, handle.wait())).exitCode, 7);
    assert.equal(kept(handle).cursor, 0);
    assert.equal(await text(handle), "said\n");
  });

  test("status and logs right after the start are never refused", async () => {
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const handle = await start(`echo ${index}`);
        const [output, status] = await Promise.all([text(handle), handle.wait(), handle.status()]);
        assert.equal(output, `${index}\n`);
        assert.equal(status.exitCode, 0);
      }),
    );
  });

  test("much output comes whole, a quarter of a megabyte at a time", async () => {
    const handle = await start("seq 1 1500000");
    let length = 0;
    let longest = 0;
    let last = "";
    for await (const piece of handle) {
      length += piece.length;
      longest = Math.max(longest, piece.length);
      last = piece.slice(-16);
    }
    assert.equal(length, 10_888_896);
    assert.ok(longest <= 1 << 18, `${longest} characters at once`);
    assert.ok(last.endsWith("\n1500000\n"));
  });

  test("kill() ends it and its children, and does nothing when it has ended", async () => {
    const pidFile = `/tmp/pid-${unique()}`;
    const handle = await start(`sleep 300 & echo $! > ${pidFile}; wait`);
    await started(sandbox, pidFile);
    await within(PATIENCE_MS, handle.kill());
    assert.equal(await alive(sandbox, pidFile), false);
    const { running, exitCode } = await within(PATIENCE_MS, handle.wait());
    assert.deepEqual([running, exitCode], [false, -1]);
    await handle.kill();
    await commands.attach(kept(handle)).kill();
  });

  test("its options are those of a run", async () => {
    const options = { workingDirectory: "/tmp", envs: { A: "b c" }, timeoutSeconds: 0.4 };
    const handle = await start('pwd; echo "$A"; sleep 300', options, { headers: { "X-Mine": "1" } });
    assert.equal(await text(handle), "/tmp\nb c\n");
    assert.match((await handle.wait()).error, /killed/);
  });

  test("bytes that are no UTF-8, and half a character at the end", async () => {
    const handle = await start(String.raw`printf '\xef\xbb\xbfa\xffb\xe2\x82'`);
    assert.equal(await text(handle), "\ufeffa\ufffdb\ufffd");
    assert.equal(kept(handle).cursor, 8);
  });

  test("the headers of the start go with the requests of its handle, those of a call instead", async () => {
    const { calls, fetch: recording } = recorder();
    const other = await Sandbox.connect({
      sandboxId: sandbox.id,
      connectionConfig: server.config({ fetch: recording }),
    });
    const handle = await other.commands.startBackground("echo", {}, { headers: { "X-Mine": "start" } });
    await all(handle);
    const attached = other.commands.attach(kept(handle), { headers: { "X-Mine": "attach" } });
    await attached.status();
    await attached.wait({ headers: { "X-Mine": "call" } });
    const mine = calls.filter(({ url }) => url.includes(handle.id)).map(({ headers }) => headers.get("x-mine"));
    assert.deepEqual([...new Set(mine)], ["start", "attach"], "the end is known: nobody is asked for it again");
    await commands.attach(kept(handle)).wait();
    await other.close();
  });
});

describe("attach", () => {
  test("goes on where another handle was, and begins anew with the cursor 0", async () => {
    const more = gate();
    const handle = await start(`echo one; ${more.wait}; echo two`);
    for await (const piece of handle) {
      assert.equal(piece, "one\n");
      break;
    }
    const again = commands.attach(kept(handle));
    assert.deepEqual(kept(again), kept(handle));
    const rest = text(again);
    await more.open();
    assert.equal(await rest, "two\n");
    assert.equal(await text(handle), "two\n", "each handle has its own place");
    assert.equal(await text(commands.attach({ ...kept(handle), cursor: 0 })), "one\ntwo\n");
  });

  test("in another process", async () => {
    const more = gate();
    const handle = await start(`echo here; ${more.wait}; echo there; exit 5`);
    for await (const _ of handle) break;
    const child = spawn(process.execPath, [fileURLToPath(new URL("attach-elsewhere.mjs", import.meta.url))], {
      env: { ...process.env, CONFIG: JSON.stringify(server.config()), HANDLE: JSON.stringify(handle) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (data) => {
      output += data;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until("it listens", () => output.includes("attached"));
    await more.open();
    assert.equal(await within(PATIENCE_MS, ended, "the other process"), 0);
    assert.equal(output, "attached\nthere\nexit code 5\n");
  });

  test("refuses another sandbox's, and what is none", () => {
    const good = { id: "0".repeat(32), sandboxId: sandbox.id, cursor: 0 };
    commands.attach(good, { reconnectTimeoutSeconds: 0 });
    for (const [field, json, options] of [
      ["handle", undefined],
      ["handle", JSON.stringify(good)],
      ["handle", [good]],
      ["id", { ...good, id: undefined }],
      ["id", { ...good, id: " " }],
      ["id", { ...good, id: ".." }],
      ["sandboxId", { ...good, sandboxId: undefined }],
      ["sandboxId", { ...good, sandboxId: "another" }],
      ["cursor", { ...good, cursor: undefined }],
      ["cursor", { ...good, cursor: "0" }],
      ["cursor", { ...good, cursor: -1 }],
      ["cursor", { ...good, cursor: 1.5 }],
      ["cursor", { ...good, cursor: 1e16 }],
      ["reconnectTimeoutSeconds", good, { reconnectTimeoutSeconds: -1 }],
      ["reconnectTimeoutSeconds", good, { reconnectTimeoutSeconds: "60" }],
      ["headers", good, { headers: 5 }],
    ]) {
      assert.throws(
        () => commands.attach(json, options),
        (error) => {
          assert.equal(error.name, "InvalidArgumentException");
          assert.ok(error.message.startsWith(field), `${field}: ${error.message}`);
          return true;
        },
      );
    }
  });

  test("an id that nobody knows is the server's error, after a moment", async () => {
    const nobody = commands.attach({ id: "0".repeat(32), sandboxId: sandbox.id, cursor: 0 });
    const [output, status] = await Promise.all([rejection(all(nobody)), rejection(nobody.wait())]);
    assert.deepEqual([output.name, output.statusCode], ["SandboxApiException", 400]);
    assert.deepEqual([status.name, status.statusCode], ["SandboxApiException", 404]);
  });
});

describe("arguments", () => {
  test("wrong ones are refused before anything is sent", async () => {
    for (const [field, promise] of [
      ["command", commands.startBackground(" ")],
      ["reconnectTimeoutSeconds", commands.startBackground("x", { reconnectTimeoutSeconds: -1 })],
      ["maxEventBytes", commands.run("x", { maxEventBytes: 0 })],
      ["maxEventBytes", commands.run("x", { maxEventBytes: 2 ** 30 })],
      ["capture", commands.run("x", { capture: 5 })],
      ["capture", commands.run("x", { capture: {} })],
      ["capture.headChars", commands.run("x", { capture: { headChars: -1 } })],
      ["capture.tailChars", commands.runInSession("x", "y", { capture: { tailChars: "1" } })],
    ]) {
      const error = await rejection(promise);
      assert.equal(error.name, "InvalidArgumentException", field);
      assert.ok(error.message.startsWith(field), `${field}: ${error.message}`);
    }
    const handle = commands.attach({ id: "0".repeat(32), sandboxId: sandbox.id, cursor: 0 });
    assert.throws(() => handle.read({ signal: 5 }), /^InvalidArgumentException: signal/);
    assert.match((await rejection(handle.wait({ headers: { a: 1 } }))).message, /^headers\.a/);
    assert.match((await rejection(handle.kill(5))).message, /^call options/);
  });

  test("a start that was aborted rejects, and its program is ended", async () => {
    const pidFile = `/tmp/pid-${unique()}`;
    const controller = new AbortController();
    const starting = commands.startBackground(`echo $$ > ${pidFile}; exec sleep 300`, {}, controller.signal);
    controller.abort("no");
    const error = await rejection(starting);
    assert.deepEqual([error.code, error.cause], ["ABORTED", "no"]);
    // It may never have been started at all.
    await until("it does not run", async () => !(await alive(sandbox, pidFile)));
  });
});

describe("capture", () => {
  test("keeps the beginning and the end of what a program prints", async () => {
    let heard = 0;
    const options = { capture: { headChars: 10, tailChars: 20 } };
    const execution = await commands.run("seq 1 200000; echo e >&2", options, { onStdout: () => heard++ });
    assert.equal(execution.stdout, "1\n2\n3\n4\n5\n199999\n200000\n");
    assert.deepEqual(execution.truncated, { stdout: 1_288_895 - execution.stdout.length, stderr: 0 });
    assert.equal(execution.stderr, "e\n");
    assert.equal(execution.exitCode, 0);
    assert.equal(heard, 200_000);
  });

  test("in a session, and of a handle whose output nobody reads", async () => {
    const capture = { tailChars: 10 };
    const session = await commands.createSession();
    const execution = await commands.runInSession(session, "seq 1 1000", { capture });
    assert.equal(execution.stdout, "999\n1000\n");
    await commands.deleteSession(session);
    const handle = await commands.start("seq 1 1000", { capture });
    assert.equal((await handle.wait()).stdout, "999\n1000\n");
  });
});
