// Uploads: what they hold back, how long they may take, what they tell on the way.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { json, noUnhandledRejections, outcome, pause, until, using } from "./fault-server.mjs";

noUnhandledRejections();

const MIB = 1 << 20;
const raw = (handler) => Object.assign(handler, { raw: true });
const PATH = "/srv/up.bin";
const write = (sandbox, data, options) => sandbox.files.writeFiles([{ path: PATH, data }], options);

/** Reads the body; `between(received)` is waited for after each chunk. */
const reading = (between = () => {}) =>
  raw(async (request, response) => {
    let received = 0;
    for await (const chunk of request) {
      received += chunk.length;
      await between(received);
    }
    response.end();
  });

async function* source(length, size = 100_000) {
  for (let left = length; left > 0; left -= size) yield new Uint8Array(Math.min(size, left));
}

test("200 MB go through without being held: the source is never far ahead of the server", async () => {
  const LENGTH = 200_000_000;
  // What two sockets' buffers hold on Linux at most, and some.
  const AHEAD = 24 * MIB;
  let produced = 0;
  let received = 0;
  let most = 0;
  async function* counted() {
    for await (const chunk of source(LENGTH)) {
      produced += chunk.length;
      most = Math.max(most, produced - received);
      yield chunk;
    }
  }
  let stood = false;
  const slow = reading(async (so_far) => {
    received = so_far;
    // Once, for long: an upload that is held somewhere would fill up meanwhile.
    if (stood || received < 10 * MIB) return;
    stood = true;
    let before;
    do {
      before = produced;
      await pause(300);
    } while (produced !== before);
    assert.ok(produced < LENGTH / 2, `${produced} bytes were taken from the source while the server read nothing`);
  });
  await using({ "POST /files/upload": slow }, (sandbox) => write(sandbox, counted()));
  assert.equal(produced, LENGTH);
  assert.ok(received > LENGTH);
  assert.ok(stood);
  assert.ok(most < AHEAD, `the source was ${most} bytes ahead`);
});

describe("the time limit", () => {
  const LIMIT = { requestTimeoutSeconds: 2 };
  const kinds = {
    "a stream": () => source(40 * MIB),
    bytes: () => new Uint8Array(40 * MIB),
    "a Blob": () => new Blob([new Uint8Array(40 * MIB)]),
  };
  for (const [name, data] of Object.entries(kinds)) {
    test(`does not cut off ${name} that takes longer and moves`, async () => {
      const begin = Date.now();
      let next = 4 * MIB;
      const slow = reading(async (received) => {
        if (received < next) return;
        next += 4 * MIB;
        await pause(400);
      });
      await using({ "POST /files/upload": slow }, (sandbox) => write(sandbox, data(), LIMIT));
      assert.ok(Date.now() - begin > 2000, "it took longer than the limit");
    });

    test(`ends ${name} that stands still`, async () => {
      let held;
      const still = raw((request) => {
        held = request.on("error", () => {});
        let received = 0;
        request.on("data", (chunk) => {
          received += chunk.length;
          if (received > MIB) request.pause();
        });
      });
      const { error } = await using({ "POST /files/upload": still }, async (sandbox) => {
        const ended = await outcome(write(sandbox, data(), { requestTimeoutSeconds: 1 }));
        // One that does not read does not see the end of the connection either.
        held.removeAllListeners("data").resume();
        return ended;
      });
      assert.deepEqual([error?.name, error?.code], ["SandboxTimeoutException", "REQUEST_TIMEOUT"]);
      assert.match(error.message, /^Upload failed: nothing moved for 1000 ms$/);
      assert.equal(error.path, PATH);
      assert.match(error.requestId, /^[0-9a-f]{32}$/);
    });
  }

  test("does not count the time that the source takes", async () => {
    async function* lazy() {
      yield "one";
      await pause(2500);
      yield "two";
    }
    let body = "";
    const note = (_, response, { body: got }) => {
      body = got;
      response.end();
    };
    const routes = { "POST /files/upload": note };
    await using(routes, (sandbox) => write(sandbox, lazy(), { requestTimeoutSeconds: 1 }));
    assert.match(body, /\r\n\r\nonetwo\r\n--/);
  });

  test("counts the wait for the answer", async () => {
    const silent = raw((request) => void request.resume());
    for (const data of [source(MIB), new Uint8Array(2 * MIB), "small"]) {
      const { error } = await using({ "POST /files/upload": silent }, (sandbox) =>
        outcome(write(sandbox, data, { requestTimeoutSeconds: 0.5 })),
      );
      assert.equal(error?.code, "REQUEST_TIMEOUT");
    }
  });

  test("can be turned off", async () => {
    const late = raw(async (request, response) => {
      await pause(1500);
      request.resume().on("end", () => response.end());
    });
    // One that the configuration has, and one that it has not.
    const routes = { "POST /files/upload": late };
    await using(routes, (sandbox) => write(sandbox, source(MIB), { requestTimeoutSeconds: 0 }), {
      requestTimeoutSeconds: 1,
    });
  });
});

