// Streams that break, stall or carry what they should not: nothing is lost, nothing is told twice, no end is taken for another.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { alive, all, PATIENCE_MS, recorder, rejection, started, startServer, unique, within } from "./server.mjs";

let server;
let sandbox;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
});
after(() => server?.stop());

/** A handle whose first request to a path that ends in `path` is answered by `answer(url, init)`. */
async function handle(path, answer) {
  let done = false;
  const { calls, fetch } = recorder((url, init) => {
    if (done || !new URL(url).pathname.endsWith(path)) return globalThis.fetch(url, init);
    done = true;
    return answer(url, init);
  });
  const made = await Sandbox.connect({
    connectionConfig: server.config({ fetch }),
    sandboxId: sandbox.id,
    skipHealthCheck: true,
  });
  return Object.assign(made, { calls });
}

/** The real answer, ended after its `bytes`-th byte: "eof", "reset", or "silence". */
const cut = (bytes, how) => async (url, init) => {
  const response = await globalThis.fetch(url, init);
  const reader = response.body.getReader();
  let left = bytes;
  const body = new ReadableStream({
    async pull(controller) {
      if (left > 0) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        const part = value.subarray(0, left);
        left -= part.length;
        return controller.enqueue(part);
      }
      if (how === "silence") return new Promise(() => {});
      await reader.cancel();
      return how === "eof" ? controller.close() : controller.error(new TypeError("terminated"));
    },
    cancel: () => reader.cancel(),
  });
  return new Response(body, { status: response.status, headers: response.headers });
};

/** An answer that was made up, in chunks of `size` bytes. */
const made =
  (text, size = 1 << 20) =>
  async () => {
    const bytes = new TextEncoder().encode(text);
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    return new Response(ReadableStream.from(chunks), { headers: { "content-type": "text/event-stream" } });
  };
const lines = (...events) =>
  events.map((event) => `${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("");
const INIT = { type: "init", text: "0".repeat(32), timestamp: 1 };
const END = { type: "execution_complete", execution_time: 5, timestamp: 9 };
const out = (text) => ({ type: "stdout", text, timestamp: 2 });
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i + 1}`);

describe("a command's stream that is cut", () => {
  for (const how of ["eof", "reset"]) {
    for (const bytes of [100, 437, 2_000]) {
      test(`after ${bytes} bytes by ${how}: the rest is read back, no line twice, none missing`, async () => {
        const other = await handle("/command", cut(bytes, how));
        const seen = { stdout: [], stderr: [] };
        const run = await within(
          PATIENCE_MS,
          other.commands.run(
            "seq 60; seq 60 >&2; exit 3",
            {},
            {
              onStdout: ({ text }) => seen.stdout.push(text),
              onStderr: ({ text }) => seen.stderr.push(text),
            },
          ),
        );
        assert.equal(run.recovered, true);
        assert.equal(run.exitCode, 3);
        assert.equal(run.timedOut, false);
        assert.deepEqual(seen, { stdout: numbers(60), stderr: numbers(60) });
        assert.equal(run.stdout, `${numbers(60).join("\n")}\n`);
        assert.equal(run.stderr, run.stdout);
        await other.close();
      });
    }
  }

  test("while the program still runs: its end is waited for", async () => {
    const other = await handle("/command", cut(300, "reset"));
    const run = await within(PATIENCE_MS, other.commands.run("seq 40; sleep 0.7; seq 41 60"));
    assert.deepEqual([run.recovered, run.exitCode], [true, 0]);
    assert.deepEqual(
      run.logs.stdout.map(({ text }) => text),
      numbers(60),
    );
    await other.close();
  });

  test("right after its last event is a normal end", async () => {
    const text = lines(INIT, out("a"), END);
    for (const tail of ["", "garbage", '{"type":"ping","te']) {
      const other = await handle("/command", made(text + tail));
      const run = await other.commands.run("x");
      assert.deepEqual([run.recovered, run.exitCode, run.stdout], [false, 0, "a\n"]);
      assert.deepEqual(
        other.calls.slice(-1).map(({ method }) => method),
        ["POST"],
      );
      await other.close();
    }
  });

  test("before its id is known rejects with what there is", async () => {
    for (const text of ["", '{"type":"in']) {
      const other = await handle("/command", made(text));
      const error = await within(PATIENCE_MS, rejection(other.commands.run("x")));
      assert.equal(error.name, "SandboxStreamException");
      assert.equal(error.code, "STREAM_INTERRUPTED");
      assert.deepEqual(error.execution.logs, { stdout: [], stderr: [] });
      await other.close();
    }
  });

  test("of a program that nobody knows rejects with the part that came", async () => {
    const other = await handle("/command", made(lines(INIT, out("a"), out("b"))));
    const error = await within(PATIENCE_MS, rejection(other.commands.run("x")));
    assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_INTERRUPTED"]);
    assert.equal(error.executionId, INIT.text);
    assert.equal(error.execution.stdout, "a\nb\n");
    assert.deepEqual(error.lastEvent?.type, "init");
    await other.close();
  });

  test("and read event by event goes on, too", async () => {
    const other = await handle("/command", cut(400, "reset"));
    const events = await all(other.commands.runStream("seq 60; exit 4"));
    assert.deepEqual(
      events.filter(({ type }) => type === "stdout").map(({ text }) => text),
      numbers(60),
    );
    assert.deepEqual([events.at(-1).type, events.at(-1).error.evalue], ["error", "4"]);
    await other.close();
  });

  test("aborting while it is recovered ends the waiting", async () => {
    const controller = new AbortController();
    const other = await handle("/command", cut(250, "reset"));
    const pidFile = `/tmp/pid-${unique()}`;
    const running = rejection(
      other.commands.run(`seq 40; echo $$ > ${pidFile}; exec sleep 300`, {}, {}, controller.signal),
    );
    await started(sandbox, pidFile);
    controller.abort("enough");
    const error = await within(3_000, running);
    assert.deepEqual([error.code, error.cause], ["ABORTED", "enough"]);
    await sandbox.commands.run(`kill -9 $(cat ${pidFile})`);
    await other.close();
  });
});

