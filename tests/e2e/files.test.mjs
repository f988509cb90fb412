// Files and directories: in, out, looked at, changed.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { all, PATIENCE_MS, recorder, rejection, sleep, startServer, unique, until, within } from "./server.mjs";

let server;
let sandbox;
let files;
/** A directory of the test's own. */
let dir;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
  ({ files } = sandbox);
});
beforeEach(() => {
  dir = `/tmp/files-${unique()}`;
});
after(() => server?.stop());

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");
const shaInside = async (path) => (await sandbox.commands.run(`sha256sum "${path}"`)).stdout.slice(0, 64);
const bytes = (text) => new TextEncoder().encode(text);
const join = (chunks) => Buffer.concat(chunks);

describe("write and read", () => {
  test("a file is written, read, described, and deleted", async () => {
    const path = `${dir}/deep/er/a.txt`;
    const from = Date.now();
    assert.equal(await files.writeFiles([{ path, data: "hello\n", mode: 640 }]), undefined);
    assert.equal(await files.readFile(path), "hello\n");
    assert.equal((await sandbox.commands.run(`cat ${path}`)).stdout, "hello\n");
    const info = (await files.getFileInfo([path]))[path];
    assert.equal(info.path, path);
    assert.equal(info.type, "file");
    assert.equal(info.size, 6);
    assert.equal(info.mode, 640);
    assert.equal(typeof info.owner, "string");
    assert.equal(typeof info.group, "string");
    for (const date of [info.modifiedAt, info.createdAt]) {
      assert.ok(date instanceof Date);
      assert.ok(Math.abs(date - from) < 120_000, String(date));
    }
    assert.deepEqual(
      Object.keys(info).filter((key) => key.includes("_")),
      [],
    );
    assert.equal(await files.deleteFiles([path]), undefined);
    const error = await rejection(files.readFile(path));
    assert.deepEqual([error.name, error.statusCode, error.code], ["SandboxApiException", 404, "FILE_NOT_FOUND"]);
    assert.ok(error.requestId);
  });

  test("writing again replaces the content and keeps the mode", async () => {
    const path = `${dir}/a`;
    await files.writeFiles([{ path, data: "a long first content", mode: 600 }]);
    await files.writeFiles([{ path, data: "short" }]);
    assert.equal(await files.readFile(path), "short");
    assert.equal((await files.getFileInfo([path]))[path].mode, 600);
  });

  test("several files are written by one call, in order", async () => {
    const entries = Array.from({ length: 7 }, (_, i) => ({ path: `${dir}/${i}.txt`, data: `content ${i}` }));
    await files.writeFiles(entries);
    assert.deepEqual(
      await Promise.all(entries.map(({ path }) => files.readFile(path))),
      entries.map(({ data }) => data),
    );
  });

  test("nothing is written when an entry is wrong; what came before a failure is", async () => {
    const [one, two] = [`${dir}/one`, `${dir}/two`];
    const mistake = await rejection(
      files.writeFiles([
        { path: one, data: "1" },
        { path: two, data: "2", mode: 999 },
      ]),
    );
    assert.equal(mistake.name, "InvalidArgumentException");
    assert.match(mistake.message, /entries\[1\]\.mode/);
    assert.equal((await rejection(files.getFileInfo([one]))).statusCode, 404);
    const failure = await rejection(
      files.writeFiles([
        { path: one, data: "1" },
        { path: "/proc/no/such/place", data: "2" },
        { path: two, data: "3" },
      ]),
    );
    assert.equal(failure.name, "SandboxApiException");
    assert.equal(await files.readFile(one), "1");
    assert.equal((await rejection(files.getFileInfo([two]))).statusCode, 404);
  });

  test("every kind of data arrives as its bytes", async () => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const kinds = {
      string: ["grüße\r\n你好\0 end", bytes("grüße\r\n你好\0 end")],
      Uint8Array: [every, every],
      "a view into a larger buffer": [new Uint8Array(every.buffer, 10, 20), every.slice(10, 30)],
      Buffer: [Buffer.from(every), every],
      "another typed array": [new Uint16Array([1, 2, 65535]), new Uint8Array(new Uint16Array([1, 2, 65535]).buffer)],
      ArrayBuffer: [every.buffer, every],
      Blob: [new Blob(["one", every], { type: "image/png" }), join([bytes("one"), every])],
      "async iterable": [
        (async function* () {
          yield every;
          yield bytes("zwei");
          yield every.slice(0, 3);
        })(),
        join([every, bytes("zwei"), every.slice(0, 3)]),
      ],
      ReadableStream: [new Blob([every, every]).stream(), join([every, every])],
      "empty string": ["", bytes("")],
      "no data": [undefined, bytes("")],
      "empty Blob": [new Blob([]), bytes("")],
      "empty stream": [new ReadableStream({ start: (controller) => controller.close() }), bytes("")],
    };
    for (const [name, [data, expected]] of Object.entries(kinds)) {
      const path = `${dir}/${name.replaceAll(" ", "-")}`;
      await files.writeFiles([{ path, data }]);
      const read = await files.readBytes(path);
      assert.ok(read instanceof Uint8Array, name);
      assert.deepEqual(Buffer.from(read), Buffer.from(expected), name);
    }
  });

  test("20 MB survive, in one piece, as a stream up, and as a stream down", async () => {
    const big = randomBytes(20_000_000);
    const hash = sha(big);
    await files.writeFiles([{ path: `${dir}/whole`, data: big }]);
    assert.equal(await shaInside(`${dir}/whole`), hash);
    async function* pieces() {
      for (let at = 0; at < big.length; at += 700_001) yield big.subarray(at, at + 700_001);
    }
    await files.writeFiles([{ path: `${dir}/streamed`, data: pieces() }]);
    assert.equal(await shaInside(`${dir}/streamed`), hash);
    assert.equal(sha(await files.readBytes(`${dir}/whole`)), hash);
    const sink = createHash("sha256");
    let chunks = 0;
    for await (const chunk of files.readBytesStream(`${dir}/streamed`)) {
      assert.ok(chunk instanceof Uint8Array);
      chunks++;
      sink.update(chunk);
    }
    assert.equal(sink.digest("hex"), hash);
    assert.ok(chunks > 1, "it came in pieces");
  });

  test("an empty file is read in every way", async () => {
    const path = `${dir}/empty`;
    await files.writeFiles([{ path, data: "" }]);
    assert.equal((await files.getFileInfo([path]))[path].size, 0);
    assert.equal(await files.readFile(path), "");
    assert.equal((await files.readBytes(path)).length, 0);
    assert.equal(join(await all(files.readBytesStream(path))).length, 0);
  });

  test("encodings are those of TextDecoder; a byte order mark is dropped, what is no UTF-8 replaced", async () => {
    const path = `${dir}/encoded`;
    await files.writeFiles([{ path, data: Uint8Array.of(0x67, 0x72, 0xfc, 0xdf) }]);
    assert.equal(await files.readFile(path, { encoding: "latin1" }), "grüß");
    assert.equal(await files.readFile(path), "gr\ufffd\ufffd");
    await files.writeFiles([{ path, data: "\ufeffmarked" }]);
    assert.equal(await files.readFile(path), "marked");
    assert.equal((await files.readBytes(path)).length, 9);
    const error = await rejection(files.readFile(path, { encoding: "klingon" }));
    assert.equal(error.name, "InvalidArgumentException");
    assert.match(error.message, /encoding/);
  });

  test("ranges are read as HTTP has them", async () => {
    const path = `${dir}/range`;
    await files.writeFiles([{ path, data: "0123456789" }]);
    for (const [range, text] of Object.entries({
      "bytes=2-4": "234",
      "bytes=7-": "789",
      "bytes=-3": "789",
      "bytes=8-999": "89",
    })) {
      assert.equal(await files.readFile(path, { range }), text, range);
      assert.equal(Buffer.from(await files.readBytes(path, { range })).toString(), text, range);
      assert.equal(join(await all(files.readBytesStream(path, { range }))).toString(), text, range);
    }
    const error = await rejection(files.readBytes(path, { range: "bytes=100-" }));
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 416]);
  });

  test("lines are read from an offset, counted from 1, and up to a limit", async () => {
    const path = `${dir}/lines`;
    await files.writeFiles([{ path, data: "eins\nzwei\ndrei\nvier\nfünf\n" }]);
    for (const [options, expected] of [
      [{ offset: 2, limit: 3 }, "zwei\ndrei\nvier"],
      [{ offset: 4 }, "vier\nfünf"],
      [{ limit: 1 }, "eins"],
      [{ offset: 5, limit: 99 }, "fünf"],
      [{ offset: 99, limit: 1 }, ""],
    ]) {
      // Whether the last line keeps its break is the daemon's affair.
      const what = JSON.stringify(options);
      assert.equal((await files.readFile(path, options)).trimEnd(), expected, what);
      assert.equal(
        Buffer.from(await files.readBytes(path, options))
          .toString()
          .trimEnd(),
        expected,
        what,
      );
      assert.equal(
        join(await all(files.readBytesStream(path, options)))
          .toString()
          .trimEnd(),
        expected,
        what,
      );
    }
  });
});

