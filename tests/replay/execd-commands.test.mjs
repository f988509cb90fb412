// Commands: output, ends, timeouts, signals, users and logs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { sleep, until } from "../local/server.mjs";
import { request } from "./compare.mjs";
import {
  abandon,
  box,
  call,
  command,
  ended,
  events,
  gate,
  isAlive,
  json,
  last,
  noPings,
  server,
  start,
  stdout,
} from "./execd-box.mjs";
import { startExecd } from "./execd-server.mjs";

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
    await until(() => existsSync(join(box, "all-written")), 60_000);
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
    const { sh, open } = gate("output");
    const running = start("/command", { command: `echo now; ${sh}; echo then` });
    await running.shows('"now"');
    open();
    assert.deepEqual(stdout(await running.done), ["now", "then"]);
  });

  test("a foreground command outlives its client", async () => {
    const { sh, open } = gate("client");
    const text = await abandon("/command", { command: `${sh}; touch ${box}/survived` }, (seen) =>
      seen.includes("init"),
    );
    const { text: id } = JSON.parse(text.split("\n\n")[0]);
    await until(async () => json(await call("GET", `/command/status/${id}`)).running);
    open();
    assert.equal((await ended(id)).exit_code, 0);
    assert.ok(existsSync(join(box, "survived")));
  });

  test("status while running and after failures", async () => {
    const { sh, open } = gate("status");
    const text = await abandon("/command", { command: `${sh}; exit 3` }, (seen) => seen.includes("ping"));
    const { text: id } = JSON.parse(text.split("\n\n")[0]);
    // Like the real one, execd announces the id a moment before it knows it.
    const now = await until(async () => {
      const answer = await call("GET", `/command/status/${id}`);
      return answer.status === 200 && json(answer);
    });
    assert.deepEqual(Object.keys(now), ["id", "content", "running", "started_at"]);
    open();
    const done = await ended(id);
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
    await until(() => !isAlive(pid));
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
    const pid = await until(async () => (await call("GET", `/command/${id}/logs`)).body.toString().trim());
    await ended(id);
    await until(() => !isAlive(pid));
  });

  test("interrupt: TERM, and KILL after three seconds", async () => {
    const timed = async (path) => {
      const began = Date.now();
      const answer = await call("DELETE", path);
      return { answer, took: Date.now() - began };
    };
    let running = start("/command", { command: "echo ready; sleep 60" });
    await running.shows('"ready"');
    const soft = await timed(`/command?id=${running.id()}`);
    assert.deepEqual([soft.answer.status, soft.answer.body.length], [200, 0]);
    assert.ok(soft.took < 2500, `${soft.took} ms`);
    assert.deepEqual(last(await running.done).error.traceback, ["signal: terminated"]);
    const again = await call("DELETE", `/command?id=${running.id()}`);
    assert.equal(again.status, 500);
    assert.match(json(again).message, /is not running$/);

    running = start("/command", { command: "trap '' TERM; echo ready; sleep 60 & wait; sleep 60" });
    await running.shows('"ready"');
    const hard = await timed(`/code?id=${running.id()}`);
    assert.equal(hard.answer.status, 200);
    assert.ok(hard.took >= 2900 && hard.took < 10_000, `${hard.took} ms`);
    assert.deepEqual(last(await running.done).error.traceback, ["signal: killed"]);
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
    const answer = await command("(sleep 4; echo late) & echo early");
    assert.deepEqual(stdout(answer), ["early"]);
    assert.ok(answer.closedAfter < 3, `${answer.closedAfter}`);
  });

  test("as another user, with that user's groups", { skip: process.getuid() !== 0 && "only root can" }, async () => {
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
    await ended(id);
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
