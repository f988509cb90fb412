// metrics.watch(): the recorded stream in pieces of every size, and every end of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { json, noUnhandledRejections, openStream, streamOf, until, using } from "../faults/fault-server.mjs";
import { plain } from "./sidecar.mjs";

noUnhandledRejections();

const WATCH = "GET /metrics/watch";
const BODY = readFileSync(new URL("../fixtures/execd/metrics-watch.body", import.meta.url));
const RECORDED = BODY.toString()
  .trim()
  .split("\n")
  .map((line) => {
    const raw = JSON.parse(line);
    return {
      cpuCount: raw.cpu_count,
      cpuUsedPercentage: raw.cpu_used_pct,
      memoryTotalMiB: raw.mem_total_mib,
      memoryUsedMiB: raw.mem_used_mib,
      timestamp: raw.timestamp,
    };
  });
const line = (more) => `${JSON.stringify({ cpu_count: 1, ...more })}\n`;

/** What came before the loop ended, and what ended it. */
async function watched(sandbox, options, each = () => {}) {
  const samples = [];
  try {
    for await (const sample of sandbox.metrics.watch(options)) {
      samples.push(sample);
      if (each(sample, samples) === "leave") break;
    }
  } catch (error) {
    return { samples, error };
  }
  return { samples };
}

test("the recorded stream, in pieces of every size; its end is a cut, not an end", async () => {
  assert.equal(RECORDED.length, 2);
  let size = 1;
  const route = async (_, response) => {
    openStream(response);
    for (let at = 0; at < BODY.length; at += size) {
      await new Promise((resolve) => response.write(BODY.subarray(at, at + size), resolve));
    }
    response.end();
  };
  await using({ [WATCH]: route }, async (sandbox, server) => {
    for (size of [1, 7, 64, BODY.indexOf("\n"), BODY.indexOf("\n") + 1, BODY.length]) {
      const { samples, error } = await watched(sandbox);
      assert.deepEqual(samples, RECORDED, `pieces of ${size}`);
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_INTERRUPTED"]);
      assert.match(error.message, /^Watch metrics failed: the connection was cut/);
    }
    const { headers } = server.seen.at(-1);
    assert.equal(headers["x-execd-access-token"], "t");
    assert.equal(headers["open-sandbox-api-key"], undefined);
    assert.equal(headers.accept, "text/event-stream");
  });
});

test("the same for a reset, and for an end in the middle of a line", async () => {
  for (const end of ["reset", "close"]) {
    const cut = BODY.indexOf("\n") + 20;
    await using({ [WATCH]: streamOf(BODY.subarray(0, cut), end) }, async (sandbox) => {
      const { samples, error } = await watched(sandbox);
      assert.deepEqual(samples, RECORDED.slice(0, 1), end);
      assert.equal(error.code, "STREAM_INTERRUPTED", end);
    });
  }
});

test("break closes the connection", async () => {
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox, server) => {
    const { samples, error } = await watched(sandbox, undefined, () => "leave");
    assert.deepEqual([samples, error], [RECORDED.slice(0, 1), undefined]);
    await until(() => server.busy() === 0, "the connection is closed");
  });
});

test("an error in the loop closes the connection, too, and is the caller's own", async () => {
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox, server) => {
    const own = new RangeError("mine");
    const { error } = await watched(sandbox, {}, () => {
      throw own;
    });
    assert.equal(error, own);
    await until(() => server.busy() === 0, "the connection is closed");
  });
});

test("an abort ends the loop at once: before the answer, before the first sample, and after it", async () => {
  for (const [route, count] of [
    [() => {}, 0],
    [streamOf("", "open"), 0],
    [streamOf(BODY, "open"), 2],
  ]) {
    await using({ [WATCH]: route }, async (sandbox, server) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const watching = watched(sandbox, controller.signal, (_, { length }) => {
        if (length === 2) setTimeout(() => controller.abort(reason), 10);
      });
      await until(() => server.count(WATCH) === 1, "the request is there");
      if (count === 0) setTimeout(() => controller.abort(reason), 20);
      const { samples, error } = await watching;
      assert.equal(samples.length, count);
      assert.deepEqual([error.name, error.code, error.cause], ["AbortError", "ABORTED", reason]);
      await until(() => server.busy() === 0, "the connection is closed");
    });
  }
});

test("close() ends the loop", async () => {
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox) => {
    const { error } = await watched(sandbox, undefined, (_, { length }) => {
      if (length === 2) sandbox.close();
    });
    assert.equal(error.code, "CLOSED");
  });
});

