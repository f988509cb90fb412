// What the recordings of execd do not show: who may ask, what happens on disconnects, timeouts and signals, the rules
// of uploads and ranges, sessions, and how execd itself ends.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "./compare.mjs";
import { binary, startExecd, stopAll } from "./execd-server.mjs";

const isRoot = process.getuid() === 0;
let server;
let box;

const call = (method, path, body, more = {}) =>
  request((more.on ?? server).base, {
    method,
    path,
    body: body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...more,
  });
const json = (response) => JSON.parse(response.body.toString());
const events = (response) =>
  response.body
    .toString()
    .split("\n\n")
    .filter(Boolean)
    .map((text) => JSON.parse(text));
const noPings = (response) => events(response).filter(({ type }) => type !== "ping");
const stdout = (response) =>
  noPings(response)
    .filter(({ type }) => type === "stdout")
    .map(({ text }) => text);
const last = (response) => noPings(response).at(-1);
const command = (text, more = {}) => call("POST", "/command", { command: text, ...more });
const query = (path) => encodeURIComponent(path);
const isAlive = (pid) => {
  try {
    // A zombie is not alive.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

async function until(what, check, limit = 5000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${limit} ms: ${what}`);
    await sleep(30);
  }
}

/** Starts a request and goes away as soon as `when(text so far)` holds. Returns the text. */
function abandon(method, path, body, when) {
  let text = "";
  return request(server.base, {
    method,
    path,
    body: JSON.stringify(body),
    onData(chunk, sent) {
      text += chunk;
      if (when(text)) sent.destroy();
    },
  }).then(
    () => text,
    () => text,
  );
}

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

before(async () => {
  server = await startExecd({ args: ["--graceful-shutdown-timeout", "100ms"] });
  box = join(server.temporary, "box");
  mkdirSync(box);
});
after(async () => {
  await server.stop();
  stopAll();
});

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
        for (const token of [undefined, "Secret", "secret ", "secre", ""]) {
          // node trims nothing inside a value, but the wire does: "secret " is the token again.
          if (token === "secret ") continue;
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
      const answer = await call(
        "POST",
        "/command",
        { command: 'echo "[${EXECD_ACCESS_TOKEN-none}]"' },
        { on: own, headers },
      );
      assert.deepEqual(stdout(answer), ["[none]"]);
      assert.ok(answer.closedAfter < 0.6, `grace of 50 ms, closed after ${answer.closedAfter}`);
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
    for (const [method, path] of [
      ["POST", "/pty"],
      ["GET", "/pty/x"],
      ["DELETE", "/pty/x"],
      ["GET", "/pty/x/ws"],
    ]) {
      const answer = await call(method, path);
      assert.deepEqual([answer.status, json(answer).code], [501, "NOT_SUPPORTED"]);
    }
  });
});

describe("commands", { concurrency: 4 }, () => {
  test("200 000 lines arrive complete and in order, before the end", async () => {
    const answer = await command("seq 1 200000");
    const all = events(answer).filter(({ type }) => type !== "ping");
    assert.equal(all.length, 200_002);
    assert.equal(
      all.slice(1, -1).findIndex(({ type, text }, index) => type !== "stdout" || text !== String(index + 1)),
      -1,
    );
    assert.equal(all.at(-1).type, "execution_complete");
  });

  test("a 20 MB line is one event", async () => {
    const answer = await command("head -c 20000000 /dev/zero | tr '\\0' y");
    assert.deepEqual(
      stdout(answer).map((text) => text.length),
      [20_000_000],
    );
  });

  test("a client that does not read costs no memory and holds nothing up", async () => {
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
    const body = JSON.stringify({
      command: `yes 0123456789012345678901234567890123456789 | head -c 150000000; touch ${box}/all-written`,
    });
    const socket = net.connect(server.port, "127.0.0.1");
    socket.pause();
    socket.write(`POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await until("the command ends", () => existsSync(join(box, "all-written")), 20_000);
    await sleep(2500);
    assert.ok(rss() < 250_000, `${rss()} KiB`);
    socket.destroy();
  });

  test("pings at once and every three seconds; a line waits for its end", async () => {
    const arrived = [];
    const answer = await request(server.base, {
      method: "POST",
      path: "/command",
      body: JSON.stringify({ command: "printf wait; sleep 3.3; echo ed" }),
      onData: (chunk) => arrived.push(String(chunk)),
    });
    assert.deepEqual(
      events(answer).map(({ type }) => type),
      ["init", "ping", "ping", "stdout", "execution_complete"],
    );
    assert.equal(events(answer).at(-1).execution_time >= 3300, true);
    assert.deepEqual(stdout(answer), ["waited"]);
    assert.ok(!arrived[0].includes("stdout"));
  });

  test("output comes while the command runs", async () => {
    let first;
    const began = Date.now();
    await request(server.base, {
      method: "POST",
      path: "/command",
      body: JSON.stringify({ command: "echo now; sleep 1" }),
      onData(chunk) {
        if (String(chunk).includes('"now"')) first ??= Date.now() - began;
      },
    });
    assert.ok(first < 600, `after ${first} ms`);
  });

  test("a foreground command outlives its client", async () => {
    const text = await abandon("POST", "/command", { command: `sleep 0.7; touch ${box}/survived` }, (seen) =>
      seen.includes("init"),
    );
    const { text: id } = JSON.parse(text.split("\n\n")[0]);
    await until("it runs", async () => json(await call("GET", `/command/status/${id}`)).running);
    const status = await until("it ends", async () => {
      const now = json(await call("GET", `/command/status/${id}`));
      return !now.running && now;
    });
    assert.equal(status.exit_code, 0);
    assert.ok(existsSync(join(box, "survived")));
  });

  test("status while running and after failures", async () => {
    const text = await abandon("POST", "/command", { command: "sleep 0.4; exit 3" }, (seen) => seen.includes("ping"));
    const { text: id } = JSON.parse(text.split("\n\n")[0]);
    // Like the real one, execd announces the id a moment before it knows it.
    const now = await until("the id is known", async () => {
      const answer = await call("GET", `/command/status/${id}`);
      return answer.status === 200 && json(answer);
    });
    assert.deepEqual(Object.keys(now), ["id", "content", "running", "started_at"]);
    const done = await until("it ends", async () => {
      const now = json(await call("GET", `/command/status/${id}`));
      return !now.running && now;
    });
    assert.deepEqual([done.exit_code, done.error], [3, "exit status 3"]);
    assert.deepEqual(Object.keys(done), [
      "id",
      "content",
      "running",
      "exit_code",
      "error",
      "started_at",
      "finished_at",
    ]);
    assert.equal((await call("GET", `/command/${id}/logs`)).status, 400);
  });

  test("a timeout kills the whole group", async () => {
    const answer = await command("sleep 60 & echo $!; sleep 60", { timeout: 300 });
    assert.deepEqual(last(answer).error, { ename: "CommandExecError", evalue: "-1", traceback: ["signal: killed"] });
    const [pid] = stdout(answer);
    assert.match(pid, /^\d+$/);
    await until("the child is dead", () => !isAlive(pid), 1000);
  });

  test("children of a foreground command live on", async () => {
    const answer = await command("sleep 60 >/dev/null 2>&1 & echo $!");
    const [pid] = stdout(answer);
    await sleep(200);
    assert.ok(isAlive(pid));
    process.kill(Number(pid));
  });

  test("when a background shell ends, its group is killed", async () => {
    const answer = await command("sleep 60 & echo $!; sleep 0.2", { background: true });
    const id = noPings(answer)[0].text;
    const pid = await until("the pid is logged", async () =>
      (await call("GET", `/command/${id}/logs`)).body.toString().trim(),
    );
    await until("the shell ends", async () => !json(await call("GET", `/command/status/${id}`)).running);
    await until("the child is dead", () => !isAlive(pid), 1000);
  });

  test("interrupt: TERM, and KILL after three seconds", async () => {
    let id;
    const run = (text) => {
      id = undefined;
      return request(server.base, {
        method: "POST",
        path: "/command",
        body: JSON.stringify({ command: text }),
        onData(chunk) {
          id ??= /"init","text":"(\w+)"/.exec(chunk)?.[1];
        },
      });
    };
    const timed = async (path) => {
      const began = Date.now();
      const answer = await call("DELETE", path);
      return { answer, took: Date.now() - began };
    };
    let running = run("sleep 60");
    await until("it runs", () => id);
    await sleep(100);
    const soft = await timed(`/command?id=${id}`);
    assert.deepEqual([soft.answer.status, soft.answer.body.length], [200, 0]);
    assert.ok(soft.took < 1000, `${soft.took} ms`);
    assert.deepEqual(last(await running).error.traceback, ["signal: terminated"]);
    const again = await call("DELETE", `/command?id=${id}`);
    assert.equal(again.status, 500);
    assert.match(json(again).message, /is not running$/);

    running = run("trap '' TERM; sleep 60 & wait; sleep 60");
    await until("it runs", () => id);
    await sleep(200);
    const hard = await timed(`/code?id=${id}`);
    assert.equal(hard.answer.status, 200);
    assert.ok(hard.took >= 2900 && hard.took < 5000, `${hard.took} ms`);
    assert.deepEqual(last(await running).error.traceback, ["signal: killed"]);
    assert.equal(json(await call("DELETE", "/command")).code, "MISSING_QUERY");
  });

  test("what cannot be started says so in the stream", async () => {
    const tooLong = "x".repeat(200_000);
    const front = await command(tooLong);
    assert.match(last(front).error.evalue, /^fork\/exec .*bash: argument list too long$/);
    assert.equal((await call("GET", `/command/status/${noPings(front)[0].text}`)).status, 404);
    const back = await command(tooLong, { background: true });
    assert.equal(last(back).code, "RUNTIME_ERROR");
    assert.ok(back.body.toString().endsWith("}"));
    assert.equal(json(await call("GET", `/command/status/${noPings(back)[0].text}`)).exit_code, 255);
  });

  test("no input, own group, raw captures stay", async () => {
    const answer = await command("cat; printf 'a\\xff\\r\\nb'");
    const id = noPings(answer)[0].text;
    assert.deepEqual(readFileSync(join(server.temporary, `${id}.stdout`)), Buffer.from([97, 255, 13, 10, 98]));
    assert.ok(existsSync(join(server.temporary, `${id}.stderr`)));
  });

  test("output after the shell has ended is not streamed", async () => {
    const answer = await command("(sleep 0.5; echo late) & echo early");
    assert.deepEqual(stdout(answer), ["early"]);
    assert.ok(answer.closedAfter < 0.45);
  });

  test("as another user, with that user's groups", { skip: !isRoot }, async () => {
    assert.deepEqual(stdout(await command("id -u; id -g; id -G", { uid: 65534 })).slice(0, 2), [
      "65534",
      spawnSync("id", ["-g", "nobody"]).stdout.toString().trim(),
    ]);
    assert.deepEqual(stdout(await command("id -u; id -g", { uid: 12345, gid: 54321 })), ["12345", "54321"]);
    // `id` adds the primary group by itself; the kernel's list is what counts.
    const [groups] = stdout(await command("grep ^Groups: /proc/self/status", { uid: 1 }));
    assert.equal(groups.replace("Groups:", "").trim(), spawnSync("id", ["-G", "daemon"]).stdout.toString().trim());
  });

  test("logs go by bytes", async () => {
    const answer = await command("printf 'h\\303\\251llo\\377'; echo err >&2", { background: true });
    const id = noPings(answer)[0].text;
    await until("it ends", async () => !json(await call("GET", `/command/status/${id}`)).running);
    const logs = (cursor) => call("GET", `/command/${id}/logs${cursor}`);
    const all = await logs("");
    assert.deepEqual(all.body, Buffer.concat([Buffer.from("h\u00e9llo"), Buffer.from([255]), Buffer.from("err\n")]));
    assert.ok(all.rawHeaders.includes("Execd-Commands-Tail-Cursor"));
    assert.equal(all.headers["execd-commands-tail-cursor"], "11");
    assert.equal((await logs("?cursor=2")).body[0], 0xa9);
    assert.deepEqual((await logs("?cursor=x")).body, all.body);
    const past = await logs("?cursor=99");
    assert.deepEqual([past.status, past.body.length, past.headers["execd-commands-tail-cursor"]], [200, 0, "99"]);
    assert.equal((await logs("?cursor=-1")).status, 400);
  });

  test("variables of the EXECD_ENVS file are read each time", async () => {
    const envs = join(box, "envs");
    const own = await startExecd({ env: { EXECD_ENVS: envs, EXECD_API_GRACE_SHUTDOWN: "0s" } });
    try {
      writeFileSync(envs, '# comment\nA=1\nB="$HOME/x"\n');
      const run = (more) => call("POST", "/command", { command: "echo $A $B", ...more }, { on: own });
      assert.deepEqual(stdout(await run()), [`1 "${process.env.HOME}/x"`]);
      writeFileSync(envs, "A=2\n");
      assert.deepEqual(stdout(await run({ envs: { B: "request" } })), ["2 request"]);
      assert.deepEqual(stdout(await run({ envs: { A: "request" } })), ["request"]);
    } finally {
      await own.stop();
    }
  });
});

