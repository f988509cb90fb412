// Downloads whose connection breaks: they go on where they were, and give the very file or an error.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { json, noUnhandledRejections, outcome, pause, until, using } from "./fault-server.mjs";

noUnhandledRejections();

const SIZE = 300_000;
const CONTENT = randomBytes(SIZE);
const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");
const PATH = "/srv/data.bin";

/**
 * A file as execd serves it. `cuts`: offsets in the file at which a connection is broken, each once; `how`: "reset", or "end"
 * for a body that ends properly but early. `ranges: false`: the server ignores the header. `onDownload(number)` may change
 * `file` or take over the answer by giving true.
 */
function served({ cuts = [], how = "reset", ranges = true, type = "file", onInfo, onDownload } = {}) {
  const file = { bytes: CONTENT, modified: "2026-01-02T03:04:05.123456789Z" };
  const left = [...cuts].sort((a, b) => a - b);
  const count = { infos: 0, downloads: 0 };
  const asked = [];
  const routes = {
    "GET /files/info": async (_, response, { url }) => {
      count.infos++;
      if (await onInfo?.(count.infos, file, response)) return;
      const path = url.searchParams.get("path");
      if (!file.bytes) return json(response, 404, { code: "FILE_NOT_FOUND", message: `file not found: ${path}` });
      const { bytes, modified } = file;
      json(response, 200, { [path]: { path, type, size: bytes.length, modified_at: modified, created_at: modified } });
    },
    "GET /files/download": async (request, response) => {
      asked.push(request.headers.range);
      count.downloads++;
      if (await onDownload?.(count.downloads, file, response)) return;
      const { bytes } = file;
      const from = ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")[1]) : 0;
      if (from > 0 && from >= bytes.length) return json(response, 416, { code: "UNKNOWN" });
      const cut = left.length > 0 && left[0] >= from ? left.shift() : undefined;
      const headers = { "content-type": "application/octet-stream" };
      if (cut === undefined || how !== "end") headers["content-length"] = bytes.length - from;
      if (ranges && from > 0) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(ranges && from > 0 ? 206 : 200, headers);
      response.flushHeaders();
      const part = bytes.subarray(from, cut);
      if (part.length > 0) await new Promise((resolve) => response.write(part, resolve));
      if (cut === undefined || how === "end") return response.end();
      // A reset may overtake the bytes on their way, which is fine: it then is another offset.
      await pause(5);
      response.socket?.resetAndDestroy();
    },
  };
  return { routes, file, count, asked };
}

const read = async (sandbox, options, call) => {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of sandbox.files.download(PATH, options, call)) {
    size += chunk.length;
    hash.update(chunk);
  }
  return { size, hash: hash.digest("hex") };
};
const WHOLE = { size: SIZE, hash: sha(CONTENT) };

describe("a download that is cut", () => {
  const offsets = [0, 1, 2, 1000, 16_383, 16_384, 65_535, 65_536, 65_537, 131_072, 200_000, SIZE - 2, SIZE - 1, SIZE];
  for (const how of ["reset", "end"]) {
    for (const at of offsets) {
      test(`at byte ${at} by ${how === "reset" ? "a reset" : "an early end"} is read to its end`, async () => {
        const { routes, asked } = served({ cuts: [at], how });
        assert.deepEqual(await using(routes, (sandbox) => read(sandbox)), WHOLE);
        assert.equal(asked[0], undefined, "the first request asks for all of it");
        if (how === "end" && at < SIZE) assert.equal(asked[1], at > 0 ? `bytes=${at}-` : undefined);
      });
    }
  }

  test("again and again comes out whole, in each of its three forms", async () => {
    for (const form of ["iterator", "stream", "bytes"]) {
      const cuts = Array.from({ length: 12 }, (_, i) => 7 + i * 23_456);
      const { routes, count } = served({ cuts });
      await using(routes, async (sandbox) => {
        const download = sandbox.files.download(PATH, { maxResumes: 12 });
        const chunks = [];
        if (form === "bytes") chunks.push(await download.bytes());
        else for await (const chunk of form === "stream" ? download.toReadableStream() : download) chunks.push(chunk);
        assert.equal(sha(Buffer.concat(chunks)), WHOLE.hash);
        assert.equal(count.downloads, 13);
      });
    }
  });

  test("from a server that knows no ranges is read again from its beginning", async () => {
    const { routes } = served({ cuts: [100_000, 250_000], ranges: false });
    assert.deepEqual(await using(routes, (sandbox) => read(sandbox)), WHOLE);
  });

  test("more often than is allowed rejects with the last error", async () => {
    for (const maxResumes of [0, 2]) {
      const { routes, count } = served({ cuts: [10, 20, 30, 40, 50, 60], how: "end" });
      await using(routes, async (sandbox) => {
        const { error } = await outcome(read(sandbox, { maxResumes }));
        assert.deepEqual([error?.name, error?.code], ["SandboxConnectionException", "NETWORK_ERROR"]);
        assert.equal(count.downloads, maxResumes + 1);
      });
    }
  });

  test("goes on after refusals that pass, which count as well", async () => {
    const busy = (number, _, response) => {
      if (number !== 2 && number !== 3) return false;
      json(response, 503, { code: "BUSY", message: "later" });
      return true;
    };
    const first = served({ cuts: [5000], onDownload: busy });
    assert.deepEqual(await using(first.routes, (sandbox) => read(sandbox)), WHOLE);
    assert.equal(first.count.downloads, 4);
    const second = served({ cuts: [5000], onInfo: busy });
    assert.deepEqual(await using(second.routes, (sandbox) => read(sandbox)), WHOLE);
    const third = served({ cuts: [5000], onDownload: busy });
    const { error } = await using(third.routes, (sandbox) => outcome(read(sandbox, { maxResumes: 2 })));
    assert.deepEqual([error?.code, error?.statusCode], ["BUSY", 503]);
  });

  test("says its progress, which never goes back", async () => {
    const { routes } = served({ cuts: [1, 70_000, 200_000] });
    const seen = [];
    await using(routes, (sandbox) => read(sandbox, { onProgress: (progress) => seen.push(progress) }));
    assert.deepEqual(seen.at(-1), { path: PATH, loaded: SIZE, total: SIZE });
    assert.ok(seen.every(({ loaded }, i) => i === 0 || loaded > seen[i - 1].loaded));
    assert.ok(seen.every(({ total }) => total === SIZE));
  });
});

