// Programs in a sandbox: output, ends, background, interrupts and aborts.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CommandExitException, Sandbox, SandboxException } from "opensandbox-wasm";
import {
  alive,
  all,
  external,
  PATIENCE_MS,
  recorder,
  rejection,
  sleep,
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
  ({ commands } = sandbox);
});
after(() => server?.stop());

/** Another handle to the same sandbox, whose requests go through `fetch`. */
const handle = (fetch) =>
  Sandbox.connect({ connectionConfig: server.config({ fetch }), sandboxId: sandbox.id, skipHealthCheck: true });
const texts = (messages) => messages.map(({ text }) => text);
/** A program that writes its pid to a file and then runs until it is ended, and its file. */
function endless() {
  const pidFile = `/tmp/pid-${unique()}`;
  return { pidFile, command: `echo $$ > ${pidFile}; echo begun; exec sleep 300` };
}
const untilGone = (pidFile) => until("the process is gone", async () => !(await alive(sandbox, pidFile)));

describe("output", () => {
  test("stdout and stderr come apart, as lines with their time, and joined", async () => {
    const from = Date.now();
    const run = await commands.run("echo out 1; echo err 1 >&2; echo out 2; echo err 2 >&2");
    assert.deepEqual(texts(run.logs.stdout), ["out 1", "out 2"]);
    assert.deepEqual(texts(run.logs.stderr), ["err 1", "err 2"]);
    assert.equal(run.stdout, "out 1\nout 2\n");
    assert.equal(run.stderr, "err 1\nerr 2\n");
    assert.deepEqual(run.output.split("\n").sort(), ["", "err 1", "err 2", "out 1", "out 2"]);
    for (const message of [...run.logs.stdout, ...run.logs.stderr]) {
      assert.deepEqual(Object.keys(message).sort(), ["isError", "text", "timestamp"]);
      assert.ok(Math.abs(message.timestamp - from) < 120_000, `timestamp ${message.timestamp}`);
    }
    assert.ok(run.logs.stdout.every(({ isError }) => isError === false));
    assert.ok(run.logs.stderr.every(({ isError }) => isError === true));
  });

  test("an execution has an id, an end with its duration, and an exit code", async () => {
    const run = await commands.run("sleep 0.2");
    assert.match(run.id, /^[0-9a-f]{32}$/);
    assert.equal(run.exitCode, 0);
    assert.equal(run.ok, true);
    assert.equal(run.error, undefined);
    assert.ok(
      run.complete.executionTimeMs >= 150 && run.complete.executionTimeMs < 60_000,
      JSON.stringify(run.complete),
    );
    assert.deepEqual([run.timedOut, run.recovered], [false, false]);
    assert.deepEqual(run.logs, { stdout: [], stderr: [] });
    assert.deepEqual(run.result, []);
  });

  test("200,000 lines come in order, none lost", async () => {
    const run = await commands.run("seq 200000");
    assert.equal(run.logs.stdout.length, 200_000);
    const wrong = run.logs.stdout.findIndex(({ text }, index) => text !== String(index + 1));
    assert.equal(wrong, -1, `line ${wrong} is ${run.logs.stdout[wrong]?.text}`);
    assert.equal(
      run.stdout.length,
      Array.from({ length: 200_000 }, (_, i) => String(i + 1).length + 1).reduce((a, b) => a + b),
    );
  });

  test("200,000 lines come to a handler in order, none lost", async () => {
    let count = 0;
    let wrong;
    const onStdout = ({ text }) => {
      if (text !== String(++count)) wrong ??= `${text} instead of ${count}`;
    };
    await commands.run("seq 200000", {}, { onStdout, skipAccumulation: true });
    assert.equal(wrong, undefined);
    assert.equal(count, 200_000);
  });

  test("empty lines, a missing last line break and every kind of it are read as documented", async () => {
    const run = await commands.run("printf 'a\\n\\nb\\r\\nc\\rd\\n\\n\\ne'");
    assert.deepEqual(texts(run.logs.stdout), ["a", "\n", "b", "c", "d", "\n", "\n", "e"]);
    assert.equal(run.stdout, "a\n\nb\nc\nd\n\n\ne\n");
  });

  test("any text survives: other scripts, emoji, quotes, controls, a byte order mark", async () => {
    const lines = [
      "grüße 你好 שלום",
      "👩‍👩‍👧‍👦🏳️‍🌈",
      '"\\"\\u0041{}[],',
      "tab\there \u001b[31mred\u001b[0m",
      "\ufeffmark",
      "\u0085\u2028end",
      '{"type":"error"}',
    ];
    await sandbox.files.writeFiles([{ path: "/tmp/lines", data: `${lines.join("\n")}\n` }]);
    const run = await commands.run("cat /tmp/lines; cat /tmp/lines >&2");
    assert.deepEqual(texts(run.logs.stdout), lines);
    assert.deepEqual(texts(run.logs.stderr), lines);
  });

  test("a line of 3 MB is one line", async () => {
    const run = await commands.run("head -c 3000000 /dev/zero | tr '\\0' x");
    assert.equal(run.logs.stdout.length, 1);
    assert.equal(run.stdout, `${"x".repeat(3_000_000)}\n`);
  });

  test("a run is over when its program is, without the server's grace second", async () => {
    const took = [];
    for (let i = 0; i < 3; i++) {
      const from = performance.now();
      await commands.run("true");
      took.push(performance.now() - from);
    }
    assert.ok(Math.min(...took) < 900, `${took} ms`);
  });

  test("ten runs at once keep their outputs apart", async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, i) => commands.run(`for n in 1 2 3; do echo ${i}; sleep 0.05; done`)),
    );
    assert.deepEqual(
      runs.map(({ stdout }) => stdout),
      Array.from({ length: 10 }, (_, i) => `${i}\n${i}\n${i}\n`),
    );
    assert.equal(new Set(runs.map(({ id }) => id)).size, 10);
  });

  test("thirty calls at once on one handle give no warning", async () => {
    const warnings = [];
    const onWarning = (warning) => warnings.push(warning.message);
    process.on("warning", onWarning);
    try {
      await Promise.all(Array.from({ length: 30 }, () => sandbox.getInfo()));
      await Promise.all(Array.from({ length: 30 }, () => commands.run("true")));
      await sleep(0);
    } finally {
      process.off("warning", onWarning);
    }
    assert.deepEqual(warnings, []);
  });
});

