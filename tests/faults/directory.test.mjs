// Downloads of directories from a sandbox that lies, changes, or breaks off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, noUnhandledRejections, outcome, using } from "./fault-server.mjs";

noUnhandledRejections();

const at = (number) => `2026-01-01T00:00:00.00000000${number}Z`;
const info = (path, size = 10, modified = at(1), type = "file") => ({ path, type, size, modified_at: modified });

/** A directory /d as execd tells it. `now`: what the one file is when it is looked at later. */
function tree({ root = "/d", list, now, download }) {
  return {
    "GET /files/info": (_, response, { url }) => {
      const path = url.searchParams.get("path");
      json(response, 200, { [path]: path === "/d" ? info(root, 0, at(1), "directory") : (now ?? info(path)) });
    },
    "GET /directories/list": (_, response) => json(response, 200, list),
    "GET /files/download": download ?? ((_, response) => response.end("0123456789")),
  };
}
const entries = async (sandbox) => {
  const found = [];
  for await (const entry of sandbox.files.downloadDirectory("/d")) found.push(entry);
  return found;
};

test("a list that leads out of the directory is refused as a whole, before anything of it is seen", async () => {
  for (const path of [
    "/d/../etc/passwd",
    "/d/a/../../x",
    "/e/x",
    "/d",
    "/d/",
    "/d//x",
    "/d/./x",
    "d/x",
    "",
    "/d/x\0",
  ]) {
    const routes = tree({ list: [info("/d/fine"), info(path)] });
    const { error } = await using(routes, (sandbox) => outcome(entries(sandbox)));
    assert.deepEqual([error?.name, error?.code], ["SandboxApiException", "UNEXPECTED_RESPONSE"], path);
    assert.match(error.requestId, /./);
  }
  const { error } = await using(tree({ list: { not: "a list" } }), (sandbox) => outcome(entries(sandbox)));
  assert.equal(error?.code, "UNEXPECTED_RESPONSE");
  assert.deepEqual(await using(tree({ list: null }), entries), []);
});

test("paths are relative to where the directory really is", async () => {
  const routes = tree({ root: "/root/d", list: [info("/root/d/a/b")] });
  assert.deepEqual(
    (await using(routes, entries)).map(({ path }) => path),
    ["a/b"],
  );
  const top = tree({ root: "/", list: [info("/a/b")] });
  assert.deepEqual(
    (await using(top, entries)).map(({ path }) => path),
    ["a/b"],
  );
});

/** Breaks after four bytes, once. */
function breaking() {
  const asked = [];
  const download = (request, response) => {
    asked.push(request.headers.range);
    if (asked.length > 1) {
      response.writeHead(206, { "content-range": "bytes 4-9/10" });
      return response.end("456789");
    }
    response.writeHead(200, { "content-length": 10 });
    response.write("0123");
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  };
  return { asked, download };
}
const content = async (sandbox) => Buffer.from(await (await entries(sandbox))[0].bytes()).toString();

test("a file of the list is resumed like any other, and compared with what the list said", async () => {
  const { asked, download } = breaking();
  assert.equal(await using(tree({ list: [info("/d/f")], download }), content), "0123456789");
  assert.deepEqual(asked, [undefined, "bytes=4-"]);
  for (const now of [info("/d/f", 11, at(1)), info("/d/f", 10, at(2)), info("/d/f", 10, at(1), "symlink")]) {
    const routes = tree({ list: [info("/d/f")], now, download: breaking().download });
    const { error } = await using(routes, (sandbox) => outcome(content(sandbox)));
    assert.deepEqual([error?.code, error?.path], ["FILE_CHANGED", "/d/f"]);
  }
});

test("one that has grown since the list is read as it is now", async () => {
  const routes = tree({ list: [info("/d/f", 4)] });
  await using(routes, async (sandbox) => {
    const [entry] = await entries(sandbox);
    const seen = [];
    const bytes = await entry.bytes({ onProgress: (progress) => seen.push(progress) });
    assert.equal(Buffer.from(bytes).toString(), "0123456789");
    assert.deepEqual(seen.at(-1), { path: "/d/f", loaded: 10 });
    assert.equal(Buffer.from(await entry.bytes()).toString(), "0123456789", "each call reads anew");
  });
});
