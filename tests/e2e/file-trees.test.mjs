// Many files at once: up, down, looked at, deleted; and downloads that can be resumed.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { all, recorder, rejection, startServer, unique } from "./server.mjs";

let server;
let sandbox;
let files;
let dir;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
  ({ files } = sandbox);
});
beforeEach(() => {
  dir = `/tmp/trees-${unique()}`;
});
after(() => server?.stop());

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");
const inside = async (script) => {
  const run = await sandbox.commands.run(script);
  assert.ok(run.ok, run.stderr);
  return run.stdout;
};

/** Another handle on the same sandbox, whose requests are noted. */
async function watched(answer) {
  const { calls, fetch } = recorder(answer);
  const handle = await Sandbox.connect({
    connectionConfig: server.config({ fetch }),
    sandboxId: sandbox.id,
    skipHealthCheck: true,
  });
  calls.length = 0;
  return { handle, calls };
}

describe("more paths than one request carries", () => {
  test("are looked at and deleted in several, none with a long address", async () => {
    // Long names, and characters that are nine times as long in an address.
    const names = Array.from({ length: 1203 }, (_, i) => (i % 3 ? `${i}` : `${"你好".repeat(20)}-${i}`));
    const list = names.map((name) => `${dir}/${name}`);
    await inside(`mkdir -p ${dir} && cd ${dir} && touch ${names.map((name) => `'${name}'`).join(" ")}`);
    const { handle, calls } = await watched();
    const infos = await handle.files.getFileInfo(list);
    assert.deepEqual(new Set(Object.keys(infos)), new Set(list));
    assert.ok(Object.values(infos).every(({ type, modifiedAt }) => type === "file" && modifiedAt instanceof Date));
    const short = (count) => {
      const asked = calls.filter(({ url }) => url.includes("/files?") || url.includes("/files/info"));
      assert.ok(asked.length >= count, `${asked.length} requests`);
      for (const { url } of asked) assert.ok(url.length < 5000, `${url.length} characters`);
      calls.length = 0;
    };
    short(3);
    // One that is missing fails the call, also in the last part.
    const missing = await rejection(handle.files.getFileInfo([...list, `${dir}/none`]));
    assert.deepEqual([missing.statusCode, missing.code], [404, "FILE_NOT_FOUND"]);
    calls.length = 0;
    assert.equal(await handle.files.deleteFiles(list), undefined);
    short(3);
    assert.deepEqual(await files.listDirectory({ path: dir }), []);
    await handle.close();
  });

  test("are deleted as directories, too", async () => {
    const list = Array.from({ length: 501 }, (_, i) => `${dir}/${i}`);
    await files.createDirectories(list.map((path) => ({ path })));
    await files.deleteDirectories(list);
    assert.deepEqual(await files.listDirectory({ path: dir }), []);
  });

  test("may be called what JavaScript takes for its own", async () => {
    const list = ["__proto__", ...Array.from({ length: 500 }, (_, i) => `${dir}/${i}`)];
    await files.createDirectories(list.map((path) => ({ path })));
    const infos = await files.getFileInfo(list);
    assert.equal(Object.keys(infos).length, 501);
    assert.ok(Object.hasOwn(infos, "__proto__"));
    await files.deleteDirectories(list);
  });
});

test("uploadAll writes what a generator gives, with modes and parents", async () => {
  const count = 120;
  async function* entries() {
    for (let i = 0; i < count; i++) {
      const data = i % 2 ? `text ${i}` : new Blob([new Uint8Array(i)]);
      yield { path: `${dir}/${i % 7}/${i}.txt`, data, mode: 640 };
    }
  }
  let last;
  const result = await files.uploadAll(entries(), { onProgress: (progress) => (last = progress) });
  assert.equal(result.files, count);
  assert.ok(last.filesDone >= count - 4 && last.path.startsWith(dir));
  assert.equal(Number(await inside(`find ${dir} -type f -perm 640 | wc -l`)), count);
  assert.equal(await inside(`cat ${dir}/*/* | wc -c`), `${result.bytes}\n`);
  const error = await rejection(
    files.uploadAll(
      [
        { path: `${dir}/fine`, data: "x" },
        { path: "/proc/no/such/place", data: "y" },
      ],
      { concurrency: 1 },
    ),
  );
  assert.equal(error.name, "SandboxApiException");
  assert.equal(error.path, "/proc/no/such/place");
  assert.ok(error.message.length > 10 && error.requestId);
  assert.equal(await files.readFile(`${dir}/fine`), "x");
});