describe("names", () => {
  const NAMES = [
    "ein name mit leerzeichen.txt",
    "grüße 你好 👩‍👩‍👧.txt",
    "quotes \"double\" 'single' `back`.txt",
    "a;b=c&d?e#f%41+g.txt",
    "line\nbreak\r\t.txt",
    "back\\slash.txt",
    "-rf",
    ".hidden",
    "{brace},[bracket]*?.txt",
    "x".repeat(200),
  ];
  test("of every kind reach the file that they name", async () => {
    for (const [number, name] of NAMES.entries()) {
      const path = `${dir}/${name}`;
      await files.writeFiles([{ path, data: `content ${number}` }]);
      assert.equal(await files.readFile(path), `content ${number}`, name);
      assert.deepEqual(Object.keys(await files.getFileInfo([path])), [path], name);
    }
    const listed = await files.listDirectory({ path: dir });
    assert.deepEqual(new Set(listed.map(({ path }) => path)), new Set(NAMES.map((name) => `${dir}/${name}`)));
    await files.moveFiles(NAMES.map((name) => ({ src: `${dir}/${name}`, dest: `${dir}-moved/${name}` })));
    await files.deleteFiles(NAMES.slice(1).map((name) => `${dir}-moved/${name}`));
    assert.deepEqual(
      (await files.listDirectory({ path: `${dir}-moved` })).map(({ path }) => path),
      [`${dir}-moved/${NAMES[0]}`],
    );
  });

  test("with a $ that the daemon would drop are refused, by every method, before anything is sent", async () => {
    const { calls, fetch } = recorder();
    const handle = await Sandbox.connect({
      connectionConfig: server.config({ fetch }),
      sandboxId: sandbox.id,
      skipHealthCheck: true,
    });
    calls.length = 0;
    for (const path of ["/tmp/price$5.txt", "/tmp/end$", "/tmp/a$/b", "/tmp/$-x"]) {
      for (const call of [
        () => handle.files.writeFiles([{ path, data: "x" }]),
        () => handle.files.readFile(path),
        () => handle.files.readBytes(path),
        async () => all(handle.files.readBytesStream(path)),
        async () => handle.files.download(path).bytes(),
        async () => all(handle.files.downloadDirectory(path)),
        () => handle.files.uploadAll([{ path, data: "x" }]),
        () => handle.files.getFileInfo([path]),
        () => handle.files.deleteFiles([path]),
        () => handle.files.moveFiles([{ src: "/tmp/a", dest: path }]),
        () => handle.files.createDirectories([{ path }]),
        () => handle.files.deleteDirectories([path]),
        () => handle.files.listDirectory({ path }),
        () => handle.files.search({ path }),
        () => handle.files.setPermissions([{ path, mode: 644 }]),
        () => handle.files.replaceContents([{ path, oldContent: "a", newContent: "b" }]),
      ]) {
        const error = await rejection((async () => call())());
        assert.equal(error.name, "InvalidArgumentException", `${call}: ${error}`);
        assert.ok(error.message.includes("$"), error.message);
      }
    }
    assert.deepEqual(calls, []);
    await handle.close();
  });

  test("with $NAME are expanded by the daemon", async () => {
    const made = await server.create({ env: { PLACE: "/tmp/placed" } });
    for (const path of ["$PLACE/a.txt", `${"$"}{PLACE}/b.txt`]) {
      await made.files.writeFiles([{ path, data: "here" }]);
      assert.equal(await made.files.readFile(path), "here");
    }
    assert.equal((await made.commands.run("ls /tmp/placed")).stdout, "a.txt\nb.txt\n");
    await made.kill();
  });

  test("that are given twice in one call are refused", async () => {
    const path = `${dir}/twice`;
    for (const call of [
      () =>
        files.replaceContents([
          { path, oldContent: "a", newContent: "b" },
          { path, oldContent: "c", newContent: "d" },
        ]),
      () =>
        files.replaceContentsDetailed([
          { path, oldContent: "a", newContent: "b" },
          { path, oldContent: "c", newContent: "d" },
        ]),
      () =>
        files.setPermissions([
          { path, mode: 600 },
          { path, mode: 644 },
        ]),
      () => files.createDirectories([{ path }, { path, mode: 700 }]),
    ]) {
      const error = await rejection(call());
      assert.equal(error.name, "InvalidArgumentException", String(call));
      assert.match(error.message, /twice/);
    }
  });

  test("that JavaScript takes for its own are ordinary names", async () => {
    const path = "__proto__";
    await files.createDirectories([{ path: dir }, { path }]);
    assert.equal((await files.getFileInfo([path]))[path]?.type, "directory", "__proto__");
    await files.deleteDirectories([path]);
    assert.equal((await rejection(files.getFileInfo([path]))).statusCode, 404);
  });
});