describe("handlers", () => {
  test("are called in stream order, the raw event first", async () => {
    const seen = [];
    const note = (name) => (value) => {
      seen.push(name === "event" ? `event ${value.type}` : name);
    };
    const handlers = {
      onEvent: (event) => event.type !== "ping" && note("event")(event),
      onInit: note("init"),
      onStdout: note("stdout"),
      onStderr: note("stderr"),
      onExecutionComplete: note("complete"),
      onError: note("error"),
    };
    await commands.run("echo 1; sleep 0.3; echo 2 >&2", {}, handlers);
    assert.deepEqual(seen, [
      "event init",
      "init",
      "event stdout",
      "stdout",
      "event stderr",
      "stderr",
      "event execution_complete",
      "complete",
    ]);
    seen.length = 0;
    await commands.run("echo 1; exit 4", {}, handlers);
    assert.deepEqual(seen, ["event init", "init", "event stdout", "stdout", "event error", "error"]);
  });

  test("are given the official shapes", async () => {
    const seen = {};
    const run = await commands.run(
      "echo hi; exit 9",
      {},
      {
        onInit: (init) => Object.assign(seen, { init }),
        onStdout: (line) => Object.assign(seen, { line }),
        onError: (error) => Object.assign(seen, { error }),
      },
    );
    assert.equal(seen.init.id, run.id);
    assert.equal(typeof seen.init.timestamp, "number");
    assert.deepEqual(seen.line, run.logs.stdout[0]);
    assert.deepEqual(seen.error, run.error);
  });

  test("that are asynchronous are awaited one after another", async () => {
    const order = [];
    let running = 0;
    const slow = (name) => async (value) => {
      assert.equal(++running, 1, "two handlers ran at once");
      await sleep(Math.random() * 8);
      order.push(name === "line" ? value.text : name);
      running--;
    };
    const run = await commands.run(
      "seq 40",
      {},
      { onInit: slow("init"), onStdout: slow("line"), onExecutionComplete: slow("complete") },
    );
    assert.deepEqual(order, ["init", ...Array.from({ length: 40 }, (_, i) => String(i + 1)), "complete"]);
    assert.equal(run.logs.stdout.length, 40);
  });

  for (const [kind, fail] of [
    [
      "throws",
      (error) => () => {
        throw error;
      },
    ],
    ["rejects", (error) => () => Promise.reject(error)],
  ]) {
    test(`one that ${kind} rejects the run with that very error, at once`, async () => {
      const mine = new RangeError("mine");
      for (const name of ["onEvent", "onInit", "onStdout", "onStderr"]) {
        const { command, pidFile } = endless();
        const running = commands.run(`echo x >&2; ${command}`, {}, { [name]: fail(mine) });
        assert.equal(await within(10_000, rejection(running), name), mine, name);
        await commands.run(`[ ! -e ${pidFile} ] || kill -9 $(cat ${pidFile}) 2>/dev/null`);
      }
    });
  }

  test("no handler is called after the one that threw", async () => {
    let calls = 0;
    const onStdout = () => {
      calls++;
      throw new Error("enough");
    };
    await rejection(commands.run("seq 100", {}, { onStdout }));
    await sleep(100);
    assert.equal(calls, 1);
  });

  test("skipAccumulation keeps output out of the execution, and only output", async () => {
    let lines = 0;
    const run = await commands.run("seq 5; exit 3", {}, { onStdout: () => void lines++, skipAccumulation: true });
    assert.equal(lines, 5);
    assert.deepEqual(run.logs, { stdout: [], stderr: [] });
    assert.equal(run.stdout, "");
    assert.equal(run.exitCode, 3);
  });
});