describe("a session's stream that is cut", () => {
  test("rejects with the part that came", async () => {
    const session = await sandbox.commands.createSession();
    for (const how of ["eof", "reset"]) {
      const other = await handle("/run", cut(400, how));
      const error = await within(PATIENCE_MS, rejection(other.commands.runInSession(session, "seq 60")));
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_INTERRUPTED"]);
      const got = error.execution.logs.stdout.map(({ text }) => text);
      assert.ok(got.length >= 2 && got.length < 60, `${got.length}`);
      assert.deepEqual(got, numbers(got.length));
      await other.close();
    }
  });
});

describe("a stream that falls silent", () => {
  test("when the program is over: the rest is read back", async () => {
    const other = await handle("/command", cut(300, "silence"));
    const run = await within(PATIENCE_MS, other.commands.run("seq 60", { idleTimeoutSeconds: 0.3 }));
    assert.deepEqual([run.recovered, run.exitCode], [true, 0]);
    assert.deepEqual(
      run.logs.stdout.map(({ text }) => text),
      numbers(60),
    );
    await other.close();
  });

  test("when the program still runs: a typed error says so, and the program goes on", async () => {
    const pidFile = `/tmp/pid-${unique()}`;
    const other = await handle("/command", cut(1_000_000, "silence"));
    // Pings come every 3 s: half a second of silence is a stall.
    const command = `echo $$ > ${pidFile}; echo on; exec sleep 300`;
    const error = await within(PATIENCE_MS, rejection(other.commands.run(command, { idleTimeoutSeconds: 0.5 })));
    assert.deepEqual([error.name, error.code, error.stillRunning], ["SandboxStreamException", "STREAM_STALLED", true]);
    assert.equal(error.execution.stdout, "on\n");
    assert.equal(await alive(sandbox, pidFile), true);
    await sandbox.commands.interrupt(error.executionId);
    await other.close();
  });

  test("is not one while a handler takes its time", async () => {
    const onStdout = () => new Promise((resolve) => setTimeout(resolve, 700));
    const run = await sandbox.commands.run("echo a", { idleTimeoutSeconds: 0.3 }, { onStdout });
    assert.deepEqual([run.recovered, run.stdout], [false, "a\n"]);
  });
});

