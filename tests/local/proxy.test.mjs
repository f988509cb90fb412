// The server proxy streams both ways, ends with its client and tunnels WebSockets.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { freePort, listen, raw, sleep, startServer, until, upgrade } from "./server.mjs";

describe("proxy", () => {
  let server;
  let id;
  let backend;
  let prefix;
  let handler;
  before(async () => {
    server = await startServer();
    id = await server.create();
    backend = await listen((request, response) => handler(request, response));
    prefix = `/v1/sandboxes/${id}/proxy/${backend.port}`;
  });
  after(async () => {
    backend?.close();
    await server?.stop();
  });

  test("every method, and the others not", async () => {
    handler = (request, response) => response.end(request.method);
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
      assert.equal((await raw(server, { method, path: prefix })).text, method);
    }
    for (const method of ["HEAD", "OPTIONS", "TRACE"]) {
      assert.equal((await raw(server, { method, path: prefix })).status, 405, method);
    }
  });

  test("an answer arrives piece by piece", async () => {
    let release;
    handler = (_request, response) => {
      response.write("one");
      release = () => response.end("two");
    };
    const response = await fetch(server.url + prefix);
    const reader = response.body.getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), "one");
    release();
    assert.equal(Buffer.from((await reader.read()).value).toString(), "two");
    assert.equal((await reader.read()).done, true);
  });

  test("an upload arrives piece by piece", async () => {
    const got = [];
    handler = (request, response) => {
      request.on("data", (chunk) => got.push(chunk.toString()));
      request.on("end", () => response.end("done"));
    };
    const request = http.request(server.url + prefix, { method: "POST" });
    request.write("one");
    await until(() => got.join() === "one");
    request.end("two");
    const [response] = await once(request, "response");
    assert.equal(response.statusCode, 200);
    assert.equal(got.join(""), "onetwo");
    response.resume();
  });

  test("no limit of size, and nothing is held back in memory", async () => {
    const size = 64 << 20;
    handler = (request, response) => {
      let received = 0;
      request.on("data", (chunk) => {
        received += chunk.length;
      });
      request.on("end", () => response.end(String(received)));
    };
    const { text } = await raw(server, { method: "POST", path: prefix, body: Buffer.alloc(size) });
    assert.equal(Number(text), size);
  });

  test("a cut answer is cut for the client too", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("12345");
      setTimeout(() => response.socket.destroy(), 50);
    };
    await assert.rejects(async () => (await fetch(server.url + prefix)).text());
    handler = (_request, response) => {
      response.write("12345");
      setTimeout(() => response.socket.destroy(), 50);
    };
    await assert.rejects(async () => (await fetch(server.url + prefix)).text());
  });

  test("a client that goes away takes its connection along, at once", async () => {
    for (const answered of [true, false]) {
      let closed = 0;
      let started;
      const begun = new Promise((resolve) => {
        started = resolve;
      });
      handler = (_request, response) => {
        response.on("close", () => {
          closed = Date.now();
        });
        if (answered) response.write("x");
        started();
      };
      const controller = new AbortController();
      const fetching = fetch(server.url + prefix, { signal: controller.signal });
      if (answered) await (await fetching).body.getReader().read();
      else await begun;
      const aborted = Date.now();
      controller.abort();
      await fetching.catch(() => {});
      await until(() => closed);
      assert.ok(closed - aborted < 2000, `${closed - aborted} ms, answered: ${answered}`);
    }
  });

  test("nobody there", async () => {
    const port = await freePort();
    const answer = await raw(server, { path: `/v1/sandboxes/${id}/proxy/${port}/` });
    assert.equal(answer.status, 502);
    assert.deepEqual(answer.json, {
      code: "BACKEND_CONNECTION_FAILED",
      message: `Could not connect to the backend sandbox 127.0.0.1:${port}: All connection attempts failed`,
    });
    assert.match(answer.headers["x-request-id"], /^[0-9a-f]{32}$/);
    assert.equal(
      (await raw(server, { path: "/v1/sandboxes/nobody/proxy/80/" })).json.code,
      "DOCKER::SANDBOX_NOT_FOUND",
    );
    assert.equal((await raw(server, { path: `/v1/sandboxes/${id}/proxy/70000/` })).json.code, "DOCKER::INVALID_PORT");
    const text = await raw(server, { path: `/v1/sandboxes/${id}/proxy/http/`, headers: server.key });
    assert.deepEqual([text.status, text.json.detail[0].type], [422, "int_parsing"]);
    handler = (_request, response) => response.socket.end("nonsense\r\n\r\n");
    assert.equal((await raw(server, { path: prefix })).json.code, "BACKEND_RESPONSE_FAILED");
  });

  test("a hundred at once", async () => {
    handler = async (_request, response) => {
      await sleep(200);
      response.end("ok");
    };
    const started = Date.now();
    const answers = await Promise.all(Array.from({ length: 150 }, () => raw(server, { path: prefix })));
    assert.ok(answers.every((answer) => answer.text === "ok"));
    assert.ok(Date.now() - started < 15_000, "one after the other they would take thirty seconds");
  });

  test("a WebSocket is a tunnel", async () => {
    const bytes = [];
    let handshake;
    backend.server.once("upgrade", (request, socket) => {
      handshake = request;
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mine\r\n\r\nhello`,
      );
      socket.on("data", (chunk) => {
        bytes.push(chunk);
        socket.write(`<${chunk}>`);
      });
      socket.on("end", () => bytes.push("closed"));
    });
    const opened = await upgrade(server, `${prefix}/ws?q=1`, {
      "Sec-WebSocket-Protocol": "mine",
      Cookie: "c=1",
      Origin: server.url,
    });
    assert.equal(opened.status, 101);
    assert.equal(opened.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert.equal(opened.headers["sec-websocket-protocol"], "mine");
    assert.equal(handshake.url, "/ws?q=1");
    assert.equal(handshake.headers.cookie, undefined);
    assert.equal(handshake.headers.origin, server.url);
    let text = opened.head.toString();
    opened.socket.on("data", (chunk) => {
      text += chunk;
    });
    await until(() => text === "hello");
    opened.socket.write("there");
    await until(() => text === "hello<there>");
    opened.socket.destroy();
    await until(() => bytes.at(-1) === "closed");
  });

  test("a WebSocket that cannot be opened is accepted and closed with a code", async () => {
    const closing = async (path) => {
      const opened = await upgrade(server, path);
      if (opened.status !== 101) return opened.status;
      let bytes = opened.head;
      opened.socket.on("data", (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
      });
      await until(() => bytes.length >= 4);
      opened.socket.destroy();
      assert.equal(bytes[0], 0x88);
      return [bytes.readUInt16BE(2), bytes.subarray(4).toString()];
    };
    const refused = await closing(`/v1/sandboxes/${id}/proxy/${await freePort()}/`);
    assert.deepEqual(refused, [1011, ""]);
    const [code, reason] = await closing("/v1/sandboxes/nobody/proxy/80/");
    assert.equal(code, 1011);
    assert.match(reason, /SANDBOX_NOT_FOUND/);
    const plain = net
      .createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
      })
      .listen(0, "127.0.0.1");
    await once(plain, "listening");
    assert.deepEqual(await closing(`/v1/sandboxes/${id}/proxy/${plain.address().port}/`), [1008, ""]);
    plain.close();
    const half = await raw(server, { path: prefix, headers: { Connection: "Upgrade", Upgrade: "websocket" } });
    assert.equal(half.status, 400);
  });

  test("the sandbox itself serves through it", async () => {
    const port = await freePort();
    await server.sh(
      id,
      `cd /workspace && echo hello > index.html && (python3 -m http.server ${port} --bind 127.0.0.1 >/dev/null 2>&1 &)`,
    );
    const page = await until(async () => {
      const answer = await raw(server, { path: `/v1/sandboxes/${id}/proxy/${port}/index.html` });
      return answer.status === 200 && answer;
    });
    assert.equal(page.text, "hello\n");
  });
});