describe("a file that is changed while it is read", () => {
  const later = "2026-01-02T03:04:05.123456790Z";
  const changes = {
    "to the same length": (file) => {
      file.bytes = randomBytes(SIZE);
      file.modified = later;
    },
    "by a touch": (file) => {
      file.modified = later;
    },
    "to a longer one": (file) => {
      file.bytes = Buffer.concat([CONTENT, CONTENT]);
      file.modified = later;
    },
    "to a shorter one": (file) => {
      file.bytes = CONTENT.subarray(0, 50_000);
      file.modified = later;
    },
    // The clock of a file system is coarse.
    "to a longer one in the same instant": (file) => {
      file.bytes = Buffer.concat([CONTENT, CONTENT]);
    },
  };
  const isChanged = (error) => {
    assert.deepEqual([error?.name, error?.code, error?.path], ["SandboxException", "FILE_CHANGED", PATH]);
    assert.equal(error.isRetryable, false);
    assert.match(error.message, /was changed while it was being read/);
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`${name}, before the connection broke, is an error`, async () => {
      const { routes } = served({ cuts: [100_000], onInfo: (number, file) => number === 2 && void change(file) });
      isChanged((await using(routes, (sandbox) => outcome(read(sandbox)))).error);
    });
    test(`${name}, after it was compared, is an error`, async () => {
      const { routes } = served({ cuts: [100_000], onDownload: (number, file) => number === 2 && void change(file) });
      isChanged((await using(routes, (sandbox) => outcome(read(sandbox)))).error);
    });
  }

  test("and shows it by the answer's range is an error", async () => {
    const wrong = (number, _, response) => {
      if (number !== 2) return false;
      response.writeHead(206, { "content-range": `bytes 0-${SIZE - 1}/${SIZE}` });
      response.end(CONTENT);
      return true;
    };
    const { routes } = served({ cuts: [100_000], onDownload: wrong });
    isChanged((await using(routes, (sandbox) => outcome(read(sandbox)))).error);
  });

  test("and is gone is the server's own error", async () => {
    const { routes } = served({
      cuts: [100_000],
      onInfo: (number, file) => {
        if (number === 2) file.bytes = undefined;
      },
    });
    const { error } = await using(routes, (sandbox) => outcome(read(sandbox)));
    assert.deepEqual([error?.statusCode, error?.code], [404, "FILE_NOT_FOUND"]);
  });

  test("before it was opened has more or fewer bytes than it should", async () => {
    for (const bytes of [Buffer.concat([CONTENT, CONTENT]), CONTENT.subarray(0, 100)]) {
      const { routes } = served({ onDownload: (_, file) => void Object.assign(file, { bytes, modified: later }) });
      isChanged((await using(routes, (sandbox) => outcome(read(sandbox)))).error);
    }
  });
});

test("what is no plain file is read, but not resumed", async () => {
  const whole = served({ type: "symlink" });
  assert.deepEqual(await using(whole.routes, (sandbox) => read(sandbox)), WHOLE);
  const cut = served({ type: "symlink", cuts: [100_000] });
  const { error } = await using(cut.routes, (sandbox) => outcome(read(sandbox)));
  assert.equal(error?.code, "NETWORK_ERROR");
  assert.equal(cut.count.downloads, 1);
  const directory = served({ type: "directory" });
  const refused = await using(directory.routes, (sandbox) => outcome(read(sandbox)));
  assert.equal(refused.error?.name, "InvalidArgumentException");
  assert.match(refused.error.message, /downloadDirectory/);
});