describe("streams", () => {
  const BIG = 30_000_000;
  test("a download sends nothing before the first chunk is asked for", async () => {
    const { calls, fetch } = recorder();
    const handle = await Sandbox.connect({
      connectionConfig: server.config({ fetch }),
      sandboxId: sandbox.id,
      skipHealthCheck: true,
    });
    await handle.files.writeFiles([{ path: `${dir}/a`, data: "abc" }]);
    calls.length = 0;
    const stream = handle.files.readBytesStream(`${dir}/a`);
    await sleep(30);
    assert.deepEqual(calls, []);
    assert.equal(join(await all(stream)).toString(), "abc");
    assert.throws(() => stream[Symbol.asyncIterator](), TypeError);
    await handle.close();
  });

  /** A handle that tells when the connection of a download was given up. */
  async function watched() {
    let gone;
    const { fetch } = recorder(async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (String(url).includes("/files/download")) {
        gone = false;
        init.signal.addEventListener("abort", () => {
          gone = true;
        });
      }
      return response;
    });
    const handle = await Sandbox.connect({
      connectionConfig: server.config({ fetch }),
      sandboxId: sandbox.id,
      skipHealthCheck: true,
    });
    return { handle, gone: () => gone };
  }

  test("break closes a download", async () => {
    await sandbox.commands.run(`mkdir -p ${dir} && head -c ${BIG} /dev/zero > ${dir}/big`);
    const { handle, gone } = await watched();
    let size = 0;
    for await (const chunk of handle.files.readBytesStream(`${dir}/big`)) {
      size += chunk.length;
      break;
    }
    assert.ok(size > 0 && size < BIG);
    assert.equal(gone(), true);
    await handle.close();
  });

  test("a signal aborts a download in the middle", async () => {
    await sandbox.commands.run(`mkdir -p ${dir} && head -c ${BIG} /dev/zero > ${dir}/big`);
    const { handle, gone } = await watched();
    const controller = new AbortController();
    const reason = new Error("enough");
    const reading = (async () => {
      for await (const _ of handle.files.readBytesStream(`${dir}/big`, {}, { signal: controller.signal }))
        controller.abort(reason);
    })();
    const error = await within(PATIENCE_MS, rejection(reading), "the loop");
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause, reason);
    assert.equal(gone(), true);
    await handle.close();
  });

  test("a missing file is told at the first chunk", async () => {
    const error = await rejection(all(files.readBytesStream(`${dir}/none`)));
    assert.deepEqual([error.name, error.statusCode, error.code], ["SandboxApiException", 404, "FILE_NOT_FOUND"]);
    assert.ok(error.requestId);
  });

  test("an upload is really streamed: the source is asked for more as the data goes out", async () => {
    let produced = 0;
    let sentEarly;
    const { fetch } = recorder((url, init) => {
      if (String(url).endsWith("/files/upload")) sentEarly = produced === 0;
      return globalThis.fetch(url, init);
    });
    const handle = await Sandbox.connect({
      connectionConfig: server.config({ fetch }),
      sandboxId: sandbox.id,
      skipHealthCheck: true,
    });
    async function* source() {
      for (let i = 0; i < 5; i++) {
        produced++;
        yield bytes(`part ${i}\n`);
        await sleep(5);
      }
    }
    await handle.files.writeFiles([{ path: `${dir}/parts`, data: source() }]);
    assert.equal(sentEarly, true);
    assert.equal(await files.readFile(`${dir}/parts`), "part 0\npart 1\npart 2\npart 3\npart 4\n");
    await handle.close();
  });

  test("a source that fails rejects the upload with its error as the cause or itself", async () => {
    const mine = new Error("disk on fire");
    async function* source() {
      yield bytes("some");
      throw mine;
    }
    const error = await within(
      PATIENCE_MS,
      rejection(files.writeFiles([{ path: `${dir}/half`, data: source() }])),
      "the upload",
    );
    const chain = [];
    for (let each = error; each; each = each.cause) chain.push(each);
    assert.ok(chain.includes(mine), `${error.stack}\n${error.cause?.stack}`);
  });

  test("an abort stops an upload and its source", async () => {
    let stopped = false;
    const controller = new AbortController();
    const reason = new Error("enough");
    async function* source() {
      try {
        // Not for ever: a test that fails must not hang.
        for (let i = 0; i < 1_000; i++) {
          yield bytes("x".repeat(1000));
          await sleep(5);
          controller.abort(reason);
        }
      } finally {
        stopped = true;
      }
    }
    const uploading = files.writeFiles([{ path: `${dir}/endless`, data: source() }], { signal: controller.signal });
    const error = await within(PATIENCE_MS, rejection(uploading), "the upload");
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause, reason);
    await until("the source was stopped", () => stopped, 2_000);
  });

  test("a source that gives something else than bytes is refused", async () => {
    const data = new ReadableStream({
      start: (controller) => {
        controller.enqueue(42);
        controller.close();
      },
    });
    await within(PATIENCE_MS, rejection(files.writeFiles([{ path: `${dir}/odd`, data }])), "the upload");
    const error = await rejection(files.writeFiles([{ path: `${dir}/odd`, data: 42 }]));
    assert.equal(error.name, "InvalidArgumentException");
    assert.match(error.message, /^entries\[0\]\.data/);
  });
});