describe("progress", () => {
  const LENGTH = 3 * MIB + 17;
  const every = async (data, routes = { "POST /files/upload": reading() }) => {
    const seen = [];
    let headers;
    await using(routes, async (sandbox, server) => {
      await write(sandbox, data, { onProgress: (progress) => seen.push(progress) });
      headers = server.seen.at(-1).headers;
    });
    return { seen, headers };
  };
  const kinds = {
    bytes: [new Uint8Array(LENGTH), LENGTH],
    "an ArrayBuffer": [new ArrayBuffer(LENGTH), LENGTH],
    "a Blob": [new Blob([new Uint8Array(LENGTH)]), LENGTH],
    "a string": ["é".repeat(LENGTH / 2 + 0.5), LENGTH + 1],
    "a stream": [source(LENGTH), LENGTH, true],
    "a ReadableStream": [new Blob([new Uint8Array(LENGTH)]).stream(), LENGTH, true],
  };
  for (const [name, [data, length, endless]] of Object.entries(kinds)) {
    test(`of ${name} goes up to its length`, async () => {
      const { seen, headers } = await every(data);
      assert.ok(seen.length > 10, `${seen.length} times`);
      assert.ok(seen.every(({ loaded }, i) => i === 0 || loaded > seen[i - 1].loaded));
      assert.ok(seen.every(({ path }) => path === PATH));
      assert.deepEqual(
        seen.at(-1),
        endless ? { path: PATH, loaded: length } : { path: PATH, loaded: length, total: length },
      );
      assert.equal(headers["transfer-encoding"], endless ? "chunked" : undefined);
      if (!endless) assert.ok(Number(headers["content-length"]) > length);
    });
  }

  test("of an empty file is told once", async () => {
    for (const data of [undefined, "", new Uint8Array()]) {
      assert.deepEqual((await every(data)).seen, [{ path: PATH, loaded: 0, total: 0 }]);
    }
    assert.deepEqual((await every(source(0))).seen, [{ path: PATH, loaded: 0 }]);
  });

  test("that throws ends the upload with what it threw", async () => {
    const own = new RangeError("mine");
    for (const data of [new Uint8Array(LENGTH), source(LENGTH), ""]) {
      const onProgress = () => {
        throw own;
      };
      await using({ "POST /files/upload": reading() }, async (sandbox) => {
        assert.equal((await outcome(write(sandbox, data, { onProgress }))).error, own);
      });
    }
  });

  test("of several files says which", async () => {
    await using({ "POST /files/upload": reading() }, async (sandbox) => {
      const seen = [];
      const entries = ["/a", "/b"].map((path) => ({ path, data: "x" }));
      await sandbox.files.writeFiles(entries, { onProgress: (progress) => seen.push(progress) });
      assert.deepEqual(seen, [
        { path: "/a", loaded: 1, total: 1 },
        { path: "/b", loaded: 1, total: 1 },
      ]);
    });
  });
});

test("the exact error of the server comes back, also when it answers before it has all", async () => {
  const full = raw((_, response) => json(response, 507, { code: "RUNTIME_ERROR", message: "no space left on device" }));
  for (const data of ["small", source(50 * MIB), new Uint8Array(50 * MIB)]) {
    await using({ "POST /files/upload": full }, async (sandbox) => {
      const { error } = await outcome(write(sandbox, data));
      // Node's fetch gives the answer or, if the server has hung up meanwhile, that.
      assert.ok(["RUNTIME_ERROR", "NETWORK_ERROR"].includes(error?.code), String(error));
      if (data === "small") assert.equal(error.message, "no space left on device");
      assert.equal(error.path, PATH);
    });
  }
});

