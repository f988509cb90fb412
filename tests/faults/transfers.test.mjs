// Uploads and downloads that are left, stopped or broken, and what stays in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { outcome, pause, until, using } from "./fault-server.mjs";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

// The package starts its WebAssembly at its first use, which is below.
let memory;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...args) {
    super(...args);
    memory = Object.values(this.exports).find((value) => value instanceof WebAssembly.Memory);
  }
};

test("a streamed download does not keep what was read", async () => {
  const flood = async (_, response) => {
    for (let i = 0; i < 200; i++) {
      if (!response.write(Buffer.alloc(1 << 20, "x"))) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  };
  await using({ "GET /files/download": flood }, async (sandbox) => {
    let read = 0;
    let most = 0;
    for await (const chunk of sandbox.files.readBytesStream("/f")) {
      const before = read >> 25;
      read += chunk.length;
      if (read >> 25 !== before) {
        gc();
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
    }
    assert.equal(read, 200 << 20);
    assert.ok(most < 64 << 20, `${most >> 20} MiB were kept`);
  });
});

test("files do not pass through WebAssembly memory, which never shrinks", async () => {
  const text = "x".repeat(20 << 20);
  await using({ "GET /files/download": (_, response) => response.end(text) }, async (sandbox) => {
    const before = memory.buffer.byteLength;
    assert.equal((await sandbox.files.readFile("/f")).length, text.length);
    assert.equal((await sandbox.files.readBytes("/f")).length, text.length);
    assert.equal(memory.buffer.byteLength, before);
  });
});

test("an abort cancels a source that has nothing to give", async () => {
  let cancelled = false;
  const data = new ReadableStream({
    pull: () => new Promise(() => {}),
    cancel() {
      cancelled = true;
    },
  });
  await using({ "POST /files/upload": () => {} }, async (sandbox) => {
    const upload = outcome(sandbox.files.writeFiles([{ path: "/a", data }], AbortSignal.timeout(50)));
    assert.equal((await upload).error?.code, "ABORTED");
    await until(() => cancelled, "the source is cancelled");
  });
});

test("the error of a source is the error of its upload", async () => {
  await using({ "POST /files/upload": () => {} }, async (sandbox) => {
    const own = new RangeError("mine");
    const failing = (async function* () {
      yield new Uint8Array(1);
      throw own;
    })();
    assert.equal((await outcome(sandbox.files.writeFiles([{ path: "/a", data: failing }]))).error, own);
    const wrong = (async function* () {
      yield 5;
    })();
    const { error } = await outcome(sandbox.files.writeFiles([{ path: "/a", data: wrong }]));
    assert.match(error.message, /Uint8Array/);
  });
});

test("the last line that is wanted is the last that is waited for", async () => {
  const open = (_, response) => {
    response.setHeader("content-type", "application/octet-stream");
    response.write("1\n2\n");
  };
  await using({ "GET /files/download": open }, async (sandbox) => {
    const chunks = [];
    for await (const chunk of sandbox.files.readBytesStream("/f", { offset: 1, limit: 1 })) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), "1\n");
  });
});

test("mistakes are found before anything is sent", async () => {
  await using({ "POST /files/upload": (_, response) => response.end() }, async (sandbox, server) => {
    const entries = [
      { path: "/a", data: "x" },
      { path: "/b", data: 5 },
    ];
    const { error } = await outcome(sandbox.files.writeFiles(entries));
    assert.match(error.message, /entries\[1\]\.data/);
    assert.equal((await outcome(sandbox.files.readFile("/a", { encoding: "nope" }))).error?.code, "INVALID_ARGUMENT");
    assert.equal(server.count("POST /files/upload") + server.count("GET /files/download"), 0);
    await pause(10);
  });
});
