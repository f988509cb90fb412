// The port proxy of execd.
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { until } from "../local/server.mjs";
import { request } from "./compare.mjs";
import { call, json, server } from "./execd-box.mjs";

describe("ports", () => {
  let target;
  let port;
  let release;
  let closed;
  let asked;
  before(async () => {
    target = http.createServer((incoming, response) => {
      if (incoming.url.startsWith("/slow")) {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("first");
        release = () => response.end("second");
        response.on("close", () => {
          closed = true;
        });
        return;
      }
      if (incoming.url.startsWith("/never")) {
        asked = response;
        return;
      }
      if (incoming.url.startsWith("/plain")) return void response.end("<html>x</html>");
      if (incoming.url.startsWith("/nothing")) return void response.writeHead(204).end();
      let body = "";
      incoming.on("data", (chunk) => (body += chunk));
      incoming.on("end", () => {
        response.writeHead(201, { "content-type": "application/json", "x-app": "yes" });
        response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body }));
      });
    });
    target.on("upgrade", (incoming, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${incoming.headers.upgrade}\r\nConnection: Upgrade\r\nX-Path: ${incoming.url}\r\n\r\nwelcome;`,
      );
      socket.on("data", (chunk) => socket.write(String(chunk).toUpperCase()));
      socket.on("end", () => socket.end());
    });
    await new Promise((resolve) => target.listen(0, "127.0.0.1", resolve));
    port = target.address().port;
  });
  after(() => {
    target.closeAllConnections();
    target.close();
  });

  test("requests are passed on", async () => {
    const answer = await call("PATCH", `/proxy/${port}/a%2Fb/%C3%A9?x=%2F&y`, "hello", {
      headers: {
        host: "app.test",
        "x-forwarded-host": "evil",
        "x-forwarded-for": "9.9.9.9",
        "x-execd-access-token": "t",
      },
    });
    const seen = json(answer);
    assert.deepEqual([answer.status, answer.headers["x-app"]], [201, "yes"]);
    assert.deepEqual(
      [seen.method, seen.url, seen.body, seen.headers.host],
      ["PATCH", "/a/b/%C3%A9?x=%2F&y", "hello", "app.test"],
    );
    assert.deepEqual(
      [seen.headers["x-forwarded-for"], seen.headers["x-forwarded-proto"], seen.headers["x-forwarded-host"]],
      ["9.9.9.9, 127.0.0.1", "http", undefined],
    );
    assert.equal(seen.headers["x-execd-access-token"], "t");
    assert.equal(json(await call("GET", `/proxy/${port}`)).url, "/");
    assert.match(
      json(await call("GET", `/proxy/${port}/`)).headers["x-forwarded-for"],
      /^127\.0\.0\.1:\d+, 127\.0\.0\.1$/,
    );
    assert.equal(json(await call("OPTIONS", `/proxy/${port}/x/`)).url, "/x/");
    const untyped = await call("GET", `/proxy/${port}/plain`);
    assert.deepEqual(
      [untyped.headers["content-type"], untyped.headers["content-length"], untyped.body.toString()],
      ["text/html; charset=utf-8", "14", "<html>x</html>"],
    );
    assert.equal((await call("GET", `/proxy/${port}/nothing`)).headers["content-type"], undefined);
  });

  test("answers stream", async () => {
    const pieces = [];
    const answer = await request(server.base, {
      path: `/proxy/${port}/slow`,
      onData(chunk) {
        if (pieces.push(String(chunk)) === 1) release();
      },
    });
    assert.equal(answer.complete, true);
    assert.deepEqual(pieces, ["first", "second"]);
  });

  test("a client that goes away takes its connection along, at once", async () => {
    closed = false;
    const answer = await request(server.base, {
      path: `/proxy/${port}/slow`,
      onData: (_, sent) => sent.destroy(),
    });
    assert.equal(answer.complete, false);
    await until(() => closed);
    asked = undefined;
    const waiting = http.get(`${server.base}/proxy/${port}/never`).on("error", () => {});
    await until(() => asked);
    waiting.destroy();
    await until(() => asked.destroyed);
  });

  test("a tunnel's client that goes away takes its connection along, even where its end is not heard", async () => {
    let gone = false;
    const deaf = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: mine\r\n\r\n"));
      const talk = setInterval(() => socket.write("."), 20);
      socket.on("error", () => {});
      socket.on("close", () => {
        clearInterval(talk);
        gone = true;
      });
    });
    await new Promise((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write(
      `GET /proxy/${deaf.address().port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once("data", resolve));
    socket.end();
    await until(() => gone);
    deaf.close();
  });

  test("upgraded connections are tunnelled", async () => {
    const socket = net.connect(server.port, "127.0.0.1");
    let seen = "";
    socket.on("data", (chunk) => (seen += chunk));
    socket.write(
      `GET /proxy/${port}/ws?q HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await until(() => seen.includes("welcome;"));
    assert.match(seen, /^HTTP\/1.1 101 Switching Protocols\r\n/);
    assert.match(seen, /\r\nX-Path: \/ws\?q\r\n/i);
    assert.match(seen, /\r\nUpgrade: websocket\r\n/i);
    socket.write("ping");
    await until(() => seen.endsWith("PING"));
    socket.end();
    await new Promise((resolve) => socket.on("close", resolve));
  });

  test("errors are text", async () => {
    for (const [path, status, text] of [
      ["/proxy/", 400, "port is required\n"],
      ["/proxy/http/x", 502, "Bad Gateway\n"],
      ["/proxy/1/x", 502, "Bad Gateway\n"],
    ]) {
      const answer = await call("GET", path);
      assert.deepEqual(
        [answer.status, answer.body.toString(), answer.headers["content-type"]],
        [status, text, "text/plain; charset=utf-8"],
      );
    }
  });

  test("execd reaches itself", async () => {
    assert.equal((await call("GET", `/proxy/${server.port}/proxy/${server.port}/ping`)).status, 200);
  });
});