describe("the end of a program", () => {
  for (const [command, code, traceback] of [
    ["exit 7", 7, "exit status 7"],
    ["exit 255", 255, "exit status 255"],
    ["kill -9 $$", -1, "signal: killed"],
    ["kill -TERM $$", -1, "signal: terminated"],
    ["sh -c 'kill -9 $$'; exit $?", 137, "exit status 137"],
    ["no-such-program-anywhere", 127, "exit status 127"],
    ["/etc", 126, "exit status 126"],
  ]) {
    test(`\`${command}\` gives ${code}`, async () => {
      const run = await commands.run(command);
      assert.equal(run.exitCode, code);
      assert.equal(run.ok, false);
      assert.equal(run.error.name, "CommandExecError");
      assert.equal(run.error.value, String(code));
      assert.deepEqual(run.error.traceback, [traceback]);
      assert.equal(run.timedOut, false);
      assert.equal(run.complete, undefined);
      assert.equal((await commands.getCommandStatus(run.id)).exitCode, code);
    });
  }

  test("a time-out ends the program and says so", async () => {
    const { command, pidFile } = endless();
    const from = performance.now();
    const run = await within(PATIENCE_MS, commands.run(command, { timeoutSeconds: 0.5 }), "the run");
    assert.ok(performance.now() - from >= 480, "not before its time");
    assert.equal(run.timedOut, true);
    assert.equal(run.exitCode, -1);
    assert.equal(run.ok, false);
    assert.equal(run.stdout, "begun\n", "what came before is kept");
    assert.equal(await alive(sandbox, pidFile), false);
  });

  test("a program killed by something else before its time has not timed out", async () => {
    const run = await commands.run("kill -9 $$", { timeoutSeconds: 30 });
    assert.equal(run.exitCode, -1);
    assert.equal(run.timedOut, false);
  });
});