test("silence is told, before the first sample and after it", async () => {
  await using({ [WATCH]: streamOf("", "open") }, async (sandbox, server) => {
    const { error } = await watched(sandbox, { startTimeoutSeconds: 0.05 });
    assert.equal(error.code, "REQUEST_TIMEOUT");
    await until(() => server.busy() === 0, "the connection is closed");
  });
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox, server) => {
    const { samples, error } = await watched(sandbox, { idleTimeoutSeconds: 0.05 });
    assert.equal(samples.length, 2);
    assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_STALLED"]);
    await until(() => server.busy() === 0, "the connection is closed");
  });
});

test("a slow loop is not a silent stream", async () => {
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox) => {
    const iterator = sandbox.metrics.watch({ idleTimeoutSeconds: 0.05 })[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(await iterator.next(), { done: false, value: RECORDED[1] });
    await iterator.return();
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  });
});

test("a line that is no sample is an error, after what came before it", async () => {
  for (const nonsense of ["nonsense\n", "{nonsense}\n", "[1]\n", '{"cpu":1}\n', '{"cpu_count":"1"}\n', "{}\n"]) {
    await using({ [WATCH]: streamOf(line() + nonsense + line(), "open") }, async (sandbox, server) => {
      const { samples, error } = await watched(sandbox);
      assert.equal(samples.length, 1, nonsense);
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "MALFORMED_EVENT"], nonsense);
      assert.ok(error.message.includes(nonsense.trim()), error.message);
      await until(() => server.busy() === 0, "the connection is closed");
    });
  }
});

test("a sample that execd could not take is an error in its words; a ping is nothing; missing numbers are 0", async () => {
  const ping = '{"type":"ping","text":"pong","timestamp":1}\n\n';
  const body = `${ping}${line({ timestamp: 5 })}\n${ping}{"error":"no /proc"}\n`;
  await using({ [WATCH]: streamOf(body, "open") }, async (sandbox) => {
    const { samples, error } = await watched(sandbox);
    assert.deepEqual(samples, [
      { cpuCount: 1, cpuUsedPercentage: 0, memoryTotalMiB: 0, memoryUsedMiB: 0, timestamp: 5 },
    ]);
    assert.deepEqual(
      [error.name, error.code, error.rawBody],
      ["SandboxApiException", "RUNTIME_ERROR", { error: "no /proc" }],
    );
    assert.match(error.message, /no \/proc/);
  });
  const refused = '{"code":"NO","message":"words"}';
  await using({ [WATCH]: streamOf(refused, "close") }, async (sandbox) => {
    assert.equal((await watched(sandbox)).error.code, "NO");
  });
});

test("an answer that is an error is one", async () => {
  await using({ [WATCH]: (_, response) => plain(response, 404, "404 page not found") }, async (sandbox) => {
    const { error } = await watched(sandbox);
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 404]);
  });
  await using({ [WATCH]: (_, response) => json(response, 500, { code: "C", message: "words" }) }, async (sandbox) => {
    assert.equal((await watched(sandbox)).error.code, "C");
  });
});

test("nothing is sent before the first sample is asked for, and mistakes show at once", async () => {
  await using({ [WATCH]: streamOf(BODY, "open") }, async (sandbox, server) => {
    const stream = sandbox.metrics.watch({ headers: { "X-Trace": "1" } });
    for (const [options, field] of [
      [5, "call options, or a signal,"],
      [{ idleTimeoutSeconds: -1 }, "idleTimeoutSeconds"],
      [{ startTimeoutSeconds: "1" }, "startTimeoutSeconds"],
      [{ signal: {} }, "signal"],
    ]) {
      assert.throws(() => sandbox.metrics.watch(options), {
        code: "INVALID_ARGUMENT",
        message: new RegExp(`^${field} `),
      });
    }
    assert.equal(server.count(WATCH), 0);
    const iterator = stream[Symbol.asyncIterator]();
    assert.throws(() => stream[Symbol.asyncIterator](), TypeError);
    const both = await Promise.all([iterator.next(), iterator.next()]);
    assert.deepEqual(
      both.map(({ value }) => value),
      RECORDED,
    );
    assert.equal(server.seen.at(-1).headers["x-trace"], "1");
    await iterator.return();
    const unused = sandbox.metrics.watch();
    await unused[Symbol.asyncIterator]().return();
    assert.equal(server.count(WATCH), 1);
  });
});
