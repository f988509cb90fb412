// How execd starts and ends, and what it leaves behind.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { BINARY, until } from "../local/server.mjs";
import { request } from "./compare.mjs";
import { box, call, isAlive, json, last, server, stdout } from "./execd-box.mjs";
import { startExecd } from "./execd-server.mjs";

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
    const text = `setsid sh -c 'echo $$ >> ${pids}; exec sleep 300' & (sh -c 'echo $$ >> ${pids}; exec sleep 300' &) ; sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 300; done' &`;
    await call("POST", "/command", { command: text }, { on: own });
    const list = () => readFileSync(pids, "utf8").trim().split("\n");
    await until(() => existsSync(pids) && list().length === 3);
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
    assert.ok(Date.now() - began < 4000, "it did not wait out its five seconds of patience");
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
      await until(() => zombies(own.pid).length === 0);
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
    assert.deepEqual(await run("echo $PPID; cat /proc/1/comm"), ["1", basename(BINARY).slice(0, 15)]);
    await run("for i in 1 2 3 4 5; do (sleep 0.1 & true); done");
    await until(async () => (await run("grep -l 'State:.Z' /proc/[0-9]*/status || echo none")).join() === "none");
    const answer = await call("POST", "/command", { command: "sleep 60", timeout: 200 }, { on: own });
    assert.deepEqual(last(answer).error.traceback, ["signal: killed"]);
    writeFileSync(join(own.temporary, "go"), "");
    assert.equal((await own.exited).code, 9);
  });

  test("metrics", async () => {
    const answer = await call("GET", "/metrics");
    assert.ok(answer.closedAfter >= 0.95 && answer.closedAfter < 5);
    const { cpu_count, cpu_used_pct, mem_total_mib, mem_used_mib } = json(answer);
    assert.ok(
      cpu_count >= 1 && cpu_used_pct >= 0 && cpu_used_pct <= 100 && mem_used_mib > 0 && mem_used_mib < mem_total_mib,
    );
    const watch = await request(server.base, { path: "/metrics/watch", stopAfterMs: 2500 });
    assert.equal(watch.headers["content-type"], "text/event-stream");
    assert.equal(watch.body.toString().match(/\n/g).length, 1);
  });
});
