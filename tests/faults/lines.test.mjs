// Reading lines from every execd there is: one that ignores the parameters, and those that know them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { json, noUnhandledRejections, outcome, using } from "./fault-server.mjs";

noUnhandledRejections();

const TEXT = "eins\nzwei\r\n\nvier\nfünf\nsechs ohne Ende";
const LINES = TEXT.match(/[^\n]*\n|[^\n]+/g);

/** 1.0.12: it sends the whole file. */
const ignores = (_, response) => {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": Buffer.byteLength(TEXT) });
  response.end(TEXT);
};
/** Newer: it wants both or none, and cuts them out as they are. */
const knows = (_, response, { url }) => {
  const [offset, limit] = ["offset", "limit"].map((name) => url.searchParams.get(name));
  if (!offset && !limit) return ignores(_, response);
  if (!offset || !limit) return json(response, 400, { code: "INVALID_REQUEST_BODY", message: "both must be provided" });
  // As Go reads it: an int64 and nothing else.
  if (![offset, limit].every((text) => /^[1-9]\d*$/.test(text) && BigInt(text) < 1n << 63n)) {
    return json(response, 400, { code: "INVALID_REQUEST_BODY", message: "must be a positive integer" });
  }
  response.writeHead(200, { "content-type": "text/plain" });
  response.end(LINES.slice(Number(offset) - 1, Number(offset) - 1 + Number(limit)).join(""));
};
/** One between the two: it ends each line with an LF, and takes a CR away. */
const tidies = (_, response, { url }) => {
  const [offset, limit] = ["offset", "limit"].map((name) => Number(url.searchParams.get(name)));
  const lines = LINES.slice(offset - 1, offset - 1 + limit).map((line) => `${line.replace(/\r?\n?$/, "")}\n`);
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(lines.join(""));
};

