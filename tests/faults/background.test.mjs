// Handles on background commands, and everything that can go wrong on the way: nothing is lost, nothing comes twice, nothing
// is waited for without end, and nothing is left behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import {
  event,
  faultServer,
  ID,
  init,
  json,
  noUnhandledRejections,
  outcome,
  pause,
  streamOf,
  until,
  using,
} from "./fault-server.mjs";

noUnhandledRejections();

const STATUS = `GET /command/status/${ID}`;
const LOGS = `GET /command/${ID}/logs`;
const kept = (handle) => JSON.parse(JSON.stringify(handle));
const at = (cursor) => ({ id: ID, sandboxId: "s1", cursor });
/** Answers with an error, and says that it has answered. */
function refuse(response, status) {
  json(response, status, { code: "REFUSED", message: `no: ${status}` });
  return true;
}

/**
 * A program whose output and end the test writes: `print` adds to its log, `end` ends it. `trouble(kind)`, if there is one,
 * may answer a request for "logs" or "status" in its own way and says so with `true`.
 */
function program({ output = "", ended = false, id = ID } = {}) {
  const it = {
    bytes: Buffer.from(output),
    exitCode: ended ? 0 : undefined,
    print(more) {
      it.bytes = Buffer.concat([it.bytes, Buffer.from(more)]);
    },
    end(exitCode = 0) {
      it.exitCode = exitCode;
    },
    trouble: undefined,
    asked: { logs: 0, status: 0 },
  };
  const answering = (kind, answer) => async (_request, response, context) => {
    it.asked[kind]++;
    if (!(await it.trouble?.(kind, response, context))) answer(response, context);
  };
  it.routes = {
    "POST /command": streamOf(init + event({ type: "execution_complete" }), "open"),
    [`GET /command/status/${id}`]: answering("status", (response) => {
      const end = it.exitCode === undefined ? {} : { exit_code: it.exitCode };
      json(response, 200, { id, running: it.exitCode === undefined, ...end });
    }),
    [`GET /command/${id}/logs`]: answering("logs", (response, { url }) => {
      const rest = it.bytes.subarray(Number(url.searchParams.get("cursor") ?? 0));
      response.writeHead(200, { "content-type": "text/plain", "execd-commands-tail-cursor": it.bytes.length });
      response.end(rest);
    }),
  };
  return it;
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
/** As `using`, and no timer is left behind. */
async function tidily(routes, work, options) {
  const before = timers();
  return using(
    routes,
    async (sandbox, server) => {
      const result = await work(sandbox, server);
      // Not later: the limits that a forgotten timer would stand for are longer.
      await until(() => timers() <= before, "no timer is left", 1000);
      return result;
    },
    options,
  );
}

async function read(texts) {
  let all = "";
  for await (const text of texts) all += text;
  return all;
}

test("characters that are cut in two, at every byte: whole, once, also through one handle per piece", async () => {
  const output = "aß…😀\ufeff日本\u0000é";
  const bytes = Buffer.from(output);
  const programs = Array.from(bytes, (_, cut) => ({ cut, ...program({ id: `cut${cut}` }) }));
  for (const it of programs) {
    it.routes[`GET /command/cut${it.cut}/logs`] = (_, response, { url }) => {
      // What there is grows with each request: to the cut, by one byte, to the end.
      it.asked.logs++;
      const there = [it.cut, it.cut + 1][it.asked.logs - 1] ?? bytes.length;
      response.end(bytes.subarray(Number(url.searchParams.get("cursor")), there));
    };
    it.routes[`GET /command/status/cut${it.cut}`] = (_, response) =>
      json(response, 200, { running: it.asked.logs < 3, exit_code: 0 });
  }
  await tidily(Object.assign({}, ...programs.map(({ routes }) => routes)), async (sandbox) => {
    await Promise.all(
      programs.map(async ({ cut }, index) => {
        let handle = sandbox.commands.attach({ id: `cut${cut}`, sandboxId: "s1", cursor: 0 });
        let all = "";
        for (let more = true; more; ) {
          more = false;
          for await (const text of handle) {
            all += text;
            assert.equal(kept(handle).cursor, Buffer.byteLength(all), `the cursor, cut at ${cut}`);
            // Every other program is read by a new handle after each piece.
            if (index % 2 === 0) {
              handle = sandbox.commands.attach(kept(handle));
              more = true;
              break;
            }
          }
        }
        assert.equal(all, output, `cut at ${cut}`);
      }),
    );
  });
});

test("what a program leaves behind that is no text comes as U+FFFD, at its end", async () => {
  const it = program({ output: Buffer.from([0x61, 0xf0, 0x9f]) });
  await tidily(it.routes, async (sandbox) => {
    const handle = sandbox.commands.attach(at(0));
    const texts = handle.read();
    assert.equal((await texts.next()).value, "a");
    assert.equal(kept(handle).cursor, 1);
    const next = texts.next();
    await until(() => it.asked.status > 1, "it is looked at again");
    assert.equal(kept(handle).cursor, 1, "half a character is not read");
    it.end();
    assert.equal((await next).value, "\ufffd");
    assert.equal((await texts.next()).done, true);
    assert.equal(kept(handle).cursor, 3);
  });
});

test("cursors are right where CORS hides the header, and where it lies", async () => {
  const it = program({ output: "für", ended: true });
  const hiding = async (url, options) => {
    const { status, headers, body } = await fetch(url, options);
    const seen = new Headers(headers);
    seen.delete("execd-commands-tail-cursor");
    return new Response(body, { status, headers: seen });
  };
  await tidily(
    it.routes,
    async (sandbox) => {
      const { commands } = sandbox;
      assert.deepEqual(await commands.getBackgroundCommandLogs(ID), { content: "für", cursor: 4 });
      assert.deepEqual(await commands.getBackgroundCommandLogs(ID, 1), { content: "ür", cursor: 4 });
      assert.deepEqual(await commands.getBackgroundCommandLogs(ID, 9), { content: "", cursor: 9 });
      const handle = commands.attach(at(0));
      assert.equal(await read(handle), "für");
      assert.deepEqual(kept(handle), at(4));
    },
    { fetch: hiding },
  );
  it.routes[LOGS] = (_, response, { url }) => {
    response.writeHead(200, { "execd-commands-tail-cursor": 1000 });
    response.end(it.bytes.subarray(Number(url.searchParams.get("cursor"))));
  };
  await tidily(it.routes, async (sandbox) => assert.equal(await read(sandbox.commands.attach(at(0))), "für"));
});

test("right after the start, 404 and 400 are waited out", async () => {
  const it = program({ output: "a", ended: true });
  let early = 7;
  it.trouble = (kind, response) => {
    return early-- > 0 && refuse(response, kind === "logs" ? 400 : 404);
  };
  await tidily(it.routes, async (sandbox) => {
    const handle = await sandbox.commands.startBackground("x");
    const [status, waited, output] = await Promise.all([handle.status(), handle.wait(), read(handle)]);
    assert.deepEqual([status.exitCode, waited.exitCode, output], [0, 0, "a"]);
  });
});

test("once it is known they are errors, and so is what is no accident", async () => {
  for (const [kind, status] of [
    ["logs", 400],
    ["status", 404],
    ["logs", 500],
    ["status", 401],
  ]) {
    const it = program({ output: "a" });
    await tidily(it.routes, async (sandbox) => {
      const texts = sandbox.commands.attach(at(0)).read();
      assert.equal((await texts.next()).value, "a");
      it.trouble = (asked, response) => asked === kind && refuse(response, status);
      const asked = it.asked[kind];
      const { error } = await outcome(texts.next());
      assert.deepEqual([error?.code, error?.statusCode], ["REFUSED", status]);
      assert.equal(it.asked[kind], asked + 1, "not asked again");
      assert.deepEqual(await texts.next(), { done: true, value: undefined });
    });
  }
});

test("a status that does not say whether it runs is no end", async () => {
  const it = program();
  it.routes[STATUS] = (_, response) => json(response, 200, { id: ID });
  await tidily(it.routes, async (sandbox) => {
    const handle = sandbox.commands.attach(at(0));
    assert.equal((await outcome(handle.wait())).error?.code, "UNEXPECTED_RESPONSE");
    assert.equal((await outcome(read(handle))).error?.code, "UNEXPECTED_RESPONSE");
  });
});

test("what is printed between the last look at the log and the end is not lost", async () => {
  const it = program({ output: "a" });
  it.trouble = (kind) => {
    if (kind === "status" && it.exitCode === undefined) {
      it.print("b");
      it.end(9);
    }
    return false;
  };
  await tidily(it.routes, async (sandbox, server) => {
    const handle = sandbox.commands.attach(at(0));
    assert.equal(await read(handle), "ab");
    assert.equal(it.asked.logs, 4, "a, nothing, b, nothing");
    assert.equal(it.asked.status, 1);
    await server.close();
    assert.equal((await handle.wait()).exitCode, 9, "its end is known, also when the sandbox is gone");
    await handle.kill();
  }).catch((error) => assert.equal(error.code, "ERR_SERVER_NOT_RUNNING"));
});

test("a program is asked gently: a silent one less and less, a busy one not for each line", async () => {
  const silent = program();
  const busy = program({ id: "busy" });
  busy.trouble = (kind) => kind === "logs" && busy.print("x");
  await tidily({ ...silent.routes, ...busy.routes }, async (sandbox) => {
    const controller = new AbortController();
    const readers = [at(0), { ...at(0), id: "busy" }].map((known) =>
      outcome(read(sandbox.commands.attach(known).read(controller.signal))),
    );
    const from = performance.now();
    await pause(1500);
    controller.abort();
    const took = performance.now() - from;
    for (const { error } of await Promise.all(readers)) assert.equal(error?.code, "ABORTED");
    assert.ok(silent.asked.logs <= 5 + took / 400, `${silent.asked.logs} looks at a silent log`);
    assert.ok(busy.asked.logs <= took / 50 + 2, `${busy.asked.logs} looks at a busy log`);
    assert.equal(busy.asked.status, 0, "what prints is running");
  });
});

test("connections that are refused for a while are waited out", async () => {
  const it = program({ output: "before " });
  const first = await faultServer(it.routes);
  const sandbox = await Sandbox.create({ connectionConfig: first.config, image: "i", skipHealthCheck: true });
  const handle = await sandbox.commands.startBackground("x");
  const texts = handle.read();
  assert.equal((await texts.next()).value, "before ");
  await first.close();
  const [next, waiting] = [texts.next(), handle.wait()];
  await pause(400);
  it.print("after");
  it.end(4);
  const second = await faultServer(it.routes, first.port);
  assert.equal((await next).value, "after");
  assert.equal((await texts.next()).done, true);
  assert.equal((await waiting).exitCode, 4);
  await until(() => second.busy() === 0, "no connection is left open");
  await second.close();
});

test("so are statuses that pass, and answers that do not come", async () => {
  const it = program({ output: "a" });
  const troubles = [502, 503, 504, 429, "reset", "silence"];
  it.trouble = (_, response) => {
    const trouble = troubles.shift();
    if (trouble === "reset") response.socket.resetAndDestroy();
    else if (trouble !== undefined && trouble !== "silence") refuse(response, trouble);
    return trouble !== undefined;
  };
  await tidily(
    it.routes,
    async (sandbox) => {
      const handle = sandbox.commands.attach(at(0));
      const texts = handle.read({ requestTimeoutSeconds: 0.2 });
      assert.equal((await texts.next()).value, "a");
      assert.deepEqual(troubles, []);
      it.print("b");
      troubles.push(502, "reset");
      assert.equal((await texts.next()).value, "b");
      it.end();
      troubles.push(502, "reset");
      assert.equal((await texts.next()).done, true);
    },
    { requestTimeoutSeconds: 1 },
  );
});

test("a log that breaks in the middle, at every byte, or falls silent: nothing is lost or comes twice", async () => {
  const output = "1é2€3😀4";
  const bytes = Buffer.from(output);
  for (const how of ["reset", "silence", "short"]) {
    const programs = Array.from(bytes, (_, cut) => ({ cut, ...program({ output, ended: true, id: `b${cut}` }) }));
    for (const it of programs) {
      const logs = it.routes[`GET /command/b${it.cut}/logs`];
      let broken = false;
      it.routes[`GET /command/b${it.cut}/logs`] = async (request, response, context) => {
        if (broken) return logs(request, response, context);
        broken = true;
        // A body that ends too early without a word is the meanest: then only the count of what came helps.
        response.writeHead(200, how === "short" ? {} : { "content-length": bytes.length });
        response.flushHeaders();
        await new Promise((resolve) => response.write(bytes.subarray(0, it.cut), resolve));
        await pause(20);
        if (how === "reset") response.socket.resetAndDestroy();
        if (how === "short") response.end();
      };
    }
    await tidily(
      Object.assign({}, ...programs.map(({ routes }) => routes)),
      async (sandbox) => {
        await Promise.all(
          programs.map(async ({ cut }) => {
            const handle = sandbox.commands.attach({ ...at(0), id: `b${cut}` });
            assert.equal(await read(handle), output, `${how} after ${cut} bytes`);
            assert.equal(kept(handle).cursor, bytes.length);
          }),
        );
      },
      { requestTimeoutSeconds: 1 },
    );
  }
});

test("gone for good: the typed error within its limit; then a new loop goes on where the old one was", async () => {
  const it = program({ output: "a" });
  const first = await faultServer(it.routes);
  const sandbox = await Sandbox.create({ connectionConfig: first.config, image: "i", skipHealthCheck: true });
  const handle = sandbox.commands.attach(at(0), { reconnectTimeoutSeconds: 0.6 });
  const texts = handle.read();
  assert.equal((await texts.next()).value, "a");
  await first.close();
  const from = performance.now();
  for (const { error } of await Promise.all([texts.next(), handle.wait()].map(outcome))) {
    assert.equal(error?.code, "NETWORK_ERROR");
    assert.equal(error.name, "SandboxConnectionException");
  }
  const took = performance.now() - from;
  assert.ok(took > 550 && took < 5_000, `after ${took} ms`);
  const impatient = sandbox.commands.attach(at(0), { reconnectTimeoutSeconds: 0 });
  assert.equal((await outcome(read(impatient))).error?.code, "NETWORK_ERROR");
  it.print("b");
  it.end();
  const second = await faultServer(it.routes, first.port);
  assert.equal(await read(handle), "b");
  await second.close();
});

test("0 gives up at once, Infinity does not, and each answer begins the time anew", async () => {
  const it = program({ output: "a" });
  it.trouble = (_, response) => refuse(response, 503);
  await tidily(it.routes, async (sandbox) => {
    const { error } = await outcome(read(sandbox.commands.attach(at(0), { reconnectTimeoutSeconds: 0 })));
    assert.deepEqual([error?.code, it.asked.logs], ["REFUSED", 1]);
    const controller = new AbortController();
    const handle = sandbox.commands.attach(at(0), { reconnectTimeoutSeconds: Number.POSITIVE_INFINITY });
    const reading = outcome(read(handle.read(controller.signal)));
    await until(() => it.asked.logs > 4, "it is tried again and again");
    controller.abort();
    assert.equal((await reading).error?.code, "ABORTED");
    // Trouble before every answer takes more time in all than there is for one.
    let left = 8;
    let turn = 0;
    it.trouble = (kind, response) => {
      if (turn++ % 2 === 1) {
        if (kind === "logs" && left > 0) it.print("x");
        if (left-- === 0) it.end();
        return false;
      }
      return refuse(response, 502);
    };
    assert.match(await read(sandbox.commands.attach(at(0), { reconnectTimeoutSeconds: 0.5 })), /^ax+$/);
  });
});

test("an abort ends a loop at once wherever it is, and the program goes on", async () => {
  const waits = {
    "between two looks": () => false,
    "in a request for the log": (kind) => kind === "logs",
    "in a request for the status": (kind) => kind === "status",
    "in the middle of a log": (kind, response) => kind === "logs" && response.write("\xf0"),
    "between two tries": (_, response) => refuse(response, 502),
  };
  for (const [place, trouble] of Object.entries(waits)) {
    const it = program({ output: "a" });
    await tidily(it.routes, async (sandbox, server) => {
      const controller = new AbortController();
      const handle = sandbox.commands.attach(at(0));
      const texts = handle.read({ signal: controller.signal });
      assert.equal((await texts.next()).value, "a");
      it.trouble = trouble;
      const next = outcome(texts.next());
      await pause(250);
      controller.abort("enough");
      const { error } = await next;
      assert.deepEqual([error?.code, error?.cause], ["ABORTED", "enough"], place);
      assert.deepEqual(await texts.next(), { done: true, value: undefined });
      assert.equal((await outcome(read(handle.read(controller.signal)))).error?.code, "ABORTED", "aborted before");
      assert.equal((await outcome(handle.wait(controller.signal))).error?.code, "ABORTED");
      assert.equal(server.count("DELETE /command"), 0);
      assert.equal(kept(handle).cursor, 1);
      // Wherever the loop was left, another one goes on from there.
      it.trouble = undefined;
      it.print("b");
      it.end();
      assert.equal(await read(handle), "b");
    });
  }
});

test("leaving a loop stops the asking, also from outside while it waits", async () => {
  const it = program({ output: "a" });
  await tidily(it.routes, async (sandbox, server) => {
    const handle = await sandbox.commands.startBackground("x");
    for await (const text of handle) {
      assert.equal(text, "a");
      break;
    }
    const texts = handle.read();
    const next = texts.next();
    await until(() => it.asked.status > 0, "it waits");
    assert.deepEqual(await texts.return("x"), { done: true, value: "x" });
    assert.deepEqual(await next, { done: true, value: undefined });
    const { logs, status } = it.asked;
    await pause(400);
    assert.deepEqual(it.asked, { logs, status });
    assert.equal(server.count("DELETE /command"), 0);
    assert.deepEqual(await handle.read().return(), { done: true, value: undefined }, "before it began");
  });
});

test("a long log is read as fast as its reader reads; leaving it gives the connection back", async () => {
  const it = program({ ended: true });
  let sent = 0;
  it.routes[LOGS] = async (_, response) => {
    const block = Buffer.alloc(1 << 20, "x");
    response.on("error", () => {});
    for (; sent < 200 && !response.destroyed; sent++) {
      if (!response.write(block)) {
        await new Promise((resolve) => {
          response.once("drain", resolve);
          response.once("close", resolve);
        });
      }
    }
    response.end();
  };
  await tidily(it.routes, async (sandbox, server) => {
    const handle = sandbox.commands.attach(at(0));
    for await (const text of handle) {
      assert.equal(text.length, 1 << 18);
      await pause(300);
      assert.ok(sent < 100, `${sent} MB were sent to a reader that has read a quarter of one`);
      assert.equal(server.busy(), 1);
      break;
    }
    await until(() => server.busy() === 0, "the connection is given back");
    assert.equal(kept(handle).cursor, 1 << 18);
  });
});

test("close() ends loops and waits with CLOSED, wherever they are", async () => {
  const it = program({ output: "a" });
  await tidily(it.routes, async (sandbox, server) => {
    const handle = await sandbox.commands.startBackground("x");
    const paused = handle.read();
    assert.equal((await paused.next()).value, "a");
    const waiting = [handle.read().next(), handle.wait()].map(outcome);
    await until(() => it.asked.status > 1, "both wait");
    await sandbox.close();
    for (const { error } of await Promise.all(waiting)) assert.equal(error?.code, "CLOSED");
    for (const late of [paused.next(), handle.read().next(), handle.status(), handle.kill()])
      assert.equal((await outcome(late)).error?.code, "CLOSED");
    assert.equal(server.count("DELETE /command"), 0);
  });
});

test("two loops over one handle share its output", async () => {
  const it = program({ output: "0" });
  await tidily(it.routes, async (sandbox) => {
    const handle = sandbox.commands.attach(at(0));
    const texts = [];
    const readers = [1, 2, 3].map(async () => {
      for await (const text of handle) texts.push(text);
    });
    for (let turn = 1; turn < 6; turn++) {
      await until(() => texts.join("").length === turn, "it has come");
      it.print(String(turn));
    }
    it.end();
    await Promise.all(readers);
    assert.equal(texts.join(""), "012345");
  });
});

test("a start that is cut after its id has come gives a handle, also one that falls silent", async () => {
  const it = program({ output: "a", ended: true });
  for (const [end, options] of [
    ["close", {}],
    ["reset", {}],
    ["open", { idleTimeoutSeconds: 0.1 }],
  ]) {
    await tidily({ ...it.routes, "POST /command": streamOf(init, end) }, async (sandbox, server) => {
      const handle = await sandbox.commands.startBackground("x", options);
      assert.deepEqual(kept(handle), at(0));
      assert.equal(await read(handle), "a");
      assert.equal(server.count("DELETE /command"), 0);
    });
  }
});

test("a start that is cut before that is an error", async () => {
  for (const [body, end, code] of [
    ["", "close", "STREAM_INTERRUPTED"],
    ["", "reset", "STREAM_INTERRUPTED"],
    [init.slice(0, 30), "reset", "STREAM_INTERRUPTED"],
    [event({ type: "init" }) + event({ type: "execution_complete" }), "open", "UNEXPECTED_RESPONSE"],
    ["<html>", "close", "MALFORMED_EVENT"],
  ]) {
    await tidily({ "POST /command": streamOf(body, end) }, async (sandbox) => {
      const { error } = await outcome(sandbox.commands.startBackground("x"));
      assert.equal(error?.code, code, `${body} ${end}`);
    });
  }
  await tidily({ "POST /command": streamOf("", "open") }, async (sandbox) => {
    const { error } = await outcome(
      sandbox.commands.startBackground("x", { startTimeoutSeconds: 0.1, onAbort: "detach" }),
    );
    assert.equal(error?.code, "REQUEST_TIMEOUT");
  });
});

test("a start that execd refuses rejects with its code and message, in the stream and before it", async () => {
  const refusal = {
    code: "RUNTIME_ERROR",
    message: "error running commands fork/exec /bin/bash: operation not permitted",
  };
  for (const tail of ["", "\n\n"]) {
    const body = init + JSON.stringify(refusal) + tail;
    await tidily({ "POST /command": streamOf(body, "close") }, async (sandbox, server) => {
      const { error } = await outcome(sandbox.commands.startBackground("x"));
      assert.equal(error?.name, "SandboxApiException");
      assert.deepEqual([error.code, error.message, error.statusCode], [refusal.code, refusal.message, undefined]);
      assert.equal(error.isRetryable, false);
      const sent = server.seen.find(({ name }) => name === "POST /command").headers["x-request-id"];
      assert.equal(error.requestId, sent);
      assert.equal(server.count("DELETE /command"), 0);
    });
  }
  await tidily({ "POST /command": (_, response) => json(response, 400, refusal) }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.startBackground("x"));
    assert.deepEqual([error?.code, error.statusCode, error.requestId], [refusal.code, 400, "from-server"]);
  });
});

