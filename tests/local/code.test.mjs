// Code in real Jupyter kernels, in sandboxes and through the proxy, as a client meets it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { processesWith, startServer, until } from "./server.mjs";

const KERNELS = process.env.OPENSANDBOX_LOCAL_KERNELS;
/** A `describe`; without kernels one skipped test in its place, so that it is counted. */
const withKernels = (name, tests) =>
  KERNELS ? describe(name, tests) : test(name, { skip: "there are no Jupyter kernels" }, () => {});
const skipDeno = !(KERNELS && existsSync(join(KERNELS, "typescript"))) && "there is no deno";

/** A request to a sandbox's execd. */
const call = (server, sandbox, method, path, body, more) =>
  fetch(`${server.url}/v1/sandboxes/${sandbox}/proxy/44772${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
    ...more,
  });

/** The events of a body, pings too, as they come; a bare object at the end counts as one. */
async function* eventsOf(response) {
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split("\n\n");
    text = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
  if (text) yield JSON.parse(text);
}

/** Python that says "words", and does `then` as soon as `file` is there. */
const wordsUntil = (file, then) =>
  `import os, time\nprint("words", flush=True)\nwhile not os.path.exists("${file}"): time.sleep(.02)\n${then}`;

/** A sandbox on `server` with the calls of `/code`. */
async function interpreter(server, extra) {
  const id = await server.create(extra);
  const post = (body, more) => call(server, id, "POST", "/code", body, more);
  return {
    id,
    sh: async (command) => (await server.sh(id, command)).stdout,
    request: (method, path, body) => call(server, id, method, path, body),
    post,
    /** Runs to the end of the stream: its events without pings, and what a test asks of them. */
    async run(code, context = { language: "python" }) {
      const response = await post({ code, context });
      if (response.status !== 200) return { status: response.status, ...(await response.json()) };
      const events = [];
      for await (const event of eventsOf(response)) if (event.type !== "ping") events.push(event);
      const of = (type) => events.filter((event) => event.type === type);
      const text = (type) =>
        of(type)
          .map((event) => event.text)
          .join("");
      return {
        events,
        types: events.map(({ type }) => type),
        stdout: text("stdout"),
        stderr: text("stderr"),
        results: of("result").map(({ results }) => results),
        error: of("error")[0]?.error,
        context: events[0].text,
        last: events.at(-1),
      };
    },
    /** Starts a run and returns when `seen` is in its output; `next()` gives the events that follow, pings too. */
    async begin(code, seen, context = { language: "python" }, more = {}) {
      const events = eventsOf(await post({ code, context }, more));
      const next = async () => (await events.next()).value;
      for (;;) {
        const event = await next();
        assert.ok(event && event.type !== "error", JSON.stringify(event));
        if (event.text?.includes(seen)) return { next };
      }
    },
    async create(language = "python", cwd) {
      const response = await call(server, id, "POST", "/code/context", { language, cwd });
      assert.equal(response.status, 200);
      return response.json();
    },
    async contexts(query = "") {
      return (await call(server, id, "GET", `/code/contexts${query}`)).json();
    },
  };
}

withKernels("code in kernels", () => {
  let server;
  let box;
  before(async () => {
    server = await startServer("--early-complete", "never");
    box = await interpreter(server);
  });
  after(() => server?.stop());

  test("a value, and state that is kept", async () => {
    const first = await box.run("x = 40");
    assert.deepEqual(first.types, ["init", "execution_complete"]);
    const second = await box.run("x + 2");
    assert.deepEqual(second.types, ["init", "execution_count", "result", "execution_complete"]);
    assert.deepEqual(second.results, [{ text: "42" }]);
    assert.equal(second.context, first.context);
    assert.ok(second.events[1].execution_count > 1);
    assert.ok(second.last.execution_time > 0);
  });

  test("both outputs, also while the code runs", async () => {
    const both = await box.run('import sys\nprint("a\\n\\nb", end="")\nprint("e", file=sys.stderr)');
    assert.deepEqual([both.stdout, both.stderr], ["a\n\nb", "e\n"]);
    assert.equal(both.last.type, "execution_complete");
    const file = "/tmp/output-seen";
    const code = `import os, time\nprint("first", flush=True)\nwhile not os.path.exists("${file}"): time.sleep(.02)\nprint("second")`;
    const running = await box.begin(code, "first");
    await box.sh(`touch ${file}`);
    const rest = [];
    for (let event = await running.next(); event; event = await running.next()) rest.push(event.type);
    assert.deepEqual(
      rest.filter((type) => type !== "ping"),
      ["stdout", "execution_complete"],
    );
  });

  test("an exception: status, error with a coloured traceback, and still the end", async () => {
    const failed = await box.run("def f():\n    return 1/0\nf()");
    assert.deepEqual(failed.types, ["init", "status", "error", "execution_complete"]);
    assert.equal(failed.events[1].text, "error");
    assert.deepEqual([failed.error.ename, failed.error.evalue], ["ZeroDivisionError", "division by zero"]);
    assert.ok(failed.error.traceback.join("\n").includes("\u001b[31mZeroDivisionError\u001b[39m"));
    assert.deepEqual((await box.run("1")).results, [{ text: "1" }], "the context goes on");
    assert.equal((await box.run("input()")).error.ename, "StdinNotImplementedError");
  });

  test("rich results by MIME type; what is displayed is left out", async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    const code = `
import base64
class R:
    def __repr__(self): return "R<>"
    def _repr_html_(self): return "<b>&</b>"
    def _repr_svg_(self): return "<svg/>"
    def _repr_markdown_(self): return "**m**"
    def _repr_latex_(self): return "$l$"
    def _repr_json_(self): return {"k": [1, 2.5, {"z": None}]}
    def _repr_png_(self): return base64.b64decode("${png}")
display(R())
R()`;
    const { results, types } = await box.run(code);
    assert.deepEqual(types, ["init", "execution_count", "result", "execution_complete"]);
    assert.deepEqual(results, [
      {
        "application/json": { k: [1, 2.5, { z: null }] },
        "image/png": png,
        "image/svg+xml": "<svg/>",
        text: "R<>",
        "text/html": "<b>&</b>",
        "text/latex": "$l$",
        "text/markdown": "**m**",
      },
    ]);
  });

  test("unicode, and 200 kB of output", async () => {
    const odd = await box.run('print("日本語 ✓ 😀 \\u2028\\x85 <&>")\n"naïve"');
    assert.deepEqual([odd.stdout, odd.results], ["日本語 ✓ 😀 \u2028\x85 <&>\n", [{ text: "'naïve'" }]]);
    assert.equal((await box.run('print("y" * 200_000)')).stdout, `${"y".repeat(200_000)}\n`);
    const lines = await box.run("for i in range(20_000): print(i)");
    assert.equal(lines.stdout, Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(""));
  });

  test("contexts: made, shown, apart from each other, deleted", async () => {
    const own = await interpreter(server);
    assert.deepEqual(await own.contexts(), []);
    const a = await own.create("python", "/workspace/made/for/it");
    assert.deepEqual(Object.keys(a), ["id", "language", "cwd"]);
    assert.equal(await own.sh("test -d /workspace/made/for/it && echo yes"), "yes");
    const b = await own.create();
    assert.deepEqual(Object.keys(b), ["id", "language"]);
    const general = (await own.run("v = 'default'")).context;
    await own.run("v = 'a'", { id: a.id, language: "python" });
    // The kernel is chosen by the id alone.
    await own.run("v = 'b'", { id: b.id, language: "go" });
    const value = async (context) => (await own.run("v", context)).results[0].text;
    assert.deepEqual(
      [await value({ id: a.id, language: "python" }), await value({ id: b.id, language: "python" }), await value()],
      ["'a'", "'b'", "'default'"],
    );
    const python = (id) => ({ id, language: "python" });
    assert.deepEqual(await own.contexts("?language=python"), [python(a.id), python(b.id), python(general)]);
    assert.deepEqual(await own.contexts("?language=cobol"), []);
    assert.deepEqual(await (await own.request("GET", `/code/contexts/${a.id}`)).json(), python(a.id));

    const deleted = await own.request("DELETE", `/code/contexts/${a.id}`);
    assert.deepEqual([deleted.status, await deleted.text()], [200, ""]);
    for (const method of ["GET", "DELETE"]) {
      const gone = await own.request(method, `/code/contexts/${a.id}`);
      assert.deepEqual([gone.status, (await gone.json()).code], [404, "CONTEXT_NOT_FOUND"], method);
    }
    const late = await own.run("v", { id: a.id, language: "python" });
    assert.deepEqual([late.status, late.message], [500, "error running codes context not found"]);
    assert.equal((await own.request("DELETE", "/code/contexts?language=python")).status, 200);
    assert.deepEqual(await own.contexts(), []);
    assert.equal(await own.sh("grep -l '[i]pykernel' /proc/[0-9]*/cmdline || echo none"), "none");
    assert.equal((await own.run("'v' in globals()")).results[0].text, "False");
  });

  test("three contexts at once", async () => {
    const contexts = await Promise.all([box.create(), box.create(), box.create()]);
    const meet = (n) =>
      `import os, time\nopen("/tmp/meet-${n}", "w").close()\nwhile not all(os.path.exists(f"/tmp/meet-{i}") for i in range(3)): time.sleep(.02)\n${n}`;
    const runs = await Promise.all(contexts.map(({ id }, n) => box.run(meet(n), { id, language: "python" })));
    assert.deepEqual(
      runs.map(({ results }) => results[0].text),
      ["0", "1", "2"],
    );
  });

  test("one run at a time in a context; an interrupt ends it and keeps the state", async () => {
    const context = { ...(await box.create()), cwd: undefined };
    await box.run("kept = 7", context);
    const running = await box.begin(
      'import time\nprint("started", flush=True)\nwhile True: time.sleep(.02)',
      "started",
      context,
    );
    const second = await box.run("1", context);
    assert.deepEqual(second.events, [
      second.events[0],
      { code: "RUNTIME_ERROR", message: "error running codes session is busy" },
    ]);
    assert.equal(second.context, context.id);
    const answer = await box.request("DELETE", `/code?id=${context.id}`);
    assert.deepEqual([answer.status, await answer.text()], [200, ""]);
    const rest = [];
    for (let event = await running.next(); event; event = await running.next()) rest.push(event);
    assert.equal(rest.find(({ type }) => type === "error").error.ename, "KeyboardInterrupt");
    assert.equal(rest.findLast(({ type }) => type !== "ping").type, "execution_complete");
    assert.equal((await box.request("DELETE", `/code?id=${context.id}`)).status, 200, "an idle kernel ignores it");
    assert.deepEqual((await box.run("kept", context)).results, [{ text: "7" }]);
    const unknown = await box.request("DELETE", "/code?id=nobody");
    assert.equal(unknown.status, 500);
  });

  test("a client that leaves does not end the run", async () => {
    const context = await box.create();
    const leave = new AbortController();
    const code = `import os, time\nprint("started", flush=True)\nwhile not os.path.exists("/tmp/left"): time.sleep(.02)\ndone = 1`;
    await box.begin(code, "started", context, { signal: leave.signal });
    leave.abort();
    assert.equal((await box.run("done", context)).last.message, "error running codes session is busy");
    await box.sh("touch /tmp/left");
    const after = await until(async () => {
      const run = await box.run("done", context);
      return run.last.code ? undefined : run;
    });
    assert.deepEqual(after.results, [{ text: "1" }]);
  });

  test("a kernel that dies in a run: pings for ever, busy, until the context is deleted", async () => {
    const context = await box.create();
    // It dies when its words were heard: what a killed process has not sent yet is lost.
    const running = await box.begin(wordsUntil("/tmp/die", "os.kill(os.getpid(), 9)"), "words", context);
    await box.sh("touch /tmp/die");
    // Three seconds and more after its death the stream is still there.
    for (let pings = 0; pings < 2; ) {
      const event = await running.next();
      assert.equal(event?.type, "ping", JSON.stringify(event));
      pings += 1;
    }
    assert.equal((await box.run("1", context)).last.message, "error running codes session is busy");
    assert.equal((await box.request("DELETE", `/code/contexts/${context.id}`)).status, 200);
    let last;
    for (let event = await running.next(); event; event = await running.next()) last = event;
    assert.equal(last.code, "RUNTIME_ERROR");
  });

  test("a kernel that dies between two runs is replaced by an empty one", async () => {
    const context = await box.create();
    const pid = (await box.run("import os\nv = 1\nos.getpid()", context)).results[0].text;
    await box.sh(`kill -9 ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`);
    const next = await until(async () => {
      const run = await box.run("'v' in globals()", context);
      return run.results.length ? run : undefined;
    });
    assert.deepEqual([next.context, next.results[0].text], [context.id, "False"]);
  });

  test("bash: state is kept, stderr is stdout, a failure has a number and no traceback", async () => {
    const bash = { language: "bash" };
    assert.equal((await box.run("v=5; cd /usr", bash)).error, undefined);
    const output = await box.run('echo "$v $PWD"; echo err >&2', bash);
    assert.deepEqual([output.stdout, output.stderr], ["5 /usr\nerr\n", ""]);
    assert.deepEqual((await box.run("(exit 3)", bash)).error, { ename: "", evalue: "3", traceback: [] });
  });

  test("languages without a kernel, and SQL without a database", async () => {
    for (const language of ["go", "java"]) {
      const answer = await box.run("1", { language });
      assert.deepEqual([answer.status, answer.message], [500, "error running codes no kernel specs found"]);
    }
    const unknown = await box.run("1", { language: "Python" });
    assert.deepEqual([unknown.status, unknown.message], [500, "error running codes unknown language: Python"]);
    const refused = await box.request("POST", "/code/context", { language: "cobol" });
    assert.deepEqual([refused.status, (await refused.json()).code], [500, "RUNTIME_ERROR"]);
    const sql = await box.run("select 1", { language: "sql" });
    assert.deepEqual([sql.error.ename, sql.error.traceback, sql.last.code], ["DBInitError", null, "RUNTIME_ERROR"]);
  });

  test("sandboxes share no kernels, and none can change the programs of a kernel", async () => {
    const other = await interpreter(server);
    await box.run("secret = 'mine'");
    assert.deepEqual(await other.contexts(), []);
    assert.equal(await other.sh("ls -d /tmp/kernel-* 2>/dev/null || echo none"), "none");
    assert.equal((await other.run("'secret' in globals()")).results[0].text, "False");
    const connection = JSON.parse(await other.sh("cat /tmp/kernel-*/connection.json"));
    assert.deepEqual([connection.transport, connection.key.length], ["ipc", 64]);
    assert.equal(await other.sh("stat -c %a /tmp/kernel-* /tmp/kernel-*/connection.json | tr '\\n' ' '"), "700 600 ");
    if (server.isolation === "bubblewrap") {
      const { error } = await other.run("import sys\nopen(sys.prefix + '/x', 'w')");
      assert.match(error.evalue, /Read-only file system/);
    }
  });

  test("a message that is not signed with the key is not obeyed", async () => {
    const context = await box.create();
    const forge = `
import glob, json, sys
from jupyter_client import BlockingKernelClient
files = sorted(glob.glob("/tmp/kernel-*/connection.json"), key=lambda f: __import__("os").stat(f).st_mtime)
info = json.load(open(files[-1]))
def ask(key):
    client = BlockingKernelClient()
    client.load_connection_info({**info, "key": key})
    client.start_channels()
    client.execute("forged = " + repr(key[:4]), reply=False)
    try: client.get_shell_msg(timeout=20 if key == info["key"] else 2)
    except Exception: pass
    client.stop_channels()
ask("wrong")
print(json.dumps("sent"))
ask(info["key"])
`;
    const value = async () => (await box.run("globals().get('forged')", context)).results[0]?.text;
    const [python] = JSON.parse(readFileSync(join(KERNELS, "python/kernel.json"), "utf8")).argv;
    await box.sh(`cat > /tmp/forge.py <<'EOF'\n${forge.replace("ask(info", "if len(sys.argv) > 1: ask(info")}\nEOF`);
    assert.equal(await box.sh(`${python} /tmp/forge.py`), '"sent"');
    assert.equal(await value(), undefined);
    assert.equal(await box.sh(`${python} /tmp/forge.py right`), '"sent"');
    assert.notEqual(await value(), undefined, "with the key it is: this test can tell");
  });

  test("JavaScript and TypeScript run in Deno", { skip: skipDeno }, async () => {
    const typed = await box.run("const n: number = 41; console.log('out'); n + 1", { language: "typescript" });
    assert.deepEqual([typed.stdout, typed.results], ["out\n", [{ text: "42" }]]);
    const script = { language: "javascript" };
    assert.equal((await box.run("throw new TypeError('no')", script)).error.ename, "TypeError");
    await box.run("globalThis.kept = 7", script);
    const { id } = (await box.contexts("?language=javascript"))[0];
    const running = await box.begin(
      "console.log('started'); await new Promise((done) => setTimeout(done, 200)); for (;;);",
      "started",
      script,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await box.request("DELETE", `/code?id=${id}`)).status, 200);
    while (await running.next());
    assert.deepEqual((await box.run("kept", script)).results, [{ text: "7" }]);
  });
});

withKernels("execution_complete and its place", () => {
  for (const [when, wanted] of [
    ["always", ["init", "execution_complete", "stdout", "execution_count", "result"]],
    ["never", ["init", "stdout", "execution_count", "result", "execution_complete"]],
  ]) {
    test(when, async () => {
      const server = await startServer("--early-complete", when);
      try {
        const box = await interpreter(server);
        for (let i = 0; i < 5; i++) {
          const { types, stdout } = await box.run('print("a", flush=True)\n1');
          // Output may come in several pieces.
          assert.deepEqual([[...new Set(types)], stdout], [wanted, "a\n"]);
        }
      } finally {
        await server.stop();
      }
    });
  }
});

withKernels("kernels and their end", () => {
  test("--dead-kernel error tells it at once, and the next run gets a new kernel", async () => {
    const server = await startServer("--early-complete", "never", "--dead-kernel", "error");
    try {
      const box = await interpreter(server);
      const dying = await box.begin(wordsUntil("/tmp/die", "os._exit(1)"), "words");
      await box.sh("touch /tmp/die");
      let last;
      for (let event = await dying.next(); event; event = await dying.next()) if (event.type !== "ping") last = event;
      assert.deepEqual(last, { code: "RUNTIME_ERROR", message: "error running codes the kernel died" });
      assert.deepEqual((await box.run("1 + 1")).results, [{ text: "2" }]);
    } finally {
      await server.stop();
    }
  });

  for (const options of [[], ["--no-bwrap"]]) {
    test(`a kernel ends with a server that is killed${options.map((option) => `, ${option}`)}`, async () => {
      const server = await startServer(...options);
      let mark;
      try {
        const box = await interpreter(server);
        mark = `kernel-of-${box.id}`;
        const code = `import subprocess, sys\nchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", "${mark}"])\n1`;
        assert.deepEqual((await box.run(code)).results, [{ text: "1" }]);
        await until(() => processesWith(mark).length === 1);
      } finally {
        await server.stop("SIGKILL");
      }
      await until(() => processesWith(mark).length === 0);
    });

    test(`a kernel ends with its sandbox${options.map((option) => `, ${option}`)}`, async () => {
      const server = await startServer("--early-complete", "never", ...options);
      try {
        const box = await interpreter(server);
        const mark = `kernel-of-${box.id}`;
        const code = `import subprocess, sys\nchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", "${mark}"])\n1`;
        assert.deepEqual((await box.run(code)).results, [{ text: "1" }]);
        await until(() => processesWith(mark).length === 1);
        assert.equal((await server.api("DELETE", `/v1/sandboxes/${box.id}`)).status, 204);
        await until(() => processesWith(mark).length === 0 && processesWith(box.id).length === 0);
      } finally {
        await server.stop();
      }
    });
  }

  test("a kernel that nobody waits for any more ends", async () => {
    const server = await startServer();
    try {
      const box = await interpreter(server);
      const kernels = () => box.sh("grep -l '[i]pykernel' /proc/[0-9]*/cmdline | wc -l");
      for (let attempt = 1; ; attempt++) {
        const leave = new AbortController();
        const body = { language: "python" };
        const making = call(server, box.id, "POST", "/code/context", body, { signal: leave.signal }).catch(() => {});
        await until(async () => (await kernels()).trim() === "1");
        leave.abort();
        await making;
        const [made] = await box.contexts();
        if (!made) break;
        // It was quicker than we.
        assert.ok(attempt < 10, "left ten times, and the context was made each time");
        await box.request("DELETE", `/code/contexts/${made.id}`);
        await until(async () => (await kernels()).trim() === "0");
      }
      await until(async () => (await kernels()).trim() === "0");
      assert.deepEqual(await box.contexts(), []);
      assert.deepEqual((await box.run("1 + 1")).results, [{ text: "2" }]);
    } finally {
      await server.stop();
    }
  });

  test("a kernel is as it was after a pause", async () => {
    const server = await startServer();
    try {
      const box = await interpreter(server);
      await box.run("kept = 41");
      assert.equal((await server.api("POST", `/v1/sandboxes/${box.id}/pause`)).status, 202);
      assert.equal((await server.api("POST", `/v1/sandboxes/${box.id}/resume`)).status, 202);
      assert.deepEqual((await box.run("kept + 1")).results, [{ text: "42" }]);
    } finally {
      await server.stop();
    }
  });

  test("a server without kernels says so", async () => {
    const server = await startServer({ env: { ...process.env, OPENSANDBOX_LOCAL_KERNELS: "" } });
    try {
      const box = await interpreter(server);
      const answer = await box.run("1");
      assert.deepEqual([answer.status, answer.message], [500, "error running codes Jupyter is not configured"]);
    } finally {
      await server.stop();
    }
  });
});