describe("uploadAll", () => {
  /** Holds every upload until it is let go; `current` and `most` at a time. */
  function gate(answer = (response) => response.end()) {
    const state = { current: 0, most: 0, paths: [], waiting: [], aborted: 0 };
    state.route = async (_, response, { body }) => {
      const { path } = JSON.parse(/\{.*\}/.exec(body)[0]);
      state.paths.push(path);
      state.most = Math.max(state.most, ++state.current);
      response.on("close", () => {
        state.current--;
        if (!response.writableEnded) state.aborted++;
      });
      await new Promise((resolve) => state.waiting.push({ path, resolve }));
      answer(response, path);
    };
    state.letGo = () => {
      for (const { resolve } of state.waiting.splice(0)) resolve();
    };
    return state;
  }
  const entries = (count) => Array.from({ length: count }, (_, i) => ({ path: `/${i}`, data: `${i}` }));

  test("keeps as many under way as it may, and no more", async () => {
    for (const concurrency of [undefined, 1, 7]) {
      const state = gate();
      const wanted = concurrency ?? 4;
      await using({ "POST /files/upload": state.route }, async (sandbox) => {
        let taken = 0;
        function* all() {
          for (const entry of entries(20)) {
            taken++;
            yield entry;
          }
        }
        const running = outcome(sandbox.files.uploadAll(all(), { concurrency }));
        for (let sent = 0; sent < 20; ) {
          await until(() => state.waiting.length === Math.min(wanted, 20 - sent), "they are under way");
          assert.equal(taken, Math.min(20, sent + wanted), "none is taken before it can be sent");
          sent += state.waiting.length;
          state.letGo();
        }
        assert.deepEqual((await running).execution, { files: 20, bytes: 30 });
        assert.equal(state.most, wanted);
        assert.deepEqual(new Set(state.paths), new Set(entries(20).map(({ path }) => path)));
      });
    }
  });

  test("stops at the first failure, says which, takes no more, and leaves nothing under way", async () => {
    const state = gate((response, path) => {
      if (path === "/2") json(response, 500, { code: "RUNTIME_ERROR", message: "disk full" });
    });
    await using({ "POST /files/upload": state.route }, async (sandbox) => {
      let returned = false;
      let taken = 0;
      function* all() {
        try {
          for (const entry of entries(100)) {
            taken++;
            yield entry;
          }
        } finally {
          returned = true;
        }
      }
      const running = outcome(sandbox.files.uploadAll(all()));
      await until(() => state.waiting.length === 4, "four are under way");
      state.letGo();
      const { error } = await running;
      assert.deepEqual(
        [error?.name, error?.code, error?.message, error?.path, error?.statusCode],
        ["SandboxApiException", "RUNTIME_ERROR", "disk full", "/2", 500],
      );
      assert.equal(JSON.parse(JSON.stringify(error)).path, "/2");
      assert.equal(taken, 4);
      assert.ok(returned, "the source was told");
      await until(() => state.aborted === 3, "the other three are aborted");
    });
  });

  test("reads async sources of any kind, and waits for a promise of an entry", async () => {
    const custom = {
      [Symbol.asyncIterator]() {
        let i = 0;
        let busy = false;
        return {
          async next() {
            // Nobody asks such a one twice at a time.
            assert.equal(busy, false);
            busy = true;
            await pause(2);
            busy = false;
            return i < 6 ? { done: false, value: { path: `/c${i++}`, data: "x" } } : { done: true };
          },
        };
      },
    };
    async function* generator() {
      yield { path: "/g", data: source(10, 3) };
    }
    const routes = { "POST /files/upload": (_, response) => response.end() };
    await using(routes, async (sandbox) => {
      const up = (all) => sandbox.files.uploadAll(all);
      assert.deepEqual(await up(custom), { files: 6, bytes: 6 });
      assert.deepEqual(await up(generator()), { files: 1, bytes: 10 });
      assert.deepEqual(await up(new Set(entries(3))), { files: 3, bytes: 3 });
      assert.deepEqual(await up([Promise.resolve({ path: "/p" })]), { files: 1, bytes: 0 });
      assert.deepEqual(await up([]), { files: 0, bytes: 0 });
    });
  });

  test("tells the progress of each and how many are done", async () => {
    const routes = { "POST /files/upload": (_, response) => response.end() };
    const seen = [];
    await using(routes, (sandbox) =>
      sandbox.files.uploadAll(entries(3), { concurrency: 1, onProgress: (progress) => seen.push(progress) }),
    );
    assert.deepEqual(
      seen,
      [0, 1, 2].map((i) => ({ path: `/${i}`, loaded: 1, total: 1, filesDone: i })),
    );
  });

  test("tells apart whose error it is", async () => {
    const routes = { "POST /files/upload": (_, response) => response.end() };
    const own = new RangeError("mine");
    const failing = async function* () {
      yield "x";
      throw own;
    };
    await using(routes, async (sandbox) => {
      const up = async (all, options) => (await outcome(sandbox.files.uploadAll(all, options))).error;
      // What an entry's data throws: wrapped, to say which.
      const data = await up([
        { path: "/a", data: "x" },
        { path: "/b", data: failing() },
      ]);
      assert.deepEqual([data.name, data.code, data.path], ["SandboxException", "SOURCE_FAILED", "/b"]);
      assert.equal(data.cause, own);
      // What the iterable and onProgress throw: as it is.
      async function* broken() {
        yield { path: "/a" };
        throw own;
      }
      assert.equal(await up(broken()), own);
      const onProgress = () => {
        throw own;
      };
      assert.equal(await up(entries(9), { onProgress }), own);
      // What is no entry, or the same one again: with its place.
      for (const [all, message] of [
        [[{ path: "/a" }, { path: "/b", mode: 888 }], /^entries\[1\]\.mode /],
        [[{ path: "/a" }, 5], /^entries\[1\] must be an object/],
        [[{ path: "/a", data: 5 }], /^entries\[0\]\.data: /],
        [[{ path: "/a" }, { path: "/b" }, { path: "/a" }], /"\/a" twice/],
      ]) {
        const error = await up(all, { concurrency: 1 });
        assert.equal(error?.name, "InvalidArgumentException");
        assert.match(error.message, message);
      }
      const { error } = await outcome(sandbox.files.uploadAll([], { concurrency: 65 }));
      assert.match(error.message, /^concurrency must be a whole number from 1 to 64, got 65$/);
    });
  });

  test("a failed look-up of the address is no failure of the source, and each file has an error of its own", async () => {
    let looked = 0;
    const routes = {
      "POST /v1/sandboxes/s1/pause": (_, response) => response.writeHead(202).end(),
      "GET /v1/sandboxes/s1/endpoints/44772": async (_, response) => {
        if (looked++ === 0) return json(response, 200, { endpoint: "127.0.0.1:1" });
        await pause(20);
        json(response, 403, { code: "FORBIDDEN", message: "not yours" });
      },
    };
    await using(routes, async (sandbox) => {
      // After a pause the address is looked up again.
      await sandbox.pause();
      const { error } = await outcome(sandbox.files.uploadAll(entries(1)));
      assert.deepEqual([error?.code, error?.statusCode, error?.path], ["FORBIDDEN", 403, "/0"]);
      const writing = entries(2).map((entry) => outcome(sandbox.files.writeFiles([entry])));
      const paths = (await Promise.all(writing)).map(({ error }) => error?.path);
      assert.deepEqual(paths, ["/0", "/1"]);
      assert.equal(looked, 3, "those two have shared a look-up");
    });
  });

  test("ends with an abort and with close(), also while its source has nothing to give", async () => {
    const reason = new Error("enough");
    for (const close of [false, true]) {
      for (const idle of [false, true]) {
        const state = gate();
        await using({ "POST /files/upload": state.route }, async (sandbox) => {
          const controller = new AbortController();
          let returned = false;
          const all = {
            [Symbol.asyncIterator]() {
              const list = entries(2);
              return {
                next: async () =>
                  list.length > 0 || !idle
                    ? { done: false, value: list.shift() ?? { path: "/z" } }
                    : new Promise(() => {}),
                return: async () => {
                  returned = true;
                },
              };
            },
          };
          const running = outcome(sandbox.files.uploadAll(all, { concurrency: 2, signal: controller.signal }));
          await until(() => state.waiting.length === 2, "two are under way");
          if (idle) {
            state.letGo();
            await until(() => state.current === 0, "they are done");
          }
          if (close) await sandbox.close();
          else controller.abort(reason);
          const { error } = await running;
          assert.equal(error?.code, close ? "CLOSED" : "ABORTED");
          if (!close) assert.equal(error.cause, reason);
          assert.ok(returned);
        });
      }
    }
    await using({}, async (sandbox, server) => {
      const before = server.seen.length;
      const { error } = await outcome(sandbox.files.uploadAll(entries(3), AbortSignal.abort(reason)));
      assert.equal(error?.code, "ABORTED");
      assert.equal(server.seen.length, before);
    });
  });
});