test("what lies on a disk is uploaded from there, and its progress ends at its size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "upload-"));
  try {
    const bytes = randomBytes(5_000_000);
    writeFileSync(join(folder, "big"), bytes);
    const seen = [];
    const data = await openAsBlob(join(folder, "big"));
    await files.writeFiles([{ path: `${dir}/big`, data }], { onProgress: (progress) => seen.push(progress) });
    assert.equal((await inside(`sha256sum ${dir}/big`)).slice(0, 64), sha(bytes));
    assert.deepEqual(seen.at(-1), { path: `${dir}/big`, loaded: bytes.length, total: bytes.length });
    assert.ok(seen.length > 5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("download", () => {
  test("gives a file in each of three ways, with its progress", async () => {
    const bytes = randomBytes(3_000_000);
    const path = `${dir}/a b$PWD`.replace("$PWD", "");
    await files.writeFiles([{ path, data: bytes }]);
    const seen = [];
    const whole = await files.download(path, { onProgress: (progress) => seen.push(progress) }).bytes();
    assert.ok(whole instanceof Uint8Array);
    assert.equal(sha(whole), sha(bytes));
    assert.deepEqual(seen.at(-1), { path, loaded: bytes.length, total: bytes.length });
    assert.equal(sha(Buffer.concat(await all(files.download(path)))), sha(bytes));
    const stream = files.download(path).toReadableStream();
    assert.equal(sha(new Uint8Array(await new Response(stream).arrayBuffer())), sha(bytes));
  });

  test("goes on when its connection breaks, at any place", async () => {
    const bytes = randomBytes(2_000_000);
    const path = `${dir}/cut`;
    await files.writeFiles([{ path, data: bytes }]);
    for (const limit of [0, 1, 65_536, 1_234_567, 1_999_999]) {
      let broken = false;
      // The network of a bad day: after so many bytes the body breaks, once.
      const { handle } = await watched(async (url, init) => {
        const response = await fetch(url, init);
        if (broken || !String(url).includes("/files/download")) return response;
        broken = true;
        let left = limit;
        const cut = new TransformStream({
          transform(chunk, controller) {
            controller.enqueue(chunk.subarray(0, left));
            left -= chunk.length;
            if (left <= 0) controller.error(new TypeError("the line is dead"));
          },
        });
        return new Response(response.body.pipeThrough(cut), response);
      });
      assert.equal(sha(await handle.files.download(path).bytes()), sha(bytes), `after ${limit} bytes`);
      assert.ok(broken);
      await handle.close();
    }
  });

  test("tells when the file was changed before it could go on", async () => {
    const path = `${dir}/changing`;
    await files.writeFiles([{ path, data: randomBytes(2_000_000) }]);
    let changed = false;
    const { handle } = await watched(async (url, init) => {
      const response = await fetch(url, init);
      if (changed || !String(url).includes("/files/download")) return response;
      changed = true;
      await files.writeFiles([{ path, data: randomBytes(2_000_000) }]);
      const cut = new TransformStream({ transform: (_, controller) => controller.error(new TypeError("dead")) });
      return new Response(response.body.pipeThrough(cut), response);
    });
    const error = await rejection(handle.files.download(path).bytes());
    assert.deepEqual([error.name, error.code, error.path], ["SandboxException", "FILE_CHANGED", path]);
    await handle.close();
  });

  test("of nothing, of an empty file, of a link, of a directory", async () => {
    await inside(`mkdir -p ${dir} && cd ${dir} && touch empty && echo text > file && ln -s file link`);
    assert.equal((await files.download(`${dir}/empty`).bytes()).length, 0);
    assert.equal(Buffer.from(await files.download(`${dir}/link`).bytes()).toString(), "text\n");
    const none = await rejection(files.download(`${dir}/none`).bytes());
    assert.deepEqual([none.statusCode, none.code], [404, "FILE_NOT_FOUND"]);
    assert.equal((await rejection(files.download(dir).bytes())).name, "InvalidArgumentException");
    assert.throws(() => files.download(5), { name: "InvalidArgumentException", message: /^path / });
    assert.throws(() => files.download("/a", { maxResumes: -1 }), { message: /^maxResumes / });
  });
});

describe("downloadDirectory", () => {
  test("gives all that is in it, by relative paths, each with its content", async () => {
    await inside(`mkdir -p ${dir}/a/b/c ${dir}/leer && cd ${dir} && echo 1 > eins && echo 2 > a/b/c/zwei && echo > .hidden &&
      printf 'ä' > 'a/grüße 你好' && touch a/empty`);
    const found = {};
    for await (const entry of files.downloadDirectory(`${dir}/`)) {
      found[entry.path] = entry.info.type === "file" ? Buffer.from(await entry.bytes()).toString() : entry.info.type;
      assert.equal(entry.info.path, `${dir}/${entry.path}`);
      assert.ok(entry.info.modifiedAt instanceof Date);
    }
    assert.deepEqual(found, {
      ".hidden": "\n",
      a: "directory",
      "a/b": "directory",
      "a/b/c": "directory",
      "a/b/c/zwei": "2\n",
      "a/empty": "",
      "a/grüße 你好": "ä",
      eins: "1\n",
      leer: "directory",
    });
    // Where `~` is, only the sandbox knows.
    await inside("mkdir -p ~/tree-home && echo x > ~/tree-home/f");
    assert.deepEqual(
      (await all(files.downloadDirectory("~/tree-home"))).map(({ path }) => path),
      ["f"],
    );
  });

  test("reports links and odd files, and reads none of them", async () => {
    await inside(`mkdir -p ${dir}/in ${dir}-out && echo secret > ${dir}-out/secret && cd ${dir}/in &&
      ln -s ../../$(basename ${dir}-out) dir && ln -s /etc/passwd file && ln -s nowhere dangling && mkfifo pipe && echo x > plain`);
    const entries = await all(files.downloadDirectory(`${dir}/in`));
    assert.deepEqual(
      entries.map(({ path, info }) => [path, info.type]),
      [
        ["dangling", "symlink"],
        ["dir", "symlink"],
        ["file", "symlink"],
        ["pipe", "other"],
        ["plain", "file"],
      ],
    );
    for (const entry of entries.slice(0, 4)) {
      assert.equal((await rejection(entry.bytes())).name, "InvalidArgumentException");
      assert.throws(() => entry.stream(), { name: "InvalidArgumentException" });
    }
    assert.equal(Buffer.concat(await all(entries[4].stream())).toString(), "x\n");
    // Nor is the directory itself one that is reached by a link.
    const error = await rejection(all(files.downloadDirectory(`${dir}/in/dir`)));
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 400]);
  });

  test("refuses names that execd would read as something else", async () => {
    await inside(`mkdir -p ${dir} && cd ${dir} && echo x > 'price$5' && echo y > '$HOME'`);
    for (const entry of await all(files.downloadDirectory(dir))) {
      const error = await rejection(entry.bytes());
      assert.equal(error.name, "InvalidArgumentException", entry.path);
      assert.match(error.message, /\$/);
    }
  });

  test("sends nothing before it is asked, one list, and nothing for what is not read", async () => {
    await files.writeFiles(["a", "b", "c"].map((path) => ({ path: `${dir}/${path}`, data: path })));
    const { handle, calls } = await watched();
    const tree = handle.files.downloadDirectory(dir);
    assert.equal(calls.length, 0);
    for await (const entry of tree) {
      if (entry.path === "b") {
        assert.equal(Buffer.from(await entry.bytes()).toString(), "b");
        break;
      }
    }
    const asked = calls
      .filter(({ url }) => !url.includes("/endpoints/"))
      .map(({ url }) => new URL(url).pathname.split("/").slice(-2).join("/"));
    assert.deepEqual(asked, ["files/info", "directories/list", "files/download"]);
    assert.throws(() => tree[Symbol.asyncIterator](), TypeError);
    await handle.close();
    const none = await rejection(all(files.downloadDirectory(`${dir}/none`)));
    assert.equal(none.statusCode, 404);
    const plain = await rejection(all(files.downloadDirectory(`${dir}/a`)));
    assert.equal(plain.statusCode, 400);
    assert.throws(() => files.downloadDirectory(""), { name: "InvalidArgumentException" });
  });

  test("and uploadAll copy a tree", async () => {
    await inside(
      `mkdir -p ${dir}/from && cp -r /etc/default ${dir}/from/ 2>/dev/null; head -c 3000000 /dev/urandom > ${dir}/from/big; true`,
    );
    async function* copies() {
      for await (const entry of files.downloadDirectory(`${dir}/from`)) {
        if (entry.info.type === "file") yield { path: `${dir}/to/${entry.path}`, data: entry.stream() };
      }
    }
    const { files: count } = await files.uploadAll(copies());
    assert.ok(count > 0);
    assert.equal(await inside(`cd ${dir} && find from -type l -delete; diff -r from to && echo same`), "same\n");
  });
});
