// Code in contexts: values, errors, limits, and contexts that are busy, dead or unknown. Against real kernels, and with the
// end announced as early and as late as execd does it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CodeInterpreter, PYTHON_CHARTS, SupportedLanguages } from "opensandbox-wasm";
import { external, PATIENCE_MS, rejection, startServer, until, within } from "./server.mjs";

const KERNELS = external || process.env.OPENSANDBOX_LOCAL_KERNELS;
const withKernels = (name, tests) =>
  KERNELS ? describe(name, tests) : test(name, { skip: "there are no Jupyter kernels" }, () => {});

/** Resolves when a run has begun. */
const begun = (run) => new Promise((resolve) => run((init) => resolve(init)));

for (const early of ["always", "never"]) {
  withKernels(`code, its end announced early: ${early}`, () => {
    let server;
    let sandbox;
    let codes;
    before(async () => {
      server = await startServer("--early-complete", early);
      sandbox = await server.create();
      ({ codes } = sandbox);
    });
    after(() => server?.stop());

    test("what is printed, the value, and what lasts", async () => {
      const context = await codes.createContext("python");
      const seen = [];
      const run = await codes.run("import sys\nx = 20\nprint('out')\nprint('err', file=sys.stderr)\nx + 1", {
        context,
        handlers: {
          onInit: ({ id }) => seen.push(["init", id]),
          onStdout: ({ text }) => seen.push(["stdout", text]),
          onStderr: ({ text }) => seen.push(["stderr", text]),
          onResult: ({ text }) => seen.push(["result", text]),
          onExecutionComplete: () => seen.push(["complete"]),
        },
      });
      assert.deepEqual([run.stdout, run.stderr, run.text, run.ok], ["out\n", "err\n", "21", true]);
      assert.equal(run.id, context.id, "the id of a run of code is its context's");
      assert.ok(run.executionCount > 0);
      assert.equal("exitCode" in run, false, "code has no exit code");
      assert.deepEqual(seen.map(([kind]) => kind).sort(), ["complete", "init", "result", "stderr", "stdout"]);
      assert.equal((await codes.run("x", { context })).text, "20");
      await codes.deleteContext(context.id);
    });

    test("an exception is no rejection", async () => {
      const errors = [];
      const run = await codes.run("print('before')\n1/0", { handlers: { onError: (error) => errors.push(error) } });
      const { error } = run;
      assert.deepEqual(
        [run.ok, run.stdout, error.name, error.value],
        [false, "before\n", "ZeroDivisionError", "division by zero"],
      );
      assert.ok(error.ansi.includes("\u001b["), error.ansi);
      assert.ok(!error.plain.includes("\u001b"), error.plain);
      assert.match(
        error.plain,
        /^-+\nZeroDivisionError .*Traceback[\s\S]*1\/0[\s\S]*ZeroDivisionError: division by zero$/,
      );
      assert.deepEqual(errors, [error]);
      assert.deepEqual(Object.keys({ ...error }).sort(), ["name", "timestamp", "traceback", "value"]);
    });

    test("the forms of a value", async () => {
      const run = await codes.run(`
class Rich:
    def _repr_mimebundle_(self, **_):
        return {"text/plain": "plain", "text/html": "<b>rich</b>", "image/svg+xml": "<svg/>", "text/markdown": "**m**",
                "text/latex": "$x$", "application/json": {"a": [1]}, "application/javascript": "1",
                "image/png": "iVBO\\nRw0K"}
Rich()`);
      const [result] = run.result;
      assert.deepEqual(result.formats, [
        ...["text/html", "image/svg+xml", "image/png", "text/markdown", "text/latex"],
        ...["application/json", "application/javascript", "text/plain"],
      ]);
      const { text, html, svg, markdown, latex, json, javascript, jpeg } = result;
      assert.deepEqual(
        { text, html, svg, markdown, latex, json, javascript, jpeg },
        {
          text: "plain",
          html: "<b>rich</b>",
          svg: "<svg/>",
          markdown: "**m**",
          latex: "$x$",
          json: { a: [1] },
          javascript: "1",
          jpeg: undefined,
        },
      );
      assert.deepEqual([...result.bytes("image/png")], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]);
      assert.deepEqual(result.preferred(["image/jpeg", "text/plain"]), { mime: "text/plain", value: "plain" });
    });

    test("events as they are on the wire", async () => {
      const types = [];
      for await (const event of codes.runStream({ code: "print(1)\n2", context: { language: "python" } })) {
        if (event.type !== "ping") types.push(event.type);
      }
      assert.deepEqual([...types].sort(), ["execution_complete", "execution_count", "init", "result", "stdout"]);
      assert.equal(types[0], "init");
      assert.equal(types.indexOf("execution_complete") === 1, early === "always");
    });

    test("a limit interrupts, and the context lives on", async () => {
      const context = await codes.createContext("python");
      const code = "kept = 1\nprint('begun')\nwhile True:\n    import time; time.sleep(0.05)";
      const run = await codes.run(code, { context, timeoutSeconds: 1 });
      assert.deepEqual(
        [run.timedOut, run.ok, run.error.name, run.stdout],
        [true, false, "KeyboardInterrupt", "begun\n"],
      );
      assert.equal((await codes.run("kept", { context, timeoutSeconds: PATIENCE_MS / 1000 })).text, "1");
      await codes.deleteContext(context.id);
    });

    test("a kernel that has died is told apart, and a new context is the way out", async () => {
      const context = await codes.createContext("python");
      const error = await rejection(
        codes.run("import os\nprint('last words', flush=True)\nos.kill(os.getpid(), 9)", {
          context,
          timeoutSeconds: 1,
        }),
      );
      assert.equal(error.name, "SandboxStreamException");
      assert.equal(error.error.code, "KERNEL_UNRESPONSIVE");
      assert.equal(error.execution.timedOut, true);
      assert.match(error.message, new RegExp(`${context.id}.*restartContext`));
      assert.equal((await rejection(codes.run("1", { context }))).error.code, "CONTEXT_BUSY");
      const fresh = await codes.restartContext(context);
      assert.notEqual(fresh.id, context.id);
      assert.equal((await codes.run("6 * 7", { context: fresh })).text, "42");
      assert.equal((await rejection(codes.getContext(context.id))).error.code, "CONTEXT_NOT_FOUND");
      await codes.deleteContext(fresh.id);
    });

    test("an abort interrupts; a context that is left busy takes a queue", async () => {
      const context = await codes.createContext("python");
      const controller = new AbortController();
      let running;
      await begun((onInit) => {
        running = codes.run("import time\ntime.sleep(600)", {
          context,
          signal: controller.signal,
          handlers: { onInit },
        });
        running.catch(() => {});
      });
      controller.abort();
      assert.equal((await rejection(running)).name, "AbortError");
      // The interrupt is on its way: whoever comes meanwhile waits.
      const next = codes.run("'free'", { context, onBusy: "queue" });
      assert.equal((await within(PATIENCE_MS, next)).text, "'free'");
      await codes.deleteContext(context.id);
    });
  });
}