describe("options", () => {
  test("envs are set, over those of the sandbox", async () => {
    const envs = { A: "1", B: "two words 'and' \"quotes\" $HOME", HOME: "/elsewhere", C: "" };
    const run = await commands.run('printf "%s\\n" "$A" "$B" "$HOME" "[$C]"', { envs });
    assert.equal(run.stdout, "1\ntwo words 'and' \"quotes\" $HOME\n/elsewhere\n[]\n");
  });

  test("workingDirectory is where the program starts", async () => {
    await sandbox.files.createDirectories([{ path: "/tmp/ein ordner/ü" }]);
    assert.equal((await commands.run("pwd", { workingDirectory: "/tmp/ein ordner/ü" })).stdout, "/tmp/ein ordner/ü\n");
  });

  test("a workingDirectory that is missing is the server's 400", async () => {
    const error = await rejection(commands.run("pwd", { workingDirectory: "/no/such/place" }));
    assert.equal(error.name, "SandboxApiException");
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, "INVALID_REQUEST_BODY");
    assert.match(error.message, /working directory does not exist/);
    assert.ok(error.requestId);
  });

  test("uid and gid are those of the program, where the daemon may change them", async () => {
    const root = (await commands.run("id -u")).stdout === "0\n";
    const own = await commands.run("id -u; id -g", { uid: 54321, gid: 12345 });
    const user = await commands.run("id -u", { uid: 54321 });
    if (root) {
      assert.equal(own.stdout, "54321\n12345\n");
      assert.equal(user.stdout, "54321\n");
    } else {
      for (const run of [own, user]) {
        assert.ok(run.error, "it cannot start");
        assert.equal(run.exitCode, null);
      }
    }
  });

  test("gid without uid is refused before anything is sent", async () => {
    const { calls, fetch } = recorder();
    const other = await handle(fetch);
    calls.length = 0;
    const error = await rejection(other.commands.run("id", { gid: 1 }));
    assert.equal(error.name, "InvalidArgumentException");
    assert.equal(error.message, "uid is required when gid is provided");
    assert.deepEqual(calls, []);
    await other.close();
  });

  test("an empty command is refused", async () => {
    for (const command of ["", "  \n"]) {
      const error = await rejection(commands.run(command));
      assert.equal(error.name, "InvalidArgumentException");
      assert.equal(error.message, "command cannot be empty");
    }
  });
});

describe("in the background", () => {
  test("run resolves at once; status and logs follow the program to its end", async () => {
    const go = `/tmp/go-${unique()}`;
    const command = `echo first; echo oops >&2; until [ -e ${go} ]; do sleep 0.05; done; echo läst; exit 3`;
    const run = await within(PATIENCE_MS, commands.run(command, { background: true }), "run");
    assert.ok(run.id);
    assert.ok(run.complete);
    assert.equal(run.exitCode, undefined);
    assert.deepEqual(run.logs, { stdout: [], stderr: [] });

    const status = await commands.getCommandStatus(run.id);
    assert.equal(status.id, run.id);
    assert.equal(status.content, command);
    assert.equal(status.running, true);
    assert.equal(status.exitCode, null);
    assert.equal(status.finishedAt, null);
    assert.ok(status.startedAt instanceof Date);

    const early = await until("the first output", async () => {
      const logs = await commands.getBackgroundCommandLogs(run.id);
      return logs.content.includes("oops") && logs;
    });
    assert.equal(early.content, "first\noops\n");
    assert.equal(early.cursor, 11);
    const nothing = await commands.getBackgroundCommandLogs(run.id, early.cursor);
    assert.deepEqual(nothing, { content: "", cursor: 11 });

    await commands.run(`touch ${go}`);
    const ended = await until("its end", async () => {
      const now = await commands.getCommandStatus(run.id);
      return !now.running && now;
    });
    assert.equal(ended.exitCode, 3);
    assert.ok(ended.finishedAt instanceof Date);
    assert.ok(ended.finishedAt >= ended.startedAt);
    assert.deepEqual(await commands.getBackgroundCommandLogs(run.id, early.cursor), { content: "läst\n", cursor: 17 });
    assert.equal((await commands.getBackgroundCommandLogs(run.id, 0)).content, "first\noops\nläst\n");
  });

  test("a program outlives the handle that started it", async () => {
    const { command, pidFile } = endless();
    const other = await handle();
    await other.commands.run(command, { background: true });
    await other.close();
    await started(sandbox, pidFile);
    assert.equal(await alive(sandbox, pidFile), true);
    await commands.run(`kill -9 $(cat ${pidFile})`);
  });

  test("its time-out ends it", async () => {
    const { command, pidFile } = endless();
    const run = await commands.run(command, { background: true, timeoutSeconds: 0.3 });
    const ended = await until("its end", async () => {
      const now = await commands.getCommandStatus(run.id);
      return !now.running && now;
    });
    assert.equal(ended.exitCode, -1);
    assert.match(ended.error, /killed/);
    assert.equal(await alive(sandbox, pidFile), false);
  });

  test("status and logs of an id that nobody knows are the server's errors", async () => {
    const status = await rejection(commands.getCommandStatus("0".repeat(32)));
    assert.deepEqual([status.name, status.statusCode], ["SandboxApiException", 404]);
    const logs = await rejection(commands.getBackgroundCommandLogs("0".repeat(32)));
    assert.deepEqual([logs.name, logs.statusCode], ["SandboxApiException", 400]);
  });
});

