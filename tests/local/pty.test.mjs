// Terminals of the local server, directly and through its proxy.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startExecd } from "../replay/execd-server.mjs";
import { processesWith, startServer, until, upgrade } from "./server.mjs";
import { attach, makeTerminal, status } from "./terminal.mjs";

const RING = 1 << 20;

describe("terminals", () => {
  let execd;
  let base;
  before(async () => {
    execd = await startExecd();
    base = execd.base;
  });
  after(() => execd?.stop());

  test("nothing runs before the first client comes, and a DELETE ends it with -1", async () => {
    const id = await makeTerminal(base);
    assert.deepEqual(await status(base, id), { session_id: id, running: false, output_offset: 0 });
    const client = attach(base, id);
    await until(() => client.output.includes("bash"));
    assert.equal((await status(base, id)).running, true);
    assert.equal((await fetch(`${base}/pty/${id}`, { method: "DELETE" })).status, 200);
    assert.deepEqual(await client.closed, { code: 1000, reason: "process exited" });
    assert.equal(client.message("exit").exit_code, -1);
    assert.equal((await fetch(`${base}/pty/${id}`)).status, 404);
  });

  test("what is not there is a 404, before the handshake is looked at", async () => {
    for (const [method, path] of [
      ["GET", "/pty/x"],
      ["DELETE", "/pty/x"],
      ["GET", "/pty/x/ws"],
    ]) {
      const response = await fetch(base + path, { method });
      assert.deepEqual(
        [response.status, (await response.json()).code],
        [404, "CONTEXT_NOT_FOUND"],
        `${method} ${path}`,
      );
    }
    const { status: refused, body } = await attach(base, "x").refused;
    assert.deepEqual([refused, JSON.parse(body).code], [404, "CONTEXT_NOT_FOUND"]);
    const id = await makeTerminal(base);
    assert.equal((await fetch(`${base}/pty/${id}/ws`)).status, 426);
    assert.equal((await upgrade(execd, `/pty/${id}/ws`, { "Sec-WebSocket-Version": "1" })).status, 400);
    // Neither of them has taken the seat or started anything.
    assert.equal((await status(base, id)).running, false);
    const client = attach(base, id);
    await until(() => client.message("connected"));
    client.close();
  });

  test("the directory is made; one that cannot be is two objects in one answer", async () => {
    const cwd = `${execd.temporary}/made/here`;
    const client = attach(base, await makeTerminal(base, { cwd, command: "pwd" }));
    await client.closed;
    assert.equal(client.output.trim(), cwd);
    rmSync(`${execd.temporary}/made`, { recursive: true });
    const response = await fetch(`${base}/pty`, { method: "POST", body: JSON.stringify({ cwd: "/dev/null/x" }) });
    assert.equal(response.status, 500);
    assert.match(await response.text(), /^\{"code":"RUNTIME_ERROR","message":"[^}]+"\}\{"session_id":"[^"]+"\}$/);
    assert.equal((await fetch(`${base}/pty`, { method: "POST", body: "{" })).status, 400);
  });

  test("a second client is refused, or takes over", async () => {
    const id = await makeTerminal(base);
    const first = attach(base, id);
    await until(() => first.message("connected"));
    const { status: refused, body } = await attach(base, id, "?takeover=yes").refused;
    assert.deepEqual([refused, JSON.parse(body).code], [409, "ALREADY_CONNECTED"]);
    first.type("MARK=one\n");
    await until(() => first.output.includes("MARK=one"));
    const second = attach(base, id, "?takeover=1");
    assert.deepEqual(await first.closed, { code: 4001, reason: "TAKEN_OVER" });
    await until(() => second.message("connected"));
    second.type("echo $MARK-two\n");
    await until(() => second.output.includes("one-two"));
    second.close();
    await second.closed;
    // The process goes on; the seat is free.
    const third = attach(base, id);
    await until(() => third.message("connected"));
    third.type("echo $MARK-three; exit 7\n");
    await third.closed;
    assert.match(third.output, /one-two[\s\S]*one-three/);
    assert.equal(third.message("exit").exit_code, 7);
  });

  test("since: what was missed, and nothing twice; the replay comes before connected", async () => {
    const id = await makeTerminal(base, { command: "stty -echo; printf 0123456789; cat" });
    const first = attach(base, id);
    await until(() => first.output === "0123456789");
    first.close();
    await first.closed;
    for (const [query, wanted] of [
      ["?since=4", { offset: 4, length: 6 }],
      ["?since=8x", { offset: 8, length: 2 }],
      ["?since=-1", { offset: 0, length: 10 }],
      ["", { offset: 0, length: 10 }],
      ["?since=10", undefined],
      ["?since=11", undefined],
    ]) {
      const client = attach(base, id, query);
      await until(() => client.message("connected"));
      assert.deepEqual(client.replay, wanted, query);
      const kinds = client.frames.map(({ channel, text }) => channel ?? JSON.parse(text).type);
      assert.deepEqual(kinds, wanted ? [3, "connected"] : ["connected"], query);
      client.close();
      await client.closed;
    }
    await fetch(`${base}/pty/${id}`, { method: "DELETE" });
  });

  test("the ring keeps a mebibyte while nobody is there", async () => {
    const id = await makeTerminal(base, {
      command: "read go; head -c 2000000 /dev/zero | tr '\\0' x; echo END; read go",
    });
    const first = attach(base, id, "?pty=0");
    await until(() => first.message("connected"));
    first.type("\n");
    first.close();
    await until(async () => (await status(base, id)).output_offset === 2_000_004, 20_000);
    const second = attach(base, id, "?since=5");
    await until(() => second.message("connected"));
    assert.deepEqual(second.replay, { offset: 2_000_004 - RING, length: RING });
    assert.equal(second.message("connected").mode, "pipe");
    assert.ok(second.output.endsWith("xEND\n"));
    second.type("\n");
    await second.closed;
  });

  test("pipe mode: outputs apart; the running mode wins over what a client asks for", async () => {
    const id = await makeTerminal(base, { command: 'echo out; echo err >&2; read x; echo "$x"; tty; exit 3' });
    const first = attach(base, id, "?pty=0");
    await until(() => first.output === "out\n" && first.errors === "err\n");
    first.say({ type: "resize", cols: 10, rows: 10 });
    first.close();
    await first.closed;
    const second = attach(base, id, "?pty=1");
    await until(() => second.message("connected"));
    assert.equal(second.message("connected").mode, "pipe");
    assert.deepEqual([...second.output].sort().join(""), [..."out\nerr\n"].sort().join(""));
    second.say({ type: "stdin", data: "typed\n" });
    await second.closed;
    assert.ok(second.output.endsWith("typed\nnot a tty\n"));
    assert.equal(second.message("exit").exit_code, 3);
  });

  test("a program that has ended is started again by the next client", async () => {
    const id = await makeTerminal(base, { command: "echo run; exit 1" });
    for (const runs of [1, 2]) {
      const client = attach(base, id);
      await client.closed;
      assert.equal(client.output, "run\r\n".repeat(runs));
    }
  });

  test("size, signals, pings and what is not understood", async () => {
    const id = await makeTerminal(base, {
      command: "trap 'stty size' WINCH; trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done",
    });
    const client = attach(base, id);
    await until(() => client.output.includes("ready"));
    for (const size of [{}, { cols: 0, rows: 5 }, { cols: 5 }, { cols: "5", rows: 5 }])
      client.say({ type: "resize", ...size });
    client.say({ type: "signal", signal: "SIGUSR1" });
    client.send("no JSON");
    client.send(Buffer.from([7, 65]));
    client.send(Buffer.alloc(0));
    client.say({ type: "resize", cols: 132, rows: 50 });
    await until(() => client.output.includes("50 132"));
    assert.doesNotMatch(client.output, /24 80|5 5/);
    client.say({ type: "ping" });
    await until(() => client.message("pong"));
    client.say({ type: "shout" });
    await until(() => client.message("error"));
    assert.deepEqual(client.message("error"), {
      type: "error",
      error: 'unknown frame type "shout"',
      code: "INVALID_FRAME",
    });
    client.say({ type: "signal", signal: "SIGTERM" });
    assert.equal((await client.closed).code, 1000);
    assert.equal(client.message("exit").exit_code, 9);
  });

  test("a program that was killed has the exit code -1", async () => {
    const client = attach(base, await makeTerminal(base, { command: "kill -9 $$" }));
    await client.closed;
    assert.equal(client.message("exit").exit_code, -1);
  });

  test("what the shell left in the background does not hold up its exit, in either mode", async () => {
    for (const query of ["", "?pty=0"]) {
      const client = attach(base, await makeTerminal(base, { command: "sleep 300 & echo done" }), query);
      await client.closed;
      assert.equal(client.output.trim(), "done");
      assert.equal(client.message("exit").exit_code, 0);
    }
  });

  test("a slow client slows the program down and loses nothing", async () => {
    const id = await makeTerminal(base, { command: "yes 0123456789abcde | head -c 16000000" });
    const client = attach(base, id, "?pty=0");
    await until(() => client.message("connected"));
    client.socket.pause();
    let before = -1;
    await until(async () => {
      const { output_offset } = await status(base, id);
      const stands = output_offset === before;
      before = output_offset;
      return stands && output_offset > 0;
    });
    assert.ok(before < 16_000_000, "the program waits");
    client.socket.resume();
    await client.closed;
    assert.equal(client.output.length, 16_000_000);
  });

  test("input that the program does not read does not stop its output", async () => {
    const id = await makeTerminal(base, {
      command: "stty -icanon; echo begun; sleep 1; echo woke; read -N 5 x; echo got $x",
    });
    const client = attach(base, id);
    await until(() => client.output.includes("begun"));
    client.type("y".repeat(100_000));
    client.say({ type: "ping" });
    await client.closed;
    assert.match(client.output, /woke[\s\S]*got yyyyy/);
  });
});

describe("terminals of a sandbox", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  test("through the proxy: no header needed, Origin and Host are checked, and they end with the sandbox", async () => {
    const id = await server.create();
    const prefix = `/v1/sandboxes/${id}/proxy/44772`;
    const mark = `mark${process.pid}`;
    const terminal = await makeTerminal(server.url + prefix, { command: `exec -a ${mark} sleep 1000` });
    for (const [headers, refused] of [
      [{ Origin: "https://evil.example" }, 403],
      [{ Host: "evil.example" }, 421],
    ]) {
      assert.equal((await upgrade(server, `${prefix}/pty/${terminal}/ws`, headers)).status, refused);
    }
    assert.equal((await status(server.url + prefix, terminal)).running, false);
    const client = attach(server.url + prefix, terminal, "", { headers: { Origin: server.url } });
    await until(() => client.message("connected") && processesWith(mark).length > 0);
    client.say({ type: "ping" });
    await until(() => client.message("pong"));
    assert.equal((await server.api("DELETE", `/v1/sandboxes/${id}`)).status, 204);
    await client.closed;
    await until(() => processesWith(mark).length === 0);
  });
});