describe("looking", () => {
  test("getFileInfo tells files, directories and links apart, and fails for one that is missing", async () => {
    await sandbox.commands.run(
      `mkdir -p ${dir} && cd ${dir} && echo x > file && mkdir sub && ln -s file link && mkfifo pipe`,
    );
    const paths = ["file", "sub", "link", "pipe"].map((name) => `${dir}/${name}`);
    const infos = await files.getFileInfo(paths);
    assert.deepEqual(
      paths.map((path) => infos[path].type),
      ["file", "directory", "symlink", "other"],
    );
    assert.deepEqual(await files.getFileInfo([]), {});
    const error = await rejection(files.getFileInfo([paths[0], `${dir}/none`]));
    assert.deepEqual([error.statusCode, error.code], [404, "FILE_NOT_FOUND"]);
  });

  test("listDirectory goes one level deep, or as deep as it is told", async () => {
    await files.writeFiles(
      ["b.txt", "a/x.txt", "a/deep/y.txt", ".hidden"].map((name) => ({ path: `${dir}/${name}`, data: name })),
    );
    const list = async (depth) =>
      (await files.listDirectory({ path: dir, depth })).map(({ path }) => path.slice(dir.length + 1));
    assert.deepEqual(await list(), [".hidden", "a", "b.txt"]);
    assert.deepEqual(await list(2), [".hidden", "a", "a/deep", "a/x.txt", "b.txt"]);
    assert.deepEqual(await list(9), [".hidden", "a", "a/deep", "a/deep/y.txt", "a/x.txt", "b.txt"]);
    assert.deepEqual(await list(0), []);
    const [, sub, file] = await files.listDirectory({ path: dir });
    assert.deepEqual([sub.type, file.type, file.size], ["directory", "file", 5]);
    assert.ok(file.modifiedAt instanceof Date);
    assert.equal((await rejection(files.listDirectory({ path: `${dir}/none` }))).statusCode, 404);
    assert.equal((await rejection(files.listDirectory({ path: `${dir}/b.txt` }))).statusCode, 400);
  });

  test("search finds files by the pattern of their name, all of them without one", async () => {
    await files.writeFiles(
      ["a.py", "b.txt", "sub/c.py", "sub/.d.py"].map((name) => ({ path: `${dir}/${name}`, data: name })),
    );
    const find = async (pattern) =>
      (await files.search({ path: dir, pattern })).map(({ path }) => path.slice(dir.length + 1)).sort();
    assert.deepEqual(await find("*.py"), ["a.py", "sub/.d.py", "sub/c.py"]);
    assert.deepEqual(await find("?.{py,txt}"), ["a.py", "b.txt", "sub/c.py"]);
    assert.deepEqual(await find(undefined), ["a.py", "b.txt", "sub/.d.py", "sub/c.py"]);
    assert.deepEqual(await find("*.none"), []);
    assert.ok((await files.search({ path: dir }))[0].modifiedAt instanceof Date);
    assert.equal((await rejection(files.search({ path: `${dir}/none` }))).statusCode, 404);
  });
});