describe("interrupt", () => {
  test("ends a foreground program, its children too; the run resolves with the signal", async () => {
    const pidFile = `/tmp/child-${unique()}`;
    let id;
    const running = commands.run(
      `sleep 300 & echo $! > ${pidFile}; echo ready; wait`,
      {},
      {
        onInit: (init) => {
          id = init.id;
        },
      },
    );
    await started(sandbox, pidFile);
    assert.equal(await commands.interrupt(id), undefined);
    const run = await within(PATIENCE_MS, running, "the run");
    assert.equal(run.exitCode, -1);
    assert.deepEqual(run.error.traceback, ["signal: terminated"]);
    assert.equal(run.stdout, "ready\n");
    await untilGone(pidFile);
  });

  test("ends a background program", async () => {
    const { command, pidFile } = endless();
    const { id } = await commands.run(command, { background: true });
    await started(sandbox, pidFile);
    await commands.interrupt(id);
    await untilGone(pidFile);
    assert.equal((await commands.getCommandStatus(id)).running, false);
  });

  test("of a program that is over, or that nobody knows, is the server's error", async () => {
    const { id } = await commands.run("true");
    for (const each of [id, "0".repeat(32)]) {
      const error = await rejection(commands.interrupt(each));
      assert.equal(error.name, "SandboxApiException");
      assert.equal(error.statusCode, 500);
      assert.ok(error.requestId);
    }
  });
});