test("the signal of a start is about the start: what is aborted then is ended, and later it means nothing", async () => {
  const it = program({ output: "a", ended: true });
  await tidily({ ...it.routes, "POST /command": streamOf(init, "open") }, async (sandbox, server) => {
    const controller = new AbortController();
    const starting = outcome(sandbox.commands.startBackground("x", {}, controller.signal));
    await until(() => server.count("POST /command") === 1, "it is under way");
    await pause(50);
    controller.abort("no");
    const { error } = await starting;
    assert.deepEqual([error?.code, error.cause], ["ABORTED", "no"]);
    await until(() => server.count("DELETE /command") === 1, "the program is ended");
  });
  await tidily(it.routes, async (sandbox, server) => {
    const controller = new AbortController();
    const handle = await sandbox.commands.startBackground("x", {}, { signal: controller.signal });
    controller.abort();
    assert.equal(await read(handle), "a");
    assert.equal((await handle.wait()).exitCode, 0);
    assert.equal(server.count("DELETE /command"), 0);
  });
});

test("maxEventBytes is the limit of an event", async () => {
  const body = init + event({ type: "stdout", text: "a" }) + event({ type: "stdout", text: "x".repeat(2000) });
  const whole = body + event({ type: "execution_complete" });
  await tidily({ "POST /command": streamOf(whole, "open") }, async (sandbox) => {
    const { error } = await outcome(sandbox.commands.run("x", { maxEventBytes: 1000 }));
    assert.equal(error?.code, "EVENT_TOO_LARGE");
    assert.match(error.message, /1000 bytes/);
    assert.equal(error.execution.stdout, "a\n");
    assert.equal((await sandbox.commands.run("x", { maxEventBytes: 3000 })).stdout.length, 2003);
  });
});