withKernels("contexts", () => {
  let server;
  let sandbox;
  let codes;
  before(async () => {
    server = await startServer();
    sandbox = await server.create();
    ({ codes } = sandbox);
  });
  after(() => server?.stop());

  test("are made, listed, found and deleted", async () => {
    const [one, two] = await Promise.all([codes.createContext("python"), codes.createContext("bash")]);
    assert.deepEqual({ ...one }, { id: one.id, language: "python" });
    assert.equal(JSON.stringify(one), JSON.stringify({ id: one.id, language: "python" }));
    assert.deepEqual(await codes.getContext(one.id), { id: one.id, language: "python" });
    const ids = (list) => list.map(({ id }) => id);
    const all = ids(await codes.listContexts());
    assert.ok(all.includes(one.id) && all.includes(two.id));
    assert.deepEqual(ids(await codes.listContexts("bash")), [two.id]);
    await codes.deleteContexts("bash");
    assert.deepEqual(await codes.listContexts("bash"), []);
    assert.ok(ids(await codes.listContexts()).includes(one.id));
    await codes.deleteContext(one.id);
    const gone = await rejection(codes.deleteContext(one.id));
    assert.deepEqual([gone.name, gone.statusCode, gone.error.code], ["SandboxApiException", 404, "CONTEXT_NOT_FOUND"]);
  });

  test("know nothing of each other, and the default one is shared by all who name none", async () => {
    const [one, two] = await Promise.all([codes.createContext("python"), codes.createContext("python")]);
    await Promise.all([codes.run("who = 'one'", { context: one }), codes.run("who = 'two'", { context: two })]);
    await codes.run("who = 'default'");
    const said = await Promise.all([
      codes.run("who", { context: one }),
      codes.run("who", { context: two }),
      codes.run("who", { language: "python" }),
    ]);
    assert.deepEqual(
      said.map(({ text }) => text),
      ["'one'", "'two'", "'default'"],
    );
    await Promise.all([one, two].map(({ id }) => codes.deleteContext(id)));
  });

  test("run at the same time", async () => {
    const contexts = await Promise.all([codes.createContext("python"), codes.createContext("python")]);
    // Each waits for the other's file: one after the other would never end.
    const [a, b] = ["/tmp/meet-a", "/tmp/meet-b"];
    const meet = (mine, other) =>
      `import os, time\nopen("${mine}", "w").close()\nwhile not os.path.exists("${other}"): time.sleep(0.02)\n"met"`;
    const runs = await Promise.all([
      codes.run(meet(a, b), { context: contexts[0], timeoutSeconds: PATIENCE_MS / 1000 }),
      codes.run(meet(b, a), { context: contexts[1], timeoutSeconds: PATIENCE_MS / 1000 }),
    ]);
    assert.deepEqual(
      runs.map(({ text }) => text),
      ["'met'", "'met'"],
    );
    await Promise.all(contexts.map(({ id }) => codes.deleteContext(id)));
  });

  test("one that is busy refuses, or is waited for in order", async () => {
    const context = await codes.createContext("python");
    const wait = (name) => `import os, time\nwhile not os.path.exists("/tmp/${name}"): time.sleep(0.02)`;
    let first;
    await begun((onInit) => {
      first = codes.run(`order = ["first"]\n${wait("go")}`, { context, handlers: { onInit } });
    });
    const events = [];
    const handlers = { onError: (error) => events.push(error), onStdout: (message) => events.push(message) };
    const refused = await rejection(codes.run("print(1)", { context, handlers }));
    assert.deepEqual(
      [refused.name, refused.error.code, refused.isRetryable],
      ["SandboxApiException", "CONTEXT_BUSY", true],
    );
    assert.deepEqual(events, [], "nothing has run");
    await assert.rejects(async () => {
      for await (const _ of codes.runStream({ code: "1", context }));
    }, /runs something else/);
    const queued = ["second", "third", "fourth"].map((name) =>
      codes.run(`order.append("${name}"); order`, { context, onBusy: "queue" }),
    );
    const controller = new AbortController();
    const given = rejection(
      codes.run("order.append('never')", { context, onBusy: "queue", signal: controller.signal }),
    );
    controller.abort();
    assert.equal((await given).name, "AbortError");
    await sandbox.files.writeFiles([{ path: "/tmp/go", data: "" }]);
    assert.equal((await first).ok, true);
    const last = (await Promise.all(queued)).at(-1);
    assert.equal(last.text, "['first', 'second', 'third', 'fourth']");
    await codes.deleteContext(context.id);
  });

  test("interrupt() stops what runs", async () => {
    const context = await codes.createContext("python");
    let running;
    await begun((onStdout) => {
      running = codes.run("import time\nprint(1)\ntime.sleep(600)", { context, handlers: { onStdout } });
    });
    await codes.interrupt(context.id);
    const { error, timedOut } = await within(PATIENCE_MS, running);
    assert.deepEqual([error.name, timedOut], ["KeyboardInterrupt", false]);
    await codes.deleteContext(context.id);
  });

  test("a loop that is left is interrupted", async () => {
    const context = await codes.createContext("python");
    for await (const event of codes.runStream({ code: "import time\nprint(1)\ntime.sleep(600)", context })) {
      if (event.type === "stdout") break;
    }
    await until("the context is free", async () =>
      codes.run("1", { context }).then(
        () => true,
        (error) => {
          if (error.error?.code !== "CONTEXT_BUSY") throw error;
        },
      ),
    );
    await codes.deleteContext(context.id);
  });

  test("are deleted by await using", { skip: !Symbol.asyncDispose }, async () => {
    const context = await codes.createContext("python");
    await context[Symbol.asyncDispose]();
    assert.equal((await rejection(codes.getContext(context.id))).statusCode, 404);
    // By hand, too.
    await context[Symbol.asyncDispose]();
  });

  test("bash: a shell that lasts, exit codes as errors", async () => {
    const context = await codes.createContext(SupportedLanguages.BASH);
    await codes.run('cd /usr; export NAME=wert; f() { echo "$PWD $NAME"; }', { context });
    assert.equal((await codes.run("f", { context })).stdout, "/usr wert\n");
    const failed = await codes.run("false", { context });
    assert.deepEqual([failed.ok, failed.error.value], [false, "1"]);
    await codes.deleteContext(context.id);
  });

  test("a language that execd does not know", async () => {
    const error = await rejection(codes.run("1", { language: "cobol" }));
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 500]);
    assert.match(error.message, /unknown language: cobol/);
  });

  test("through the server's proxy", async () => {
    const proxied = await server.create({ config: { useServerProxy: true } });
    const context = await proxied.codes.createContext("python");
    assert.equal((await proxied.codes.run("sum(range(5))", { context })).text, "10");
  });
});