describe("abort", () => {
  const reason = new Error("the user went home");
  function assertAborted(error) {
    assert.equal(error.name, "AbortError");
    assert.equal(error.code, "ABORTED");
    assert.equal(error.cause, reason);
    assert.ok(error instanceof Error);
  }

  test("before the start sends nothing", async () => {
    const { calls, fetch } = recorder();
    const other = await handle(fetch);
    calls.length = 0;
    assertAborted(await rejection(other.commands.run("echo", {}, {}, AbortSignal.abort(reason))));
    assertAborted(await rejection(other.commands.run("echo", { signal: AbortSignal.abort(reason) })));
    assertAborted(await rejection(all(other.commands.runStream("echo", {}, AbortSignal.abort(reason)))));
    assert.deepEqual(calls, []);
    await other.close();
  });

  test("before init rejects at once, and the program that was started meanwhile is ended", async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    let held;
    let release;
    const holding = new Promise((resolve) => {
      release = resolve;
    });
    // The request reaches the server; its answer is kept back.
    const { fetch } = recorder(async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (String(url).endsWith("/command")) {
        held = true;
        await holding;
      }
      return response;
    });
    const other = await handle(fetch);
    const running = other.commands.run(command, {}, {}, controller.signal);
    running.catch(() => {});
    await until("the command was sent", () => held);
    await started(sandbox, pidFile);
    controller.abort(reason);
    assertAborted(await within(1_000, rejection(running), "the run"));
    release();
    await untilGone(pidFile);
    await other.close();
  });

  test("in the middle rejects at once, and the process is gone", async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    const running = commands.run(command, {}, {}, controller.signal);
    running.catch(() => {});
    await started(sandbox, pidFile);
    controller.abort(reason);
    assertAborted(await within(1_000, rejection(running), "the run"));
    await untilGone(pidFile);
  });

  test("from a handler works, and no later handler is called", async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    let calls = 0;
    const onStdout = () => {
      calls++;
      controller.abort(reason);
    };
    const running = commands.run(`echo one; echo two; ${command}`, { signal: controller.signal }, { onStdout });
    assertAborted(await within(10_000, rejection(running), "the run"));
    assert.equal(calls, 1);
    await until("the process is gone", async () => !(await alive(sandbox, pidFile)));
  });

  test("does not wait for a handler that hangs", async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    let hangs = false;
    const onStdout = () => {
      hangs = true;
      return new Promise(() => {});
    };
    const running = commands.run(command, {}, { onStdout }, controller.signal);
    running.catch(() => {});
    await until("the handler hangs", () => hangs);
    controller.abort(reason);
    assertAborted(await within(1_000, rejection(running), "the run"));
    await untilGone(pidFile);
  });

  test('with onAbort: "detach" leaves the program running', async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    let id;
    const onInit = (init) => {
      id = init.id;
    };
    const running = commands.run(command, { onAbort: "detach" }, { onInit }, controller.signal);
    running.catch(() => {});
    await started(sandbox, pidFile);
    controller.abort(reason);
    assertAborted(await within(1_000, rejection(running), "the run"));
    // An interrupt would have come by now: it is sent at once.
    await sleep(300);
    assert.equal(await alive(sandbox, pidFile), true);
    assert.equal((await commands.getCommandStatus(id)).running, true);
    await commands.interrupt(id);
    await untilGone(pidFile);
  });

  test("after the end changes nothing", async () => {
    const controller = new AbortController();
    const run = await commands.run("echo done", {}, {}, controller.signal);
    controller.abort(reason);
    assert.equal(run.stdout, "done\n");
  });

  test("takes a time-out signal", async () => {
    const { command, pidFile } = endless();
    const error = await within(
      PATIENCE_MS,
      rejection(commands.run(command, {}, {}, AbortSignal.timeout(external ? 5_000 : 400))),
      "run",
    );
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause.name, "TimeoutError");
    await untilGone(pidFile);
  });
});

describe("runStream", () => {
  test("gives the raw events", async () => {
    const events = (await all(commands.runStream("echo a; echo b; exit 2"))).filter(({ type }) => type !== "ping");
    assert.deepEqual(
      events.map(({ type }) => type),
      ["init", "stdout", "stdout", "error"],
    );
    assert.match(events[0].text, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      events.slice(1, 3).map(({ text }) => text),
      ["a", "b"],
    );
    assert.deepEqual(events[3].error, { ename: "CommandExecError", evalue: "2", traceback: ["exit status 2"] });
    assert.ok(events.every(({ timestamp }) => timestamp > 1e12));
  });

  test("sends nothing before the first event is asked for", async () => {
    const { calls, fetch } = recorder();
    const other = await handle(fetch);
    calls.length = 0;
    const stream = other.commands.runStream("echo a");
    await sleep(50);
    assert.deepEqual(calls, []);
    assert.equal((await all(stream)).at(-1).type, "execution_complete");
    await other.close();
  });

  test("can be read once", async () => {
    const stream = commands.runStream("echo a");
    await all(stream);
    assert.throws(() => stream[Symbol.asyncIterator](), TypeError);
  });

  test("break ends the program", async () => {
    const { command, pidFile } = endless();
    for await (const event of commands.runStream(command)) {
      if (event.type === "stdout") break;
    }
    await untilGone(pidFile);
  });

  test("break detaches when that was asked for", async () => {
    const { command, pidFile } = endless();
    for await (const event of commands.runStream(command, { onAbort: "detach" })) {
      if (event.type === "stdout") break;
    }
    await sleep(300);
    assert.equal(await alive(sandbox, pidFile), true);
    await commands.run(`kill -9 $(cat ${pidFile})`);
  });

  test("is aborted by its signal", async () => {
    const { command, pidFile } = endless();
    const controller = new AbortController();
    const reason = new Error("stop");
    const reading = (async () => {
      for await (const event of commands.runStream(command, {}, controller.signal)) {
        if (event.type === "stdout") controller.abort(reason);
      }
    })();
    const error = await within(10_000, rejection(reading), "the loop");
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause, reason);
    await untilGone(pidFile);
  });

  test("calls of next() that overlap are answered in order", async () => {
    const iterator = commands.runStream("seq 3")[Symbol.asyncIterator]();
    const steps = await Promise.all(Array.from({ length: 12 }, () => iterator.next()));
    const events = steps.filter(({ done }) => !done).map(({ value }) => value);
    assert.deepEqual(
      events.filter(({ type }) => type === "stdout").map(({ text }) => text),
      ["1", "2", "3"],
    );
    assert.equal(events[0].type, "init");
    assert.equal(events.at(-1).type, "execution_complete");
    assert.equal(steps.at(-1).done, true);
  });
});