describe("changing", () => {
  test("directories are made with their parents and mode, and deleted with all in them", async () => {
    assert.equal(await files.createDirectories([{ path: `${dir}/a/b`, mode: 700 }, { path: `${dir}/c` }]), undefined);
    const infos = await files.getFileInfo([`${dir}/a`, `${dir}/a/b`, `${dir}/c`]);
    assert.deepEqual(
      Object.values(infos).map(({ type }) => type),
      ["directory", "directory", "directory"],
    );
    assert.equal(infos[`${dir}/a/b`].mode, 700);
    assert.equal(infos[`${dir}/c`].mode, 755);
    // Made once more, it keeps its mode.
    await files.createDirectories([{ path: `${dir}/a/b` }, { path: `${dir}/c` }]);
    assert.equal((await files.getFileInfo([`${dir}/a/b`]))[`${dir}/a/b`].mode, 700);
    await files.writeFiles([{ path: `${dir}/a/b/file`, data: "x" }]);
    assert.equal(await files.deleteDirectories([`${dir}/a`, `${dir}/none`]), undefined);
    assert.equal((await rejection(files.getFileInfo([`${dir}/a`]))).statusCode, 404);
    assert.deepEqual(
      (await files.listDirectory({ path: dir })).map(({ path }) => path),
      [`${dir}/c`],
    );
  });

  test("files and directories are moved, with the parents that the target needs", async () => {
    await files.writeFiles([
      { path: `${dir}/a`, data: "A" },
      { path: `${dir}/d/x`, data: "X" },
    ]);
    assert.equal(
      await files.moveFiles([
        { src: `${dir}/a`, dest: `${dir}/new/place/b` },
        { src: `${dir}/d`, dest: `${dir}/e` },
      ]),
      undefined,
    );
    assert.equal(await files.readFile(`${dir}/new/place/b`), "A");
    assert.equal(await files.readFile(`${dir}/e/x`), "X");
    assert.equal((await rejection(files.getFileInfo([`${dir}/a`]))).statusCode, 404);
    assert.equal((await rejection(files.moveFiles([{ src: `${dir}/none`, dest: `${dir}/z` }]))).statusCode, 404);
    const taken = await rejection(files.moveFiles([{ src: `${dir}/e/x`, dest: `${dir}/new/place/b` }]));
    assert.deepEqual([taken.name, taken.statusCode], ["SandboxApiException", 500]);
    assert.equal(await files.readFile(`${dir}/new/place/b`), "A");
  });

  test("text is replaced literally, everywhere, and counted when asked", async () => {
    const [one, two] = [`${dir}/one`, `${dir}/two`];
    await files.writeFiles([
      { path: one, data: "a.c abc a.c 你好 a.c" },
      { path: two, data: "nothing" },
    ]);
    const counts = await files.replaceContentsDetailed([
      { path: one, oldContent: "a.c", newContent: "$&\\1\n" },
      { path: two, oldContent: "x", newContent: "y" },
    ]);
    assert.deepEqual(
      counts.sort((a, b) => (a.path < b.path ? -1 : 1)),
      [
        { path: one, replacedCount: 3 },
        { path: two, replacedCount: 0 },
      ],
    );
    assert.equal(await files.readFile(one), "$&\\1\n abc $&\\1\n 你好 $&\\1\n");
    assert.equal(await files.readFile(two), "nothing");
    assert.equal(await files.replaceContents([{ path: two, oldContent: "nothing", newContent: "" }]), undefined);
    assert.equal(await files.readFile(two), "");
    const missing = await rejection(files.replaceContents([{ path: `${dir}/none`, oldContent: "a", newContent: "b" }]));
    assert.equal(missing.statusCode, 404);
    const empty = await rejection(files.replaceContents([{ path: one, oldContent: "", newContent: "b" }]));
    assert.deepEqual(
      [empty.name, empty.message],
      ["InvalidArgumentException", "entries[0].oldContent cannot be empty"],
    );
  });

  test("permissions are octal digits, as in chmod", async () => {
    const path = `${dir}/a`;
    await files.writeFiles([{ path, data: "x" }]);
    for (const mode of [600, 755, 644, 444]) {
      assert.equal(await files.setPermissions([{ path, mode }]), undefined);
      assert.equal((await files.getFileInfo([path]))[path].mode, mode);
      assert.equal((await sandbox.commands.run(`stat -c %a ${path}`)).stdout, `${mode}\n`);
    }
    for (const mode of [888, 64.4, -1, 99999]) {
      const error = await rejection(files.setPermissions([{ path, mode }]));
      assert.equal(error.name, "InvalidArgumentException", String(mode));
      assert.match(error.message, /^entries\[0\]\.mode /);
    }
    assert.equal(
      (await rejection(files.setPermissions([{ path: `${dir}/none`, mode: 644 }]))).name,
      "SandboxApiException",
    );
  });

  test("a read-only file and a missing one fail with the server's error and words", async () => {
    const readOnly = "/proc/version";
    const write = await rejection(files.writeFiles([{ path: readOnly, data: "x" }]));
    assert.equal(write.name, "SandboxApiException");
    assert.equal(write.statusCode, 500);
    assert.ok(write.message.length > 10 && write.requestId, write.message);
    const replace = await rejection(files.replaceContents([{ path: readOnly, oldContent: "Linux", newContent: "x" }]));
    assert.equal(replace.name, "SandboxApiException");
    assert.match((await sandbox.commands.run(`cat ${readOnly}`)).stdout, /Linux/);
    await files.deleteFiles([`${dir}/never-there`]);
    assert.equal((await rejection(files.readBytes(`${dir}/never-there`))).statusCode, 404);
  });

  test("a directory is not deleted as a file", async () => {
    await files.createDirectories([{ path: `${dir}/d` }]);
    const error = await rejection(files.deleteFiles([`${dir}/d`]));
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 500]);
  });
});
