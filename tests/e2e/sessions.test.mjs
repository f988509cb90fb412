// Bash sessions: what they keep, how their runs end.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { alive, all, PATIENCE_MS, rejection, started, startServer, unique, until, within } from "./server.mjs";

let server;
let sandbox;
let commands;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
  ({ commands } = sandbox);
});
after(() => server?.stop());

test("a session keeps its directory and what was exported", async () => {
  const session = await commands.createSession();
  assert.equal(typeof session, "string");
  await commands.runInSession(session, "mkdir -p /tmp/kept && cd /tmp/kept && export NAME=wert");
  const run = await commands.runInSession(session, 'echo "$PWD $NAME"');
  assert.equal(run.stdout, "/tmp/kept wert\n");
  assert.equal(run.exitCode, 0);
  assert.equal(run.ok, true);
  await commands.deleteSession(session);
});

test("a session starts where it was told to, and a run can be elsewhere", async () => {
  const session = await commands.createSession({ workingDirectory: "/tmp/session-home" });
  assert.equal((await commands.runInSession(session, "pwd")).stdout, "/tmp/session-home\n");
  assert.equal((await commands.runInSession(session, "pwd", { workingDirectory: "/usr" })).stdout, "/usr\n");
  await commands.deleteSession(session);
});

test("two sessions know nothing of each other", async () => {
  const [one, two] = await Promise.all([commands.createSession(), commands.createSession()]);
  assert.notEqual(one, two);
  await commands.runInSession(one, "export WHO=one");
  await commands.runInSession(two, "export WHO=two");
  assert.equal((await commands.runInSession(one, "echo $WHO")).stdout, "one\n");
  assert.equal((await commands.runInSession(two, "echo $WHO")).stdout, "two\n");
  await commands.deleteSession(one);
  assert.equal((await commands.runInSession(two, "echo $WHO")).stdout, "two\n");
  await commands.deleteSession(two);
});

test("a run's exit code is told, its stderr is in its stdout, and the session goes on", async () => {
  const session = await commands.createSession();
  await commands.runInSession(session, "export KEPT=yes");
  const run = await commands.runInSession(session, "echo out; echo err >&2; exit 5");
  assert.equal(run.exitCode, 5);
  assert.equal(run.ok, false);
  assert.equal(run.error.name, "CommandExecError");
  assert.equal(run.stdout, "out\nerr\n");
  assert.equal(run.stderr, "");
  assert.equal((await commands.runInSession(session, "echo $KEPT")).stdout, "yes\n");
  assert.equal((await commands.runInSession(session, "(exit 3)")).exitCode, 3);
  await commands.deleteSession(session);
});

test("handlers are called in order", async () => {
  const session = await commands.createSession();
  const seen = [];
  await commands.runInSession(
    session,
    "seq 3",
    {},
    {
      onInit: ({ id }) => seen.push(id),
      onStdout: async ({ text }) => seen.push(text),
      onExecutionComplete: () => seen.push("end"),
    },
  );
  assert.deepEqual(seen, [session, "1", "2", "3", "end"]);
  const mine = new Error("mine");
  const onStdout = () => {
    throw mine;
  };
  assert.equal(
    await rejection(commands.runInSession(session, "echo", {}, { onStdout: undefined, onInit: onStdout })),
    mine,
  );
  await commands.deleteSession(session);
});

test("runInSessionStream gives the raw events", async () => {
  const session = await commands.createSession();
  const events = await all(commands.runInSessionStream(session, "echo a"));
  assert.deepEqual(
    events.filter(({ type }) => type !== "ping").map(({ type, text }) => [type, text]),
    [
      ["init", session],
      ["stdout", "a"],
      ["execution_complete", undefined],
    ],
  );
  await commands.deleteSession(session);
});

test("a time-out ends the run and says so; the session goes on", async () => {
  const session = await commands.createSession();
  await commands.runInSession(session, "export KEPT=yes");
  const running = commands.runInSession(session, "echo begun; exec sleep 300", { timeoutSeconds: 0.5 });
  const run = await within(PATIENCE_MS, running, "the run");
  assert.equal(run.timedOut, true);
  assert.equal(run.ok, false);
  assert.equal(run.stdout, "begun\n");
  assert.match(run.error.value, /timeout after 500ms/);
  assert.equal((await commands.runInSession(session, "echo $KEPT")).stdout, "yes\n");
  await commands.deleteSession(session);
});

test("an abort ends the run and leaves the session usable", async () => {
  const session = await commands.createSession();
  await commands.runInSession(session, "export KEPT=yes");
  const pidFile = `/tmp/pid-${unique()}`;
  const controller = new AbortController();
  const reason = new Error("enough");
  const running = commands.runInSession(session, `echo $$ > ${pidFile}; exec sleep 300`, {}, {}, controller.signal);
  running.catch(() => {});
  await started(sandbox, pidFile);
  controller.abort(reason);
  const error = await within(1_000, rejection(running), "the run");
  assert.equal(error.code, "ABORTED");
  assert.equal(error.cause, reason);
  await until("the process is gone", async () => !(await alive(sandbox, pidFile)));
  assert.equal((await commands.runInSession(session, "echo $KEPT")).stdout, "yes\n");
  await commands.deleteSession(session);
});

test("deleting a session ends what runs in it", async () => {
  const session = await commands.createSession();
  const pidFile = `/tmp/pid-${unique()}`;
  const running = commands.runInSession(session, `echo $$ > ${pidFile}; exec sleep 300`);
  await started(sandbox, pidFile);
  assert.equal(await commands.deleteSession(session), undefined);
  const run = await within(PATIENCE_MS, running, "the run");
  assert.equal(run.ok, false);
  await until("the process is gone", async () => !(await alive(sandbox, pidFile)));
});

test("a session that is deleted, or was never there, is the server's error", async () => {
  const session = await commands.createSession();
  await commands.deleteSession(session);
  const again = await rejection(commands.deleteSession(session));
  assert.deepEqual([again.name, again.statusCode, again.code], ["SandboxApiException", 404, "CONTEXT_NOT_FOUND"]);
  const run = await rejection(commands.runInSession(session, "echo"));
  assert.deepEqual([run.name, run.statusCode], ["SandboxApiException", 500]);
  assert.ok(run.requestId);
});

test("an empty id or command is refused in the official words", async () => {
  const message = async (promise) => (await rejection(promise)).message;
  assert.equal(await message(commands.runInSession(" ", "echo")), "sessionId cannot be empty");
  assert.equal(await message(commands.runInSession("x", " ")), "command cannot be empty");
  assert.equal(await message(commands.deleteSession("")), "sessionId cannot be empty");
});