/** The three ways to read, as text. */
const ways = {
  readFile: (files, options) => files.readFile("/f", options),
  readBytes: async (files, options) => Buffer.from(await files.readBytes("/f", options)).toString(),
  readBytesStream: async (files, options) => {
    const chunks = [];
    for await (const chunk of files.readBytesStream("/f", options)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  },
};

const CASES = [
  [{ offset: 1 }, LINES.join("")],
  [{ offset: 2 }, LINES.slice(1).join("")],
  [{ limit: 1 }, LINES[0]],
  [{ limit: 3 }, LINES.slice(0, 3).join("")],
  [{ offset: 2, limit: 2 }, LINES.slice(1, 3).join("")],
  [{ offset: 3, limit: 1 }, "\n"],
  [{ offset: 6, limit: 1 }, LINES[5]],
  [{ offset: 6, limit: 99 }, LINES[5]],
  [{ offset: 7, limit: 1 }, ""],
  [{ offset: 99 }, ""],
  [{ offset: Number.MAX_SAFE_INTEGER, limit: Number.MAX_SAFE_INTEGER }, ""],
  [{ limit: Number.MAX_SAFE_INTEGER }, TEXT],
];

for (const [name, read] of Object.entries(ways)) {
  describe(name, () => {
    for (const [server, route] of Object.entries({ ignores, knows })) {
      test(`gives the same lines where execd ${server} the parameters`, () =>
        using({ "GET /files/download": route }, async (sandbox, { seen }) => {
          for (const [options, expected] of CASES) {
            assert.equal(await read(sandbox.files, options), expected, JSON.stringify(options));
            const query = seen.at(-1).url.searchParams;
            assert.deepEqual([query.has("offset"), query.has("limit")], [true, true], "never one alone");
          }
          assert.equal(await read(sandbox.files, {}), TEXT);
          assert.equal(seen.at(-1).url.search, "?path=%2Ff", "and neither where none is given");
        }));
    }

    test("takes what execd has cut out as it is", () =>
      using({ "GET /files/download": tidies }, async (sandbox) => {
        assert.equal(await read(sandbox.files, { offset: 2, limit: 2 }), "zwei\n\n");
        assert.equal(await read(sandbox.files, { offset: 6 }), "sechs ohne Ende\n");
      }));

    test("reads no further than it must", async () => {
      let closed;
      const endless = (_, response) => {
        closed = new Promise((resolve) => response.on("close", resolve));
        response.writeHead(200, { "content-type": "application/octet-stream" });
        response.write("1\n2\n3");
      };
      await using({ "GET /files/download": endless }, async (sandbox) => {
        assert.equal(await read(sandbox.files, { offset: 2, limit: 1 }), "2\n");
        await closed;
      });
    });

    test("refuses what is no line, and lines of a range", () =>
      using({}, async (sandbox, server) => {
        const before = server.seen.length;
        for (const [options, message] of [
          [{ offset: 0 }, /^offset must be at least 1/],
          [{ limit: 0 }, /^limit must be at least 1/],
          [{ offset: -1 }, /^offset must be/],
          [{ limit: 1.5 }, /^limit must be/],
          [{ offset: Number.NaN }, /^offset must be/],
          [{ limit: Number.POSITIVE_INFINITY }, /^limit must be/],
          [{ offset: "1" }, /^offset must be/],
          [{ range: "bytes=0-9", limit: 1 }, /^range cannot be used together/],
        ]) {
          const { error } = await outcome((async () => read(sandbox.files, options))());
          assert.equal(error?.name, "InvalidArgumentException", JSON.stringify(options));
          assert.match(error.message, message);
        }
        assert.equal(server.seen.length, before);
      }));
  });
}

test("the limit of a request holds for its lines and its progress, too", async () => {
  const stuck = (_, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.write("1\n");
  };
  await using({ "GET /files/download": stuck }, async (sandbox) => {
    for (const options of [{ limit: 2 }, { onProgress() {} }]) {
      const { error } = await outcome(sandbox.files.readBytes("/f", options, { requestTimeoutSeconds: 0.3 }));
      assert.equal(error?.code, "REQUEST_TIMEOUT");
      const aborted = await outcome(sandbox.files.readFile("/f", options, AbortSignal.timeout(300)));
      assert.equal(aborted.error?.code, "ABORTED");
    }
  });
});

test("what breaks in the middle of its lines is an error", async () => {
  const broken = (_, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": 100 });
    response.write("1\n2\n3", () => response.socket.resetAndDestroy());
  };
  await using({ "GET /files/download": broken }, async (sandbox) => {
    for (const read of Object.values(ways)) {
      assert.equal((await outcome(read(sandbox.files, { limit: 9 }))).error?.code, "NETWORK_ERROR");
    }
  });
});

describe("progress of a download", () => {
  const BYTES = Buffer.alloc(1_000_000, "x");
  const plain = (_, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": BYTES.length });
    response.end(BYTES);
  };
  const unknown = (_, response) => response.end(BYTES) && undefined;
  const lying = (_, response) => {
    // As a gateway that compresses does it, whose header CORS hides.
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(BYTES);
  };
  for (const [name, read] of Object.entries(ways)) {
    test(`by ${name} goes up to its length`, async () => {
      for (const [route, total] of [
        [plain, BYTES.length],
        [unknown, BYTES.length],
        [lying, undefined],
      ]) {
        const seen = [];
        const onProgress = (progress) => seen.push(progress);
        const text = await using({ "GET /files/download": route }, (sandbox) => read(sandbox.files, { onProgress }));
        assert.equal(text.length, BYTES.length);
        const last = { path: "/f", loaded: BYTES.length };
        assert.deepEqual(seen.at(-1), total ? { ...last, total } : last);
        assert.ok(seen.length > 1);
        assert.ok(seen.every(({ loaded }, i) => i === 0 || loaded > seen[i - 1].loaded));
      }
    });

    test(`by ${name} that throws is what it rejects with`, async () => {
      const own = new RangeError("mine");
      const onProgress = () => {
        throw own;
      };
      await using({ "GET /files/download": plain }, async (sandbox) => {
        assert.equal((await outcome(read(sandbox.files, { onProgress }))).error, own);
      });
    });
  }
});