withKernels("charts", () => {
  let server;
  let sandbox;
  let context;
  before(async () => {
    server = await startServer();
    sandbox = await server.create();
    context = await sandbox.codes.createContext("python");
    const run = await sandbox.codes.run(PYTHON_CHARTS, { context });
    assert.equal(run.error?.plain, undefined);
    // matplotlib makes a cache of fonts at its first use.
  });
  after(() => server?.stop());

  const IMAGE = [0x89, 0x50, 0x4e, 0x47];
  for (const [what, code] of [
    ["plt.show()", "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()"],
    ["what plot() gives", "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])"],
    ["what hist() gives", "plt.hist([1, 2, 2, 3])"],
    ["a figure", "figure, axes = plt.subplots()\naxes.bar(['a', 'b'], [1, 2])\nfigure"],
    ["an array of axes", "_, axes = plt.subplots(1, 2)\naxes"],
    ["a data frame's plot()", "import pandas as pd\npd.DataFrame({'a': [1, 2, 3]}).plot()"],
  ]) {
    test(`${what} is an image`, async () => {
      const run = await sandbox.codes.run(code, { context });
      assert.equal(run.error?.plain, undefined);
      const [result] = run.result;
      assert.deepEqual([...result.bytes("image/png").slice(0, 4)], IMAGE);
      assert.match(result.dataUrl("image/png"), /^data:image\/png;base64,iVBORw0KGgo/);
    });
  }

  test("several figures are several images", async () => {
    const run = await sandbox.codes.run("plt.figure(); plt.plot([1])\nplt.figure(); plt.plot([2])\nplt.show()", {
      context,
    });
    assert.equal(run.text, "<2 charts>");
    assert.equal(run.result[0].html.match(/<img src="data:image\/png;base64,/g).length, 2);
  });

  test("what is no chart stays what it is", async () => {
    for (const [code, text] of [
      ["[1, 2]", "[1, 2]"],
      ["(1, 'a')", "(1, 'a')"],
      ["import numpy as np; np.array([1, 2])", "array([1, 2])"],
      ["plt.show()", undefined],
    ]) {
      const run = await sandbox.codes.run(code, { context });
      assert.deepEqual([run.text, run.result[0]?.png, run.error], [text, undefined, undefined], code);
    }
    const table = await sandbox.codes.run("pd.DataFrame({'a': [1]})", { context });
    assert.match(table.result[0].html, /<table/);
  });
});

withKernels("CodeInterpreter", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  test("is a sandbox and its codes, once both answer", async () => {
    const sandbox = await server.create();
    const progress = [];
    const interpreter = await CodeInterpreter.create(sandbox, { onProgress: (step) => progress.push(step) });
    assert.deepEqual(progress, [
      { waitingFor: "execd", attempts: 1 },
      { waitingFor: "jupyter", attempts: 1 },
    ]);
    assert.equal(interpreter.id, sandbox.id);
    assert.equal(interpreter.sandbox, sandbox);
    for (const name of ["codes", "files", "commands", "metrics"]) assert.equal(interpreter[name], sandbox[name], name);
    assert.equal((await interpreter.codes.run("40 + 2")).text, "42");
  });

  test("waits for a Jupyter that is not there yet, and says so when it does not come", async () => {
    const sandbox = await server.create({ env: { JUPYTER_HOST: "http://127.0.0.1:9" } });
    const progress = [];
    const error = await rejection(
      CodeInterpreter.create(sandbox, {
        readyTimeoutSeconds: 1,
        healthCheckPollingInterval: 50,
        onProgress: ({ waitingFor }) => progress.push(waitingFor),
      }),
    );
    assert.equal(error.name, "SandboxReadyTimeoutException");
    assert.match(error.message, /Jupyter does not accept connections/);
    assert.ok(progress.includes("jupyter"));
    const interpreter = await CodeInterpreter.create(sandbox, { skipHealthCheck: true });
    assert.equal(interpreter.sandbox, sandbox);
  });

  test("what it does not take", async () => {
    const sandbox = await server.create();
    for (const [args, words] of [
      [[{}], /^sandbox must be a Sandbox/],
      [[sandbox, 5], /^options must be an object/],
      [[sandbox, { adapterFactory: {} }], /^adapterFactory is not supported/],
      [[sandbox, { onProgress: 5 }], /^onProgress must be a function/],
    ]) {
      const error = await rejection(CodeInterpreter.create(...args));
      assert.equal(error.name, "InvalidArgumentException");
      assert.match(error.message, words);
    }
    assert.throws(() => new CodeInterpreter(sandbox), { name: "InvalidArgumentException" });
  });
});