test("a connection on which nothing comes any more is given up and resumed", async () => {
  const hang = (number, _, response) => {
    if (number !== 1) return false;
    response.writeHead(200, { "content-length": SIZE });
    response.write(CONTENT.subarray(0, 12_345));
    return true;
  };
  const { routes, asked } = served({ onDownload: hang });
  const call = { requestTimeoutSeconds: 1 };
  assert.deepEqual(await using(routes, (sandbox) => read(sandbox, {}, call)), WHOLE);
  assert.deepEqual(asked, [undefined, "bytes=12345-"]);
  const dead = served({ onDownload: (_, __, response) => void response.writeHead(200).write("x") ?? true });
  const { error } = await using(dead.routes, (sandbox) => outcome(read(sandbox, { maxResumes: 0 }, call)));
  assert.deepEqual([error?.name, error?.code], ["SandboxTimeoutException", "REQUEST_TIMEOUT"]);
});

test("a reader that takes its time is no silence", async () => {
  const { routes, count } = served();
  await using(routes, async (sandbox) => {
    let size = 0;
    for await (const chunk of sandbox.files.download(PATH, {}, { requestTimeoutSeconds: 1 })) {
      if (size === 0) await pause(2500);
      size += chunk.length;
    }
    assert.equal(size, SIZE);
    assert.equal(count.downloads, 1);
  });
});

test("it is read once, not before it is asked for, and not after it was left", async () => {
  const { routes, count } = served({ cuts: [100_000] });
  await using(routes, async (sandbox) => {
    const download = sandbox.files.download(PATH);
    await pause(20);
    assert.deepEqual(count, { infos: 0, downloads: 0 });
    for await (const chunk of download) {
      assert.ok(chunk.length > 0);
      break;
    }
    await assert.rejects(download.bytes(), TypeError);
    assert.throws(() => download.toReadableStream(), TypeError);
    const stream = sandbox.files.download(PATH).toReadableStream();
    const reader = stream.getReader();
    await reader.read();
    const { downloads } = count;
    const pending = reader.read();
    await reader.cancel();
    await pending;
    await pause(300);
    assert.equal(count.downloads, downloads, "a stream that was cancelled is not resumed");
  });
});

test("one that is left before its answer has come is given up when it comes", async () => {
  let closed = false;
  const late = async (_, __, response) => {
    await pause(100);
    response.writeHead(200, { "content-length": SIZE });
    response.write("x");
    response.on("close", () => {
      closed = true;
    });
    return true;
  };
  const { routes, count } = served({ onDownload: late });
  await using(routes, async (sandbox) => {
    const reader = sandbox.files.download(PATH).toReadableStream().getReader();
    const pending = reader.read();
    await until(() => count.downloads === 1, "it was asked for");
    await reader.cancel();
    assert.equal((await pending).done, true);
    await until(() => closed, "its connection is closed");
  });
});

test("the last comparison is repeated, too, when it gets no answer", async () => {
  const { routes, count } = served({
    cuts: [100_000],
    onInfo: (number, _, response) => number === 3 && (json(response, 503, { message: "later" }) ?? true),
  });
  assert.deepEqual(await using(routes, (sandbox) => read(sandbox)), WHOLE);
  assert.equal(count.infos, 4);
});

test("an abort and close() end it, also while it waits to go on", async () => {
  const cases = [(_, controller, reason) => controller.abort(reason), (sandbox) => sandbox.close()];
  for (const [number, stop] of cases.entries()) {
    for (const broken of [false, true]) {
      const never = (n, _, response) => {
        if (n > 1 && broken) return json(response, 503, { message: "later" }) ?? true;
        response.writeHead(200, { "content-length": SIZE });
        response.write(CONTENT.subarray(0, 1000), () => broken && response.socket?.resetAndDestroy());
        return true;
      };
      const { routes, count } = served({ onDownload: never });
      await using(routes, async (sandbox) => {
        const controller = new AbortController();
        const reason = new Error("enough");
        const reading = outcome(read(sandbox, { maxResumes: 1000 }, { signal: controller.signal }));
        await until(() => count.downloads > (broken ? 1 : 0), "it has begun");
        await stop(sandbox, controller, reason);
        const { error } = await reading;
        assert.equal(error?.code, number === 0 ? "ABORTED" : "CLOSED");
        if (number === 0) assert.equal(error.cause, reason);
      });
    }
  }
});

test("what onProgress throws is what it rejects with", async () => {
  const { routes } = served();
  const own = new RangeError("mine");
  const onProgress = () => {
    throw own;
  };
  await using(routes, async (sandbox) => {
    assert.equal((await outcome(read(sandbox, { onProgress }))).error, own);
  });
});
