// Files: the rules of uploads, ranges, listings and changes.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { box, call, json, query } from "./execd-box.mjs";

function multipart(parts) {
  const pieces = parts.flatMap(({ name, filename, body }) => [
    `--B\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n`,
    body,
    "\r\n",
  ]);
  return {
    body: Buffer.concat([...pieces, "--B--\r\n"].map((piece) => Buffer.from(piece))),
    headers: { "content-type": "multipart/form-data; boundary=B" },
  };
}
const metadata = (value, filename = "metadata") => ({ name: "metadata", filename, body: JSON.stringify(value) });
const file = (body, filename = "f") => ({ name: "file", filename, body });
const upload = (parts, more) => {
  const { body, headers } = multipart(parts);
  return call("POST", "/files/upload", body, { headers, ...more });
};

describe("files", { concurrency: 4 }, () => {
  test("500 files are taken, 501 are not", async () => {
    const many = (count) =>
      Array.from({ length: count }, (_, index) => [
        metadata({ path: join(box, `many/${index}`) }),
        file(`content ${index}`),
      ]).flat();
    assert.equal((await upload(many(500))).status, 200);
    assert.equal(readdirSync(join(box, "many")).length, 500);
    assert.equal(readFileSync(join(box, "many/499"), "utf8"), "content 499");
    const over = await upload(many(501));
    assert.deepEqual([over.status, json(over)], [400, { code: "INVALID_FILE", message: "multipart form is empty" }]);
  });

  test("upload rules", async () => {
    const target = join(box, "rules");
    const expect = async (code, parts, status = 400) => {
      const answer = await upload(parts);
      assert.deepEqual([answer.status, json(answer).code], [status, code]);
      return json(answer).message;
    };
    assert.equal(
      await expect("INVALID_FILE_METADATA", [{ name: "metadata", body: '{"path":"/x"}' }, file("x")]),
      "metadata file is missing",
    );
    assert.equal(
      await expect("INVALID_FILE_CONTENT", [metadata({ path: target }), { name: "file", body: "x" }]),
      "file is missing",
    );
    assert.equal(
      await expect("INVALID_FILE", [metadata({ path: target }), file("1"), file("2")]),
      "metadata and file count mismatch: 1 vs 2",
    );
    await expect("INVALID_FILE_METADATA", [metadata({ path: "" }), file("1")]);
    await expect("INVALID_FILE_METADATA", [{ name: "metadata", filename: "m", body: "{" }, file("1")]);
    await expect("INVALID_FILE_METADATA", [metadata({ path: target, mode: "644" }), file("1")]);
    await expect("RUNTIME_ERROR", [metadata({ path: "$NOT_DEFINED_HERE/x" }), file("1")], 500);
    assert.ok(!existsSync(target));
    await expect("RUNTIME_ERROR", [metadata({ path: target, mode: 689 }), file("1")], 500);
    assert.equal(readFileSync(target, "utf8"), "1", "a bad mode fails after the content was written");
    assert.equal((await call("POST", "/files/upload", "x", { headers: { "content-type": "text/plain" } })).status, 400);
    assert.equal(
      (
        await call("POST", "/files/upload", "--B\r\nbroken", {
          headers: { "content-type": "multipart/form-data; boundary=B" },
        })
      ).status,
      400,
    );
    // Files first, then metadata: paired by index.
    assert.equal(
      (
        await upload([
          file("one"),
          file("two"),
          metadata({ path: join(box, "i/1") }),
          metadata({ path: join(box, "i/2"), mode: 640 }),
        ])
      ).status,
      200,
    );
    assert.deepEqual(
      ["1", "2"].map((name) => readFileSync(join(box, "i", name), "utf8")),
      ["one", "two"],
    );
    assert.equal(statSync(join(box, "i/2")).mode & 0o777, 0o640);
    assert.equal(statSync(join(box, "i/1")).mode & 0o777, 0o777 & ~process.umask());
    await upload([metadata({ path: join(box, "i/2") }), file("again")]);
    assert.deepEqual(
      [statSync(join(box, "i/2")).mode & 0o777, readFileSync(join(box, "i/2"), "utf8")],
      [0o640, "again"],
    );
    await upload([metadata({ path: `${box}/price$5.txt` }), file("p")]);
    assert.ok(existsSync(join(box, "price.txt")));
  });

  test("50 MiB go up and come down", async () => {
    const bytes = Buffer.alloc(50 * 1024 * 1024);
    for (let index = 0; index < bytes.length; index += 4096) bytes.writeUInt32LE(index, index);
    assert.equal((await upload([metadata({ path: join(box, "big") }), file(bytes)])).status, 200);
    const down = await call("GET", `/files/download?path=${query(join(box, "big"))}`);
    assert.ok(down.body.equals(bytes));
  });

  test("ranges", async () => {
    const path = join(box, "range.bin");
    writeFileSync(path, "0123456789abcdefghijklmnopqrstuvwxyz");
    const get = (range) => call("GET", `/files/download?path=${query(path)}`, undefined, { headers: { range } });
    for (const [range, text, header] of [
      ["bytes=30-", "uvwxyz", "30-35"],
      ["bytes=-2", "yz", "34-35"],
      ["bytes=34-99", "yz", "34-35"],
      ["bytes=99-, 1-2,4-5", "12", "1-2"],
    ]) {
      const answer = await get(range);
      assert.deepEqual(
        [answer.status, answer.body.toString(), answer.headers["content-range"]],
        [206, text, `bytes ${header}/36`],
        range,
      );
      assert.equal(answer.headers["accept-ranges"] ?? answer.headers["last-modified"], undefined);
    }
    const broken = await get("bytes=5-2");
    assert.deepEqual(
      [broken.status, broken.headers["content-length"], broken.body.toString(), broken.complete],
      [416, "36", '{"code":"UNKNOWN"}', false],
    );
    writeFileSync(join(box, "short"), "x");
    const short = await call("GET", `/files/download?path=${query(join(box, "short"))}`, undefined, {
      headers: { range: "x" },
    });
    assert.deepEqual(
      [short.status, short.headers["content-length"], short.body.length, short.complete],
      [416, "1", 0, false],
    );
    writeFileSync(join(box, "empty"), "");
    const empty = await call("GET", `/files/download?path=${query(join(box, "empty"))}`, undefined, {
      headers: { range: "bytes=0-1" },
    });
    assert.deepEqual([empty.status, empty.headers["content-length"]], [200, "0"]);
  });

  test("downloads: not modified, odd names, directories", async () => {
    const path = join(box, 'naïve "x".txt');
    writeFileSync(path, "x");
    const full = await call("GET", `/files/download?path=${query(path)}`);
    assert.equal(
      full.headers["content-disposition"],
      "attachment; filename=\"na%C3%AFve%20%22x%22.txt\"; filename*=UTF-8''na%C3%AFve%20%22x%22.txt",
    );
    const again = await call("GET", `/files/download?path=${query(path)}`, undefined, {
      headers: { "if-modified-since": full.headers["last-modified"] },
    });
    assert.deepEqual([again.status, again.body.length, again.headers["content-type"]], [304, 0, undefined]);
    const directory = await call("GET", `/files/download?path=${query(box)}`);
    assert.deepEqual(
      [directory.status, directory.headers["content-length"], directory.complete],
      [200, "9223372036854775807", false],
    );
    assert.equal((await call("GET", "/files/download")).status, 400);
    assert.equal((await call("GET", "/files/download?path=$NOT_DEFINED_HERE")).status, 500);
  });

  test("info, search and list", async () => {
    const root = join(box, "tree");
    mkdirSync(join(root, "b/deep"), { recursive: true });
    writeFileSync(join(root, "a.py"), "1");
    writeFileSync(join(root, "b/deep/c.py"), "22");
    writeFileSync(join(root, ".hidden"), "");
    symlinkSync("/nowhere", join(root, "z-link"));
    symlinkSync("b", join(root, "dir-link"));
    const names = (answer) => json(answer).map(({ path, type }) => `${path.slice(root.length + 1)} ${type}`);
    const search = (pattern) =>
      call("GET", `/files/search?path=${query(root)}${pattern === undefined ? "" : `&pattern=${query(pattern)}`}`);
    assert.deepEqual(names(await search()), [
      ".hidden file",
      "a.py file",
      "b/deep/c.py file",
      "dir-link symlink",
      "z-link symlink",
    ]);
    assert.deepEqual(names(await search("**/*.py")), ["a.py file", "b/deep/c.py file"]);
    assert.deepEqual(names(await search("deep/*.py")), []);
    assert.deepEqual(names(await search("!(*.py)")), [".hidden file", "dir-link symlink", "z-link symlink"]);
    assert.equal((await search("[")).status, 500);
    assert.equal((await call("GET", "/files/search?path=")).status, 400);
    assert.equal((await call("GET", "/files/search?path=/no/such")).status, 404);
    const list = (depth) =>
      call("GET", `/directories/list?path=${query(root)}${depth === undefined ? "" : `&depth=${depth}`}`);
    assert.deepEqual(names(await list()), [
      ".hidden file",
      "a.py file",
      "b directory",
      "dir-link symlink",
      "z-link symlink",
    ]);
    assert.deepEqual(names(await list(2)), [
      ".hidden file",
      "a.py file",
      "b directory",
      "b/deep directory",
      "dir-link symlink",
      "z-link symlink",
    ]);
    assert.deepEqual(json(await list(0)), []);
    for (const depth of ["-1", "x"]) assert.equal((await list(depth)).status, 400);
    for (const path of [join(root, "dir-link"), join(root, "a.py")])
      assert.equal((await call("GET", `/directories/list?path=${query(path)}`)).status, 400);
    assert.equal((await call("GET", "/directories/list?path=/no/such")).status, 404);
    const info = json(await call("GET", `/files/info?path=${query(`${root}/./a.py`)}`));
    assert.deepEqual(Object.keys(info), [`${root}/./a.py`]);
    assert.equal(info[`${root}/./a.py`].path, join(root, "a.py"));
    assert.equal((await call("GET", "/files/info")).body.toString(), "{}");
    assert.equal((await call("GET", "/files/info?path=$NOT_DEFINED_HERE")).status, 500);
  });

  test("moving, deleting, permissions, replacing", async () => {
    const root = join(box, "change");
    mkdirSync(root);
    const at = (name) => join(root, name);
    writeFileSync(at("f"), "a a");
    assert.equal((await call("POST", "/files/mv", [{ src: at("f"), dest: at("new/deep/f") }])).status, 200);
    writeFileSync(at("g"), "");
    assert.equal((await call("POST", "/files/mv", [{ src: at("g"), dest: at("new") }])).status, 500);
    assert.equal((await call("POST", "/files/mv", {})).status, 400);
    symlinkSync("/nowhere", at("dangling"));
    assert.equal(
      (await call("DELETE", `/files?path=${query(at("g"))}&path=${query(at("dangling"))}&path=${query(at("none"))}`))
        .status,
      200,
    );
    assert.deepEqual(readdirSync(root), ["dangling", "new"]);
    assert.equal((await call("DELETE", `/files?path=${query(at("new"))}`)).status, 500);
    assert.equal((await call("POST", "/files/permissions", { [at("new/deep/f")]: { mode: 4711 } })).status, 200);
    assert.equal(statSync(at("new/deep/f")).mode & 0o7777, 0o711);
    for (const body of [{ [at("none")]: { mode: 600 } }, { [at("new")]: { mode: 689 } }]) {
      assert.equal((await call("POST", "/files/permissions", body)).status, 500);
    }
    assert.equal((await call("POST", "/files/permissions", { [at("new")]: { mode: "644" } })).status, 400);
    const replaced = await call("POST", "/files/replace", { [at("new/deep/f")]: { old: "a", new: "bb" } });
    assert.deepEqual([replaced.status, replaced.body.length], [200, 0]);
    assert.equal(readFileSync(at("new/deep/f"), "utf8"), "bb bb");
    assert.equal((await call("POST", "/files/replace", { [at("none")]: { old: "a" } })).status, 404);
    assert.equal((await call("POST", "/directories", { [at("new/deep/f")]: {} })).status, 500);
    assert.equal((await call("DELETE", `/directories?path=${query(`${root}/.`)}`)).status, 500);
    assert.equal((await call("DELETE", "/directories")).status, 200);
    assert.equal((await call("DELETE", `/directories?path=${query(at("new"))}&path=${query(at("none"))}`)).status, 200);
    assert.deepEqual(readdirSync(root), ["dangling"]);
  });
});