describe("what a stream may carry", () => {
  const run = async (text, size, options, handlers) => {
    const other = await handle("/command", made(text, size));
    try {
      return await within(PATIENCE_MS, other.commands.run("x", options, handlers));
    } finally {
      await other.close();
    }
  };

  test("every split of it gives the same", async () => {
    const text = lines(
      INIT,
      out("grüße 👩‍👩‍👧"),
      { type: "ping", text: "pong", timestamp: 3 },
      { ...out("b"), type: "stderr" },
      out("\n"),
      END,
    );
    for (let size = 1; size < 80; size += 3) {
      const execution = await run(text, size);
      assert.deepEqual(
        [execution.stdout, execution.stderr, execution.exitCode],
        ["grüße 👩‍👩‍👧\n\n", "b\n", 0],
        `${size}`,
      );
    }
  });

  test("server-sent events proper, with comments, other fields, CRLF, a byte order mark and data over several lines", async () => {
    const data = (event) => `data: ${JSON.stringify(event)}\r\n\r\n`;
    const text = `\ufeff: hello\r\n\r\nevent: message\r\nid: 1\r\n${data(INIT)}retry: 5\r\n${data(out("a"))}data: {"type":"stdout",\r\ndata: "text":"b","timestamp":2}\r\n\r\ndata:${JSON.stringify(END)}\r\n\r\n`;
    for (const size of [1, 7, 1 << 20]) assert.equal((await run(text, size)).stdout, "a\nb\n");
  });

  test("an unknown event reaches onEvent and changes nothing", async () => {
    const odd = { type: "brand-new", payload: { deep: [1] }, timestamp: 4 };
    const seen = [];
    const execution = await run(lines(INIT, odd, END), 1 << 20, {}, { onEvent: (event) => seen.push(event) });
    assert.deepEqual(
      seen.filter(({ type }) => type === "brand-new"),
      [odd],
    );
    assert.equal(execution.exitCode, 0);
  });

  test("a bare code and message is an error of the run", async () => {
    const execution = await run(lines(INIT, out("a"), { code: "RUNTIME_ERROR", message: "it broke" }));
    assert.equal(execution.ok, false);
    assert.deepEqual(
      [execution.error.name, execution.error.value, execution.exitCode],
      ["RUNTIME_ERROR", "it broke", null],
    );
    assert.equal(execution.stdout, "a\n");
  });

  test("a line that is no event is an error that shows it; what came before is delivered", async () => {
    for (const bad of ["<html>502 Bad Gateway</html>", '{"type":"stdout","text":}', "[1,2]", "null", '"text"']) {
      const seen = [];
      const error = await rejection(
        run(lines(INIT, out("a"), bad, out("b"), END), 1 << 20, {}, { onStdout: ({ text }) => seen.push(text) }),
      );
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "MALFORMED_EVENT"], bad);
      assert.ok(error.message.replaceAll('\\"', '"').includes(bad.slice(0, 20)), error.message);
      assert.deepEqual(seen, ["a"], bad);
      assert.equal(error.execution.stdout, "a\n");
    }
  });

  test("escapes, lone surrogates and odd key orders are read as JSON has them", async () => {
    const text = lines(
      INIT,
      '{"timestamp":2,"text":"a\\u00e4\\ud83d\\ude00\\"\\\\\\/","type":"stdout"}',
      '{"type":"stdout","text":"\\ud800!","timestamp":2}',
      '{ "type" : "stdout" , "text" : "spaced" , "timestamp" : 2 , "extra" : {"a":[1]} }',
      END,
    );
    const { logs } = await run(text);
    assert.deepEqual(
      logs.stdout.map((message) => message.text),
      ['aä😀"\\/', "\ud800!", "spaced"],
    );
  });

  test("an answer without a body, or of another kind, is an error", async () => {
    for (const response of [new Response(null, { status: 204 }), new Response("")]) {
      const other = await handle("/command", async () => response);
      assert.equal((await within(PATIENCE_MS, rejection(other.commands.run("x")))).code, "STREAM_INTERRUPTED");
      await other.close();
    }
  });
});