describe("throwOnNonZero", () => {
  test("makes an exception of a program that fails, with all that it has said", async () => {
    const run = commands.run("echo out; echo err >&2; exit 3", { throwOnNonZero: true });
    const error = await rejection(run);
    assert.ok(error instanceof CommandExitException && error instanceof SandboxException, String(error));
    assert.deepEqual([error.name, error.code, error.exitCode], ["CommandExitException", "NON_ZERO_EXIT", 3]);
    assert.equal(error.message, "The command has ended with exit code 3");
    assert.deepEqual([error.execution.stdout, error.execution.stderr], ["out\n", "err\n"]);
    assert.equal(error.executionId, error.execution.id);
    assert.equal(error.isRetryable, false);
    assert.ok(!JSON.stringify(error).includes("out"), "its output is not in its JSON");
  });

  test("of one that is killed, or runs out of its time, too", async () => {
    const killed = await rejection(commands.run("kill -9 $$", { throwOnNonZero: true }));
    assert.deepEqual([killed.code, killed.exitCode, killed.execution.timedOut], ["NON_ZERO_EXIT", -1, false]);
    const late = await rejection(commands.run("sleep 60", { throwOnNonZero: true, timeoutSeconds: 0.3 }));
    assert.deepEqual([late.code, late.exitCode, late.execution.timedOut], ["NON_ZERO_EXIT", -1, true]);
    assert.match(late.message, /its time was over/);
  });

  test("in a session, and for wait() of a handle, whose readers are not disturbed", async () => {
    const session = await commands.createSession();
    const options = { throwOnNonZero: true };
    assert.equal((await rejection(commands.runInSession(session, "exit 4", options))).exitCode, 4);
    await commands.deleteSession(session);
    const program = await commands.start("echo out; exit 5", options);
    assert.equal((await all(program.stdout)).join(""), "out\n");
    assert.equal((await rejection(program.wait())).exitCode, 5);
  });

  test("leaves success, background and the default alone; raw events refuse it", async () => {
    const options = { throwOnNonZero: true };
    assert.equal((await commands.run("echo fine", options)).stdout, "fine\n");
    assert.ok((await commands.run("exit 3", { background: true, ...options })).id);
    assert.equal((await commands.run("exit 3")).exitCode, 3);
    assert.equal((await commands.run("exit 3", { throwOnNonZero: false })).exitCode, 3);
    const refused = { code: "INVALID_ARGUMENT", message: /^throwOnNonZero / };
    assert.throws(() => commands.runStream("exit 3", options), refused);
    assert.throws(() => commands.runInSessionStream("s", "exit 3", options), refused);
  });

  test("an abort, a cut and a refusal stay what they are", async () => {
    const options = { throwOnNonZero: true };
    assert.equal((await rejection(commands.run("sleep 60", options, {}, AbortSignal.timeout(50)))).code, "ABORTED");
    assert.equal((await rejection(commands.run("x", { workingDirectory: "/none", ...options }))).statusCode, 400);
  });
});

describe("a handle's kill", () => {
  test("takes call options", async () => {
    const { command } = endless();
    const program = await commands.start(command);
    assert.equal((await rejection(program.kill({ signal: AbortSignal.abort() }))).code, "ABORTED");
    assert.equal((await rejection(program.kill({ retry: 5 }))).code, "INVALID_ARGUMENT");
    await program.kill({ requestTimeoutSeconds: PATIENCE_MS / 1000, headers: { "X-Trace": "1" } });
    assert.equal((await program.wait()).ok, false);
  });
});
