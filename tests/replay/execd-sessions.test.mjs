// Bash sessions: what survives a run, and how runs end.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { until } from "../local/server.mjs";
import { abandon, box, call, gate, isAlive, json, last, start, stdout } from "./execd-box.mjs";

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
    assert.ok(answer.closedAfter >= 1.1 && answer.closedAfter < 10, `${answer.closedAfter}`);
    assert.ok(
      answer.body
        .toString()
        .endsWith('{"code":"RUNTIME_ERROR","message":"error running in session. timeout after 200ms"}'),
    );
    const children = await run(id, "sleep 0.7 & echo hi");
    assert.ok(children.closedAfter >= 0.65, `${children.closedAfter}`);
    assert.equal(last(children).type, "execution_complete");
  });

  test("a client that leaves takes the leader with it, not its children", async () => {
    const id = await create();
    const text = await abandon(`/session/${id}/run`, { command: "sleep 60 & echo $$ $!; sleep 61; true" }, (seen) =>
      /"\d+ \d+"/.test(seen),
    );
    const [, leader, child] = /"(\d+) (\d+)"/.exec(text);
    await until(() => !isAlive(leader));
    assert.ok(isAlive(child));
    await call("DELETE", `/session/${id}`);
    await until(() => !isAlive(child));
  });

  test("deleting or interrupting a session ends its run", async () => {
    for (const path of [(id) => `/session/${id}`, (id) => `/command?id=${id}`]) {
      const id = await create();
      const running = start(`/session/${id}/run`, { command: "echo started; sleep 60" });
      await running.shows('"started"');
      assert.equal((await call("DELETE", path(id))).status, 200);
      assert.deepEqual(last(await running.done).error, {
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
    const { sh, open } = gate("overlap");
    const slow = run(id, `${sh}; export W=slow`);
    await run(id, "export W=fast");
    open();
    await slow;
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
