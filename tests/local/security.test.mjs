// What keeps a web page, another machine's name or another sandbox away from this server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BINARY, listen, raw, startServer, until, upgrade } from "./server.mjs";

const PAGE = "http://page.example";
const FOREIGN = "http://evil.example";

describe("security", () => {
  let server;
  let dir;
  let id;
  let other;
  let seen;
  let backend;
  let prefix;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "local-www-"));
    mkdirSync(join(dir, "www", "sub"), { recursive: true });
    writeFileSync(join(dir, "www", "index.html"), "<!doctype html>page");
    writeFileSync(join(dir, "www", "sub", "a b.js"), "export {}");
    writeFileSync(join(dir, "www", "app.wasm"), "");
    writeFileSync(join(dir, "secret"), "secret");
    server = await startServer("--www", join(dir, "www"), "--allow-origin", PAGE);
    [id, other] = [await server.create(), await server.create()];
    backend = await listen((request, response) => {
      seen = request;
      response.setHeader("content-type", "text/html");
      response.setHeader("service-worker-allowed", "/");
      response.setHeader("clear-site-data", '"*"');
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.setHeader("content-security-policy", "img-src 'none'");
      if (request.url.startsWith("/redirect")) response.setHeader("location", "/login");
      response.end(request.url);
    });
    backend.server.on("upgrade", (_request, socket) => {
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    });
    prefix = `/v1/sandboxes/${id}/proxy/${backend.port}`;
  });
  after(async () => {
    backend?.close();
    await server?.stop();
    if (dir) rmSync(dir, { recursive: true });
  });

  const key = (headers = {}) => ({ ...server.key, ...headers });

  test("loopback only, unless it is said twice", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
      const run = spawnSync(BINARY, ["serve", "--port", "0", "--host", host], { encoding: "utf8", timeout: 20_000 });
      assert.equal(run.status, 1, host);
      assert.match(run.stderr, /--i-know-this-runs-code-for-anyone/);
    }
    for (const origin of ["*", "page.example", "http://*.example", "http://page.example/path"]) {
      const run = spawnSync(BINARY, ["serve", "--port", "0", "--allow-origin", origin], {
        encoding: "utf8",
        timeout: 20_000,
      });
      assert.equal(run.status, 1, origin);
    }
  });

  test("the key is random per start, or the one given, and never in the log", async () => {
    const first = await startServer({ quiet: false });
    const second = await startServer({ env: { ...process.env, OPENSANDBOX_LOCAL_API_KEY: "mine" } });
    assert.match(first.apiKey, /^[0-9a-f]{64}$/);
    assert.equal(second.apiKey, "mine");
    assert.notEqual(first.apiKey, server.apiKey);
    assert.equal((await second.api("GET", "/v1/sandboxes")).status, 200);
    const one = await first.create({ env: { EXECD_ACCESS_TOKEN: "a token of its own" } });
    await first.sh(one, "true");
    await raw(first, { path: "/v1/sandboxes", headers: { "OPEN-SANDBOX-API-KEY": `${first.apiKey}0` } });
    await first.stop();
    await second.stop();
    await until(() => first.log().includes(one));
    for (const secret of [first.apiKey, "a token of its own"]) assert.ok(!first.log().includes(secret));
  });

  test("missing and wrong keys", async () => {
    const paths = [
      "/v1/sandboxes",
      `/v1/sandboxes/${id}`,
      `/v1/sandboxes/${id}/endpoints/80`,
      "/v1/nothing",
      "/sandboxes",
      "/v1/health",
    ];
    for (const path of paths) {
      assert.equal((await raw(server, { path })).json.code, "MISSING_API_KEY", path);
      for (const wrong of ["x", server.apiKey.slice(1), `${server.apiKey}0`]) {
        const answer = await raw(server, { path, headers: { "OPEN-SANDBOX-API-KEY": wrong } });
        assert.deepEqual([answer.status, answer.json.code], [401, "INVALID_API_KEY"], path);
      }
    }
    assert.equal((await raw(server, { method: "DELETE", path: `/v1/sandboxes/${id}` })).status, 401);
    assert.equal((await raw(server, { path: "/health" })).text, '{"status":"healthy"}');
    assert.equal((await raw(server, { path: "/v1/health", headers: key() })).status, 404);
  });

  test("another Host is refused (DNS rebinding)", async () => {
    const { port } = server;
    for (const Host of [
      `evil.example:${port}`,
      "127.0.0.1",
      "localhost",
      `127.0.0.1:${port + 1}`,
      `127.0.0.1.evil.example:${port}`,
      "",
    ]) {
      for (const path of ["/v1/sandboxes", "/health", "/", prefix, `/v1/sandboxes/${id}/proxy/44772/ping`]) {
        const answer = await raw(server, { path, headers: key({ Host }) });
        assert.equal(answer.status, 421, `${Host} ${path}`);
      }
      assert.equal((await upgrade(server, prefix, { Host })).status, 421);
    }
    const absolute = await raw(server, { path: `http://evil.example:${port}/v1/sandboxes`, headers: key() });
    assert.equal(absolute.status, 421);
    for (const Host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      assert.equal((await raw(server, { path: "/v1/sandboxes", headers: key({ Host }) })).status, 200, Host);
    }
  });

  test("a foreign Origin is refused everywhere", async () => {
    for (const Origin of [
      FOREIGN,
      "null",
      `http://127.0.0.1:${server.port + 1}`,
      `https://127.0.0.1:${server.port}`,
      `${PAGE}.evil`,
    ]) {
      for (const path of ["/v1/sandboxes", "/health", "/", prefix, `/v1/sandboxes/${id}/proxy/44772/ping`]) {
        const answer = await raw(server, { path, headers: key({ Origin }) });
        assert.deepEqual([answer.status, answer.json?.code], [403, "ORIGIN_NOT_ALLOWED"], `${Origin} ${path}`);
        assert.equal(answer.headers["access-control-allow-origin"], undefined);
      }
      const post = await raw(server, {
        method: "POST",
        path: `/v1/sandboxes/${id}/proxy/44772/command`,
        headers: { Origin },
        body: '{"command":"touch /workspace/hit"}',
      });
      assert.equal(post.status, 403);
      assert.equal((await upgrade(server, prefix, { Origin })).status, 403);
      const preflight = await raw(server, {
        method: "OPTIONS",
        path: "/v1/sandboxes",
        headers: { Origin, "Access-Control-Request-Method": "POST" },
      });
      assert.deepEqual([preflight.status, preflight.text], [400, "Disallowed CORS origin"]);
      assert.equal(preflight.headers["access-control-allow-origin"], undefined);
    }
    assert.equal((await server.sh(id, "ls /workspace")).stdout, "");
  });

  test("a second Origin does not help", async () => {
    for (const Origin of [
      [PAGE, FOREIGN],
      [FOREIGN, PAGE],
    ]) {
      assert.equal((await raw(server, { path: "/v1/sandboxes", headers: key({ Origin }) })).status, 403, Origin.join());
      assert.equal((await upgrade(server, prefix, { Origin })).status, 403, Origin.join());
    }
  });

  test("its own origins and those named may", async () => {
    for (const Origin of [PAGE, `http://127.0.0.1:${server.port}`, `http://localhost:${server.port}`]) {
      const answer = await raw(server, { path: "/v1/sandboxes", headers: key({ Origin }) });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["access-control-allow-origin"], Origin);
      assert.equal(
        answer.headers["access-control-expose-headers"],
        "X-Request-ID, EXECD-COMMANDS-TAIL-CURSOR, Content-Range, Content-Disposition, Retry-After, OPEN-SANDBOX-ORIGIN",
      );
      assert.match(answer.headers.vary, /Origin/);
      const socket = await upgrade(server, prefix, { Origin });
      assert.equal(socket.status, 101);
      socket.socket.destroy();
      const preflight = await raw(server, {
        method: "OPTIONS",
        path: prefix,
        headers: { Origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x" },
      });
      assert.deepEqual([preflight.status, preflight.headers["access-control-allow-headers"]], [200, "x"]);
    }
    const strict = await startServer("--strict-cors", "--allow-origin", PAGE);
    const answer = await raw(strict, { path: "/health", headers: { Origin: PAGE } });
    assert.equal(answer.headers["access-control-expose-headers"], "OPEN-SANDBOX-ORIGIN");
    assert.equal((await raw(strict, { path: "/health", headers: { Origin: FOREIGN } })).status, 403);
    await strict.stop();
  });

  test("the page and nothing beside it", async () => {
    const page = await raw(server, { path: "/" });
    assert.equal(page.text, "<!doctype html>page");
    assert.match(
      page.headers["content-security-policy"],
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';.*frame-ancestors 'none'$/,
    );
    assert.equal(page.headers["referrer-policy"], "no-referrer");
    assert.equal(page.headers["cache-control"], "no-cache");
    assert.equal((await raw(server, { path: "/sub/a%20b.js" })).status, 200);
    assert.equal((await raw(server, { path: "/app.wasm" })).headers["content-type"], "application/wasm");
    for (const path of [
      "/../secret",
      "/%2e%2e/secret",
      "/..%2fsecret",
      "/sub/..%2f..%2fsecret",
      "/%2e%2e%2fsecret",
      "/sub/%2e%2e/%2e%2e/secret",
      "//secret",
      `/${encodeURIComponent(join(dir, "secret"))}`,
    ]) {
      const answer = await raw(server, { path });
      assert.ok(!answer.text.includes("secret") && answer.status >= 400, `${path}: ${answer.status}`);
    }
    assert.deepEqual((await raw(server, { path: "/missing.js" })).json, { detail: "Not Found" });
    assert.equal((await raw(server, { path: "/v1/missing" })).status, 401);
    assert.equal((await raw(server, { method: "POST", path: "/index.html" })).status, 401);
    const bare = await startServer();
    assert.match((await raw(bare, { path: "/" })).text, /opensandbox-local/);
    assert.equal((await raw(bare, { path: "/index.html" })).status, 401);
    await bare.stop();
  });

  test("proxy paths do not escape", async () => {
    for (const path of [
      `/v1/sandboxes/${id}/proxy/${backend.port}/../../../../sandboxes`,
      `/v1/sandboxes/${id}/proxy/${backend.port}/%2e%2e/x`,
      `/v1/sandboxes/${id}/proxy/${backend.port}/a..b`,
    ]) {
      assert.equal((await raw(server, { path })).json?.code, "MISSING_API_KEY", path);
    }
    const exact = await raw(server, { path: `${prefix}/a%2Fb//c?x=1&y&x=%20` });
    assert.equal(exact.text, "/a%2Fb//c?x=1&y&x=%20");
    assert.equal((await raw(server, { path: `${prefix}@evil.example/` })).status, 401);
    assert.equal((await raw(server, { path: prefix })).text, "/");
  });

  test("the proxy does not lead back into this server or into another execd", async () => {
    const endpoint = async (sandbox) => (await server.api("GET", `/v1/sandboxes/${sandbox}/endpoints/44772`)).body;
    const ports = [server.port];
    for (const sandbox of [id, other]) ports.push(Number((await endpoint(sandbox)).endpoint.split(":")[1]));
    for (const port of ports) {
      for (const by of [`${port}/ping`, `44772/proxy/${port}/ping`, `44772/%70roxy/${port}`]) {
        const answer = await raw(server, { path: `/v1/sandboxes/${id}/proxy/${by}`, headers: key() });
        assert.deepEqual([answer.status, answer.json?.code], [403, "PORT_NOT_ALLOWED"], by);
      }
    }
  });

  test("each execd has its own token", async () => {
    const [mine, theirs] = await Promise.all(
      [id, other].map(async (sandbox) => (await server.api("GET", `/v1/sandboxes/${sandbox}/endpoints/44772`)).body),
    );
    const token = mine.headers["X-EXECD-ACCESS-TOKEN"];
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.notEqual(token, theirs.headers["X-EXECD-ACCESS-TOKEN"]);
    const direct = async (endpoint, headers) => (await fetch(`http://${endpoint}/ping`, { headers })).status;
    assert.equal(await direct(mine.endpoint, mine.headers), 200);
    assert.equal(await direct(theirs.endpoint, mine.headers), 401);
    assert.equal(await direct(theirs.endpoint, {}), 401);
    const ping = `/v1/sandboxes/${other}/proxy/44772/ping`;
    assert.equal((await raw(server, { path: ping })).status, 200);
    assert.equal((await raw(server, { path: ping, headers: mine.headers })).status, 401);
    const proxied = await server.api("GET", `/v1/sandboxes/${id}/endpoints/44772?use_server_proxy=true`);
    assert.deepEqual(proxied.body, { endpoint: `${server.domain}/v1/sandboxes/${id}/proxy/44772` });
    const env = (await server.sh(id, "env; cat /proc/$PPID/environ /proc/1/environ 2>/dev/null")).stdout;
    assert.ok(!env.includes(theirs.headers["X-EXECD-ACCESS-TOKEN"]));
  });

  test("secrets stay with the server", async () => {
    await raw(server, {
      path: `${prefix}/x`,
      headers: key({
        Authorization: "Bearer a",
        Cookie: "c=1",
        Origin: PAGE,
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil",
        Forwarded: "for=6.6.6.6",
        Range: "bytes=0-1",
        "X-Mine": "1",
        "X-Hop": "1",
        Connection: "close, X-Hop",
        "X-Request-ID": "r-1",
      }),
    });
    for (const name of [
      "authorization",
      "cookie",
      "open-sandbox-api-key",
      "forwarded",
      "x-hop",
      "x-execd-access-token",
    ]) {
      assert.equal(seen.headers[name], undefined, name);
    }
    assert.equal(seen.headers.host, `127.0.0.1:${backend.port}`);
    assert.equal(seen.headers["x-forwarded-host"], server.domain);
    assert.equal(seen.headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(seen.headers["x-forwarded-proto"], "http");
    for (const [name, value] of [
      ["range", "bytes=0-1"],
      ["x-mine", "1"],
      ["origin", PAGE],
      ["x-request-id", "r-1"],
    ]) {
      assert.equal(seen.headers[name], value, name);
    }
    await raw(server, { path: `${prefix}/x` });
    assert.equal(seen.headers["x-request-id"], undefined, "a made id is not forwarded");
    assert.equal(seen.headers.cookie, undefined, "no shared cookie jar");
  });

  test("what a sandbox serves is jailed", async () => {
    for (const path of [
      `${prefix}/`,
      `/v1/sandboxes/${id}/proxy/44772/ping`,
      `/sandboxes/${id}/proxy/${backend.port}/`,
    ]) {
      const { headers } = await raw(server, { path });
      assert.match(headers["content-security-policy"], /(^|, )sandbox allow-scripts allow-forms$/, path);
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
    const answer = await raw(server, { path: `${prefix}/redirect` });
    assert.match(answer.headers["content-security-policy"], /^img-src 'none'/);
    assert.equal(answer.headers["service-worker-allowed"], undefined);
    assert.equal(answer.headers["clear-site-data"], undefined);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
    assert.equal(answer.headers.location, `${prefix}/login`);
    const worker = await raw(server, { path: `${prefix}/sw.js`, headers: { "Service-Worker": "script" } });
    assert.equal(worker.status, 403);
  });
});
