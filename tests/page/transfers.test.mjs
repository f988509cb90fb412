// Uploads and downloads in a page, where fetch sends no stream: what the server gets, what is told on the way.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { json, pause, using } from "../faults/fault-server.mjs";
import { launch } from "./browser.mjs";

const PKG = process.env.OPENSANDBOX_PKG;
const KEY = "page-key";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** The package and an empty page, as files of the scripted server. */
const SITE = Object.fromEntries(
  readdirSync(PKG, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => [
      `GET /pkg/${name}`,
      (_, response) => response.setHeader("content-type", "text/javascript").end(readFileSync(join(PKG, name))),
    ]),
);
SITE["GET /"] = (_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>.</title>");
SITE["GET /favicon.ico"] = (_, response) => response.end();

/** Runs `work(files, argument)` in a page of the server's own origin; gives what it returns. */
async function inPage(routes, work, argument) {
  return await using({ ...SITE, ...routes }, async (_, server) => {
    const page = await (await browser.newContext()).newPage();
    try {
      await page.goto(`http://127.0.0.1:${server.port}/`);
      const result = await page.evaluate(
        async ([source, key, given]) => {
          const { Sandbox } = await import("/pkg/index.js");
          const connectionConfig = { domain: location.host, apiKey: key, useServerProxy: false };
          const sandbox = await Sandbox.connect({ connectionConfig, sandboxId: "s1", skipHealthCheck: true });
          return await new Function(`return ${source}`)()(sandbox.files, given);
        },
        [String(work), KEY, argument],
      );
      return { result, server };
    } finally {
      await page.context().close();
    }
  });
}

test("every kind of data arrives, with its length, and its progress is told when it is written", async () => {
  const bodies = [];
  const note = (request, response, { body }) => {
    bodies.push({
      headers: request.headers,
      content: /\r\n\r\n(x+)\r\n--opensandbox-[0-9a-f]+--\r\n$/.exec(body)?.[1],
    });
    response.end();
  };
  const work = async (files, length) => {
    const text = "x".repeat(length);
    const bytes = new TextEncoder().encode(text);
    const pieces = async function* () {
      for (let at = 0; at < length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    };
    const seen = [];
    for (const data of [
      text,
      bytes,
      bytes.buffer,
      new Blob([bytes]),
      new File([bytes], "f"),
      new Blob([bytes]).stream(),
      pieces(),
    ]) {
      await files.writeFiles([{ path: "/f", data }], { onProgress: (progress) => seen.push(progress) });
    }
    return seen;
  };
  const LENGTH = 3_000_000;
  const { result } = await inPage({ "POST /files/upload": note }, work, LENGTH);
  assert.equal(bodies.length, 7);
  for (const { headers, content } of bodies) {
    assert.equal(content?.length, LENGTH);
    assert.ok(Number(headers["content-length"]) > LENGTH);
  }
  // A stream is collected first: it has a length then, which nobody knew before.
  const known = { path: "/f", loaded: LENGTH, total: LENGTH };
  assert.deepEqual(result, [
    known,
    known,
    known,
    known,
    known,
    { path: "/f", loaded: LENGTH },
    { path: "/f", loaded: LENGTH },
  ]);
});

test("the time limit is that of the whole upload", async () => {
  const late = async (_, response) => {
    await pause(1500);
    response.end();
  };
  const work = async (files) => {
    const codes = [];
    for (const requestTimeoutSeconds of [0.5, 0]) {
      const written = files.writeFiles([{ path: "/f", data: new Blob(["x"]) }], { requestTimeoutSeconds });
      codes.push(
        await written.then(
          () => "written",
          (error) => error.code,
        ),
      );
    }
    return codes;
  };
  const { result } = await inPage({ "POST /files/upload": late }, work);
  assert.deepEqual(result, ["REQUEST_TIMEOUT", "written"]);
});

test("an upload is not redirected: neither the key nor the file goes elsewhere", async () => {
  const reached = [];
  const routes = {
    "POST /files/upload": (_, response) => response.writeHead(307, { location: "/v1/sandboxes/s1/pause" }).end(),
    "POST /v1/sandboxes/s1/pause": (request, response) => {
      reached.push(request.headers);
      response.writeHead(202).end();
    },
  };
  const work = (files) =>
    files.writeFiles([{ path: "/f", data: "x" }], { onProgress() {} }).then(
      () => "written",
      (error) => error.code,
    );
  assert.equal((await inPage(routes, work)).result, "REDIRECT_REFUSED");
  assert.deepEqual(reached, []);
});

test("uploadAll leaves connections for others", async () => {
  let current = 0;
  let most = 0;
  const held = async (_, response) => {
    most = Math.max(most, ++current);
    await pause(30);
    current--;
    response.end();
  };
  const work = (files) => files.uploadAll(Array.from({ length: 20 }, (_, i) => ({ path: `/${i}`, data: "x" })));
  const { result } = await inPage({ "POST /files/upload": held }, work);
  assert.deepEqual(result, { files: 20, bytes: 20 });
  assert.ok(most <= 4, `${most} at a time`);
});

test("a download goes on in a page, too, and tells how far it is", async () => {
  const bytes = Buffer.alloc(1_000_000, "0123456789");
  const asked = [];
  const routes = {
    "GET /files/info": (_, response) =>
      json(response, 200, {
        "/f": { path: "/f", type: "file", size: bytes.length, modified_at: "2026-01-01T00:00:00Z" },
      }),
    "GET /files/download": async (request, response) => {
      asked.push(request.headers.range);
      const from = Number(/\d+/.exec(request.headers.range ?? "0")[0]);
      response.writeHead(from ? 206 : 200, { "content-length": bytes.length - from });
      if (asked.length > 2) return response.end(bytes.subarray(from));
      await new Promise((resolve) => response.write(bytes.subarray(from, from + 300_000), resolve));
      await pause(200);
      response.socket.destroy();
    },
  };
  const work = async (files) => {
    const seen = [];
    const download = files.download("/f", { onProgress: (progress) => seen.push(progress) });
    const text = await new Response(download.toReadableStream()).text();
    return { right: text === "0123456789".repeat(100_000), seen };
  };
  const { result } = await inPage(routes, work);
  assert.equal(result.right, true);
  assert.deepEqual(result.seen.at(-1), { path: "/f", loaded: bytes.length, total: bytes.length });
  assert.equal(asked.length, 3);
  assert.match(asked[1], /^bytes=\d+-$/);
});
