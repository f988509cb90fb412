// Who may ask execd, and what it makes of paths, bodies and languages.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { request } from "./compare.mjs";
import { call, json, last, noPings, server, stdout } from "./execd-box.mjs";
import { startExecd } from "./execd-server.mjs";

describe("requests", { concurrency: 4 }, () => {
  test("every route wants the token, redirects do not", async () => {
    const own = await startExecd({ args: ["--access-token", "secret"] });
    try {
      const routes = [
        "GET /ping",
        "POST /command",
        "DELETE /command",
        "GET /command/status/x",
        "GET /command/x/logs",
        "POST /session",
        "POST /session/x/run",
        "DELETE /session/x",
        "POST /code",
        "DELETE /code",
        "POST /code/context",
        "GET /code/contexts",
        "DELETE /code/contexts",
        "GET /code/contexts/x",
        "DELETE /code/contexts/x",
        "DELETE /files",
        "GET /files/info",
        "GET /files/search",
        "GET /files/download",
        "POST /files/mv",
        "POST /files/permissions",
        "POST /files/replace",
        "POST /files/upload",
        "GET /directories/list",
        "POST /directories",
        "DELETE /directories",
        "GET /metrics",
        "GET /metrics/watch",
        "POST /pty",
        "GET /pty/x",
        "DELETE /pty/x",
        "GET /pty/x/ws",
        "GET /proxy/1/x",
        "OPTIONS /proxy/1/x",
        "OPTIONS /command",
        "GET /nothing",
        "GET /",
      ];
      for (const route of routes) {
        const [method, path] = route.split(" ");
        for (const token of [undefined, "Secret", "secre", ""]) {
          const answer = await call(method, path, method === "POST" ? "{}" : undefined, {
            on: own,
            headers: token === undefined ? {} : { "X-EXECD-ACCESS-TOKEN": token },
          });
          assert.equal(answer.status, 401, `${route} with ${token}`);
          assert.equal(
            answer.body.toString(),
            '{"error":"Unauthorized: invalid or missing header X-EXECD-ACCESS-TOKEN"}',
          );
          assert.equal(answer.headers["www-authenticate"], undefined);
        }
      }
      assert.equal(
        (await call("GET", "/ping", undefined, { on: own, headers: { "x-Execd-access-TOKEN": "secret" } })).status,
        200,
      );
      assert.equal((await call("GET", "/ping/", undefined, { on: own })).status, 301);
      assert.equal((await call("POST", "/command/", "{}", { on: own })).status, 307);
      assert.equal((await call("GET", "/nothing/", undefined, { on: own })).status, 401);
    } finally {
      await own.stop();
    }
  });

  test("the token can come from the environment, and commands do not inherit it", async () => {
    const own = await startExecd({ env: { EXECD_ACCESS_TOKEN: "secret", EXECD_API_GRACE_SHUTDOWN: "50ms" } });
    try {
      const headers = { "x-execd-access-token": "secret" };
      assert.equal((await call("GET", "/ping", undefined, { on: own })).status, 401);
      const answer = await call("POST", "/command", { command: "env" }, { on: own, headers });
      assert.equal(last(answer).type, "execution_complete");
      assert.deepEqual(
        stdout(answer).filter((line) => line.includes("EXECD_ACCESS_TOKEN") || line.includes("secret")),
        [],
      );
      assert.ok(answer.closedAfter < 0.95, `grace of 50 ms and not of a second, closed after ${answer.closedAfter}`);
    } finally {
      await own.stop();
    }
  });

  test("wrong methods and unknown paths are the same 404", async () => {
    for (const [method, path] of [
      ["HEAD", "/ping"],
      ["PUT", "/command"],
      ["GET", "/command"],
      ["OPTIONS", "/files"],
      ["GET", "/v1/ping"],
      ["GET", "/"],
      ["GET", "/proxy"],
    ]) {
      const answer = await call(method, path);
      assert.equal(answer.status, 404, `${method} ${path}`);
      assert.equal(answer.headers["content-type"], "text/plain");
      assert.equal(answer.headers.allow, undefined);
      if (method !== "HEAD") assert.equal(answer.body.toString(), "404 page not found");
    }
  });

  test("a slash too many is a redirect", async () => {
    const get = await call("GET", "/files/info/?path=a&x=1");
    assert.deepEqual(
      [get.status, get.headers.location, get.headers["content-type"]],
      [301, "/files/info?path=a&x=1", "text/html; charset=utf-8"],
    );
    assert.equal(get.body.toString(), '<a href="/files/info?path=a&amp;x=1">Moved Permanently</a>.\n\n');
    const post = await call("DELETE", "/command/?id=1");
    assert.deepEqual([post.status, post.headers.location, post.body.length], [307, "/command?id=1", 0]);
    assert.equal((await call("GET", "/ping//")).status, 404);
  });

  test("header names are capitalised, and nothing is said of an empty answer", async () => {
    const ping = await call("GET", "/ping");
    assert.equal(ping.headers["content-type"], undefined);
    assert.equal(ping.headers["content-length"], "0");
    assert.ok(ping.rawHeaders.includes("Content-Length"));
    const open = await request(server.base, {
      method: "POST",
      path: "/command",
      headers: { connection: "keep-alive" },
      body: '{"command":"true"}',
    });
    assert.equal(open.headers.connection, "keep-alive");
    assert.ok(open.rawHeaders.includes("X-Accel-Buffering"));
  });

  test("bodies: any content type, any case, first value only, strict types", async () => {
    const ok = await call("POST", "/command", '{"COMMAND":"echo yes","unknown":1} trailing', {
      headers: { "content-type": "text/plain" },
    });
    assert.deepEqual(stdout(ok), ["yes"]);
    for (const body of [
      "",
      "[]",
      '{"command":1}',
      '{"command":"x","timeout":1.5}',
      '{"command":"x","timeout":"1"}',
      '{"command":"x","timeout":-1}',
      '{"command":"x","uid":-1}',
      '{"command":"x","envs":[]}',
      '{"command":"x","background":"yes"}',
      "{}",
      "null",
      "nonsense",
      '{"command":"x","cwd":"/etc/passwd"}',
      '{"command":"x","cwd":"$NOT_DEFINED_HERE"}',
    ]) {
      const answer = await call("POST", "/command", body);
      assert.equal(answer.status, 400, body);
      assert.equal(json(answer).code, "INVALID_REQUEST_BODY", body);
    }
    assert.match(json(await call("POST", "/command", "")).message, /EOF$/);
    assert.equal((await call("POST", "/session", "")).status, 200);
    assert.equal((await call("POST", "/session", "{")).status, 400);
    assert.match(
      json(await call("POST", "/command", { command: "x", cwd: "$NOT_DEFINED_HERE" })).message,
      /undefined environment variables: NOT_DEFINED_HERE$/,
    );
  });

  test("code without Jupyter", async () => {
    for (const language of ["python", "java", "javascript", "typescript", "go", "bash", "Python"]) {
      const answer = await call("POST", "/code", { code: "1", context: { language } });
      assert.deepEqual([answer.status, json(answer).code], [500, "RUNTIME_ERROR"], language);
    }
    assert.equal((await call("POST", "/code", { code: "" })).status, 400);
    assert.deepEqual(stdout(await call("POST", "/code", { code: "echo a", context: { id: "x" } })), ["a"]);
    assert.deepEqual(stdout(await call("POST", "/code", { code: "echo b", context: { language: "command" } })), ["b"]);
    const background = await call("POST", "/code", { code: "echo c", context: { language: "background-command" } });
    assert.deepEqual(
      noPings(background).map(({ type }) => type),
      ["init", "execution_complete"],
    );
    const sql = noPings(await call("POST", "/code", { code: "select 1", context: { language: "sql" } }));
    assert.deepEqual([sql[1].error.traceback, sql[2].code], [null, "RUNTIME_ERROR"]);
    assert.deepEqual(json(await call("GET", "/code/contexts")), []);
    assert.equal((await call("GET", "/code/contexts?language=sql")).status, 500);
    assert.equal((await call("DELETE", "/code/contexts?language=python")).status, 200);
    assert.equal((await call("DELETE", "/code/contexts")).status, 400);
    assert.equal((await call("DELETE", "/code/contexts/x")).status, 404);
    assert.equal((await call("POST", "/code/context", { language: "python" })).status, 500);
  });
});