describe("sessions", { concurrency: 4 }, () => {
  const create = async (body) => json(await call("POST", "/session", body ?? "")).session_id;
  const run = (id, text, more = {}) => call("POST", `/session/${id}/run`, { command: text, ...more });

  test("only exports and the directory survive", async () => {
    const id = await create({ cwd: join(box, "made/for/session") });
    assert.deepEqual(stdout(await run(id, 'pwd; export A="q\\"uo\'te \\$x"; B=2; f() { :; }; alias x=y; cd /')), [
      join(box, "made/for/session"),
    ]);
    assert.deepEqual(stdout(await run(id, 'echo "$A|$B|$(type -t f)"; pwd')), ["q\"uo'te $x||", "/"]);
    assert.deepEqual(stdout(await run(id, "pwd", { cwd: box })), [box]);
    assert.deepEqual(stdout(await run(id, "pwd")), [box]);
    assert.equal((await run(id, "pwd", { cwd: "/no/such" })).status, 400);
  });

  test("exit and syntax errors forget the run, not the session", async () => {
    const id = await create();
    await run(id, "export KEEP=1");
    assert.deepEqual(last(await run(id, "export LOST=1; exit 5")).error, {
      ename: "CommandExecError",
      evalue: "5",
      traceback: ["exit status 5"],
    });
    assert.equal(last(await run(id, "if; then")).error.evalue, "2");
    await run(id, "echo __PWD__:/; exit 0");
    assert.deepEqual(stdout(await run(id, "echo $KEEP$LOST")), ["1"]);
  });

  test("lines: blank ones go, one CR goes, stderr is merged, markers are swallowed", async () => {
    const id = await create();
    const text =
      "printf 'a\\n\\nb\\r\\nc\\rd\\n'; echo e >&2; echo __PWD__:x; echo __EXIT_CODE__:9; echo __ENV_DUMP_START__; echo hidden; echo __ENV_DUMP_END__; printf last";
    assert.deepEqual(stdout(await run(id, text)), ["a", "b", "c\rd", "e", "last"]);
  });

  test("the timeout waits for who holds the pipe", async () => {
    const id = await create();
    const answer = await run(id, "echo x; sleep 1.2", { timeout: 200 });
    assert.ok(answer.closedAfter >= 1.1 && answer.closedAfter < 1.8, `${answer.closedAfter}`);
    assert.ok(
      answer.body
        .toString()
        .endsWith('{"code":"RUNTIME_ERROR","message":"error running in session. timeout after 200ms"}'),
    );
    const children = await run(id, "sleep 0.7 & echo hi");
    assert.ok(children.closedAfter >= 0.65 && children.closedAfter < 1.5);
    assert.equal(last(children).type, "execution_complete");
  });

  test("a client that leaves takes the leader with it, not its children", async () => {
    const id = await create();
    const text = await abandon(
      "POST",
      `/session/${id}/run`,
      { command: "sleep 60 & echo $$ $!; sleep 61; true" },
      (seen) => /"\d+ \d+"/.test(seen),
    );
    const [, leader, child] = /"(\d+) (\d+)"/.exec(text);
    await until("the leader is dead", () => !isAlive(leader), 2000);
    assert.ok(isAlive(child));
    await call("DELETE", `/session/${id}`);
    await until("deleting the session kills the group", () => !isAlive(child), 2000);
  });

  test("deleting or interrupting a session ends its run", async () => {
    for (const path of [(id) => `/session/${id}`, (id) => `/command?id=${id}`]) {
      const id = await create();
      const running = run(id, "echo started; sleep 60");
      await sleep(300);
      assert.equal((await call("DELETE", path(id))).status, 200);
      assert.deepEqual(last(await running).error, {
        ename: "CommandExecError",
        evalue: "-1",
        traceback: ["signal: killed"],
      });
      assert.equal((await run(id, "true")).status, 500);
      assert.equal((await call("DELETE", `/session/${id}`)).status, 404);
    }
  });

  test("runs of one session overlap", async () => {
    const id = await create();
    const answers = await Promise.all([run(id, "sleep 0.5; export W=slow"), run(id, "sleep 0.3; export W=fast")]);
    assert.ok(answers[0].closedAfter < 0.9);
    assert.deepEqual(stdout(await run(id, "echo $W")), ["slow"]);
  });

  test("100 000 lines in a session", async () => {
    const id = await create();
    const lines = stdout(await run(id, "seq 1 100000"));
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [100_000, "1", "100000"]);
  });

  test("bad requests", async () => {
    const id = await create();
    for (const body of [{}, { command: "" }, { command: "x", timeout: -1 }, { command: 1 }]) {
      assert.equal((await call("POST", `/session/${id}/run`, body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await call("POST", "/session", { cwd: "/proc/no/way" })).status, 500);
  });
});

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

describe("ports", () => {
  let target;
  let port;
  before(async () => {
    target = http.createServer((incoming, response) => {
      if (incoming.url.startsWith("/slow")) {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("first");
        setTimeout(() => response.end("second"), 700);
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
  after(() => (target.closeAllConnections(), target.close()));

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
    let first;
    const began = Date.now();
    const answer = await request(server.base, {
      path: `/proxy/${port}/slow`,
      onData: () => (first ??= Date.now() - began),
    });
    assert.equal(answer.body.toString(), "firstsecond");
    assert.ok(first < 400, `${first} ms`);
  });

  test("upgraded connections are tunnelled", async () => {
    const socket = net.connect(server.port, "127.0.0.1");
    let seen = "";
    socket.on("data", (chunk) => (seen += chunk));
    socket.write(
      `GET /proxy/${port}/ws?q HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await until("welcome", () => seen.includes("welcome;"));
    assert.match(seen, /^HTTP\/1.1 101 Switching Protocols\r\n/);
    assert.match(seen, /\r\nX-Path: \/ws\?q\r\n/i);
    assert.match(seen, /\r\nUpgrade: websocket\r\n/i);
    socket.write("ping");
    await until("echo", () => seen.endsWith("PING"));
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

describe("life and death", { concurrency: 4 }, () => {
  test("execd ends with its entrypoint", async () => {
    for (const [entrypoint, code] of [
      [["sh", "-c", "exit 7"], 7],
      [["sh", "-c", "exit 0"], 0],
      [["sh", "-c", "kill -TERM $$"], 143],
      [["/no/such/program"], 127],
      [["/etc/passwd"], 126],
    ]) {
      const own = await startExecd({ entrypoint }).catch((error) => error);
      if (own instanceof Error) assert.match(own.message, new RegExp(`ended with ${code}:`), entrypoint.join(" "));
      else assert.deepEqual(await own.exited, { code, signal: null }, entrypoint.join(" "));
    }
  });

  test("the entrypoint's output goes to its log, and only one line to stdout", async () => {
    const log = join(box, "entrypoint.log");
    const own = await startExecd({
      args: ["--entrypoint-log", log],
      entrypoint: ["sh", "-c", "echo out; echo err >&2; cat; sleep 0.2"],
    });
    await own.exited;
    assert.equal(readFileSync(log, "utf8"), "out\nerr\n");
    assert.equal(own.stdout(), `listening ${own.port}\n`);
    const other = await startExecd({ entrypoint: ["sh", "-c", "echo to-stderr; sleep 0.2"] });
    await other.exited;
    assert.match(other.log(), /^to-stderr$/m);
    assert.equal(other.stdout(), `listening ${other.port}\n`);
  });

  const leaveTraces = async (own) => {
    const pids = join(own.temporary, "pids");
    const text = `setsid sh -c 'echo $$ >> ${pids}; exec sleep 300' & (sh -c 'echo $$ >> ${pids}; exec sleep 300' &) ; sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 300; done' & sleep 0.5`;
    await call("POST", "/command", { command: text }, { on: own });
    const list = () => readFileSync(pids, "utf8").trim().split("\n");
    await until("three processes", () => existsSync(pids) && list().length === 3);
    assert.deepEqual(list().map(isAlive), [true, true, true]);
    return list();
  };

  test("SIGTERM leaves no process behind", async () => {
    const own = await startExecd({ args: ["--graceful-shutdown-timeout", "0s"], entrypoint: ["sleep", "300"] });
    const pids = await leaveTraces(own);
    own.kill("SIGTERM");
    assert.deepEqual(await own.exited, { code: 143, signal: null });
    assert.deepEqual(pids.map(isAlive), [false, false, false]);
  });

  test("the end of the entrypoint, too", async () => {
    const own = await startExecd({
      args: ["--graceful-shutdown-timeout", "0s"],
      entrypoint: ["sh", "-c", 'while ! [ -e "$TMPDIR/go" ]; do sleep 0.1; done; exit 9'],
    });
    const pids = await leaveTraces(own);
    writeFileSync(join(own.temporary, "go"), "");
    assert.deepEqual(await own.exited, { code: 9, signal: null });
    assert.deepEqual(pids.map(isAlive), [false, false, false]);
  });

  test("without an entrypoint SIGTERM ends with 0, at once", async () => {
    const own = await startExecd();
    const began = Date.now();
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
    assert.ok(Date.now() - began < 1500);
  });

  test("orphans do not stay zombies", async () => {
    const own = await startExecd({ args: ["--graceful-shutdown-timeout", "0s"] });
    try {
      for (let round = 0; round < 5; round += 1) {
        const answer = await call(
          "POST",
          "/command",
          { command: "for i in 1 2 3 4 5; do (sleep 0.1 & true); done; exit 4" },
          { on: own },
        );
        assert.equal(last(answer).error.evalue, "4");
      }
      await until("no children are left", () => zombies(own.pid).length === 0, 2000);
    } finally {
      await own.stop();
    }
  });

  const zombies = (parent) =>
    readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          const [state, of] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
          return state === "Z" && Number(of) === parent;
        } catch {
          return false;
        }
      });

  const bubble = [
    "bwrap",
    "--dev-bind",
    "/",
    "/",
    "--unshare-pid",
    "--as-pid-1",
    "--proc",
    "/proc",
    "--die-with-parent",
  ];
  const noBubble = spawnSync(bubble[0], [...bubble.slice(1), "true"]).status !== 0;
  test("as process 1 of a namespace", { skip: noBubble && "bwrap does not work here" }, async () => {
    const own = await startExecd({
      wrapper: bubble,
      args: ["--graceful-shutdown-timeout", "0s"],
      entrypoint: ["sh", "-c", 'while ! [ -e "$TMPDIR/go" ]; do sleep 0.1; done; exit 9'],
    });
    const run = async (text) => stdout(await call("POST", "/command", { command: text }, { on: own }));
    assert.deepEqual(await run("echo $PPID; cat /proc/1/comm"), ["1", basename(binary).slice(0, 15)]);
    await run("for i in 1 2 3 4 5; do (sleep 0.1 & true); done");
    await sleep(400);
    assert.deepEqual(await run("grep -l 'State:.Z' /proc/[0-9]*/status || echo none"), ["none"]);
    const answer = await call("POST", "/command", { command: "sleep 60", timeout: 200 }, { on: own });
    assert.deepEqual(last(answer).error.traceback, ["signal: killed"]);
    writeFileSync(join(own.temporary, "go"), "");
    assert.equal((await own.exited).code, 9);
  });

  test("metrics", async () => {
    const answer = await call("GET", "/metrics");
    assert.ok(answer.closedAfter >= 0.95 && answer.closedAfter < 1.6);
    const { cpu_count, cpu_used_pct, mem_total_mib, mem_used_mib } = json(answer);
    assert.ok(
      cpu_count >= 1 && cpu_used_pct >= 0 && cpu_used_pct <= 100 && mem_used_mib > 0 && mem_used_mib < mem_total_mib,
    );
    const watch = await request(server.base, { path: "/metrics/watch", stopAfterMs: 2500 });
    assert.equal(watch.headers["content-type"], "text/event-stream");
    assert.equal(watch.body.toString().match(/\n/g).length, 1);
  });
});
