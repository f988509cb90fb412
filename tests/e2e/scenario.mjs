// The whole of an ordinary day, for any copy of the package and any connection: used through the server's proxy and with
// the installed package. Needs nothing of Node but its assertions.
import assert from "node:assert/strict";

const collect = async (iterable) => {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
};

async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it should have rejected");
}

async function eventually(what, check, ms = 20_000) {
  for (const end = Date.now() + ms; ; ) {
    if (await check()) return;
    assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** One step each, in this order; each is given `{sandbox, manager, sdk, connectionConfig, image, mark}`. */
export const STEPS = {
  async "info, health, metrics, endpoint"({ sandbox, mark }) {
    const info = await sandbox.getInfo();
    assert.equal(info.id, sandbox.id);
    assert.equal(info.status.state, "Running");
    assert.deepEqual(info.metadata, { mark });
    assert.ok(info.createdAt instanceof Date);
    assert.equal(await sandbox.isHealthy(), true);
    assert.ok((await sandbox.getMetrics()).cpuCount > 0);
    assert.ok((await sandbox.getEndpointUrl(8080)).startsWith("http"));
  },
  async "run, with handlers and exit codes"({ sandbox }) {
    const lines = [];
    const onStdout = async ({ text }) => {
      await undefined;
      lines.push(text);
    };
    const run = await sandbox.commands.run("seq 1000; echo grüße >&2; exit 7", { envs: { A: "b" } }, { onStdout });
    assert.equal(lines.length, 1000);
    assert.equal(lines[999], "1000");
    assert.equal(run.stderr, "grüße\n");
    assert.equal(run.exitCode, 7);
    assert.equal((await sandbox.commands.run("true")).ok, true);
    assert.equal((await sandbox.commands.run("sleep 60", { timeoutSeconds: 0.3 })).timedOut, true);
  },
  async "a hundred thousand lines"({ sandbox }) {
    const { stdout } = (await sandbox.commands.run("seq 100000")).logs;
    assert.equal(stdout.length, 100_000);
    assert.ok(stdout.every(({ text }, index) => text === String(index + 1)));
  },
  async "events, break and abort"({ sandbox }) {
    const file = "/tmp/scenario-pid";
    for await (const event of sandbox.commands.runStream(`echo $$ > ${file}; echo on; exec sleep 300`)) {
      if (event.type === "stdout") break;
    }
    const dead = `p=$(cat ${file}); [ ! -e /proc/$p ] || grep -q ') Z ' /proc/$p/stat`;
    await eventually("break ends the program", async () => (await sandbox.commands.run(dead)).ok);
    const controller = new AbortController();
    const reason = new Error("enough");
    const onStdout = () => controller.abort(reason);
    const running = sandbox.commands.run(
      `echo $$ > ${file}; echo on; exec sleep 300`,
      {},
      { onStdout },
      controller.signal,
    );
    const error = await caught(running);
    assert.equal(error.name, "AbortError");
    assert.equal(error.cause, reason);
    await eventually("abort ends the program", async () => (await sandbox.commands.run(dead)).ok);
  },
  async "a program in the background"({ sandbox }) {
    const { id } = await sandbox.commands.run("echo working; exec sleep 300", { background: true });
    await eventually(
      "output",
      async () => (await sandbox.commands.getBackgroundCommandLogs(id)).content === "working\n",
    );
    assert.equal((await sandbox.commands.getCommandStatus(id)).running, true);
    await sandbox.commands.interrupt(id);
    assert.equal((await sandbox.commands.getCommandStatus(id)).running, false);
  },
  async "a handle on one, kept as JSON"({ sandbox }) {
    const started = await sandbox.commands.startBackground("mkfifo gate; echo ä; read x < gate; echo $x; exit 3", {
      workingDirectory: "/tmp",
    });
    for await (const text of started) {
      assert.equal(text, "ä\n");
      break;
    }
    const handle = sandbox.commands.attach(JSON.parse(JSON.stringify(started)));
    assert.equal((await handle.status()).running, true);
    await sandbox.commands.run("echo on > /tmp/gate");
    let rest = "";
    for await (const text of handle) rest += text;
    assert.equal(rest, "on\n");
    assert.equal((await handle.wait()).exitCode, 3);
  },
  async "a session"({ sandbox }) {
    const session = await sandbox.commands.createSession({ workingDirectory: "/tmp" });
    await sandbox.commands.runInSession(session, "export NAME=wert");
    assert.equal((await sandbox.commands.runInSession(session, 'echo "$PWD $NAME"')).stdout, "/tmp wert\n");
    await sandbox.commands.deleteSession(session);
  },
  async files({ sandbox }) {
    const { files } = sandbox;
    const path = "/tmp/szenario/grüße 你好.bin";
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
    async function* pieces() {
      yield data.subarray(0, 50_000);
      yield data.subarray(50_000);
    }
    for (const each of [data, new Blob([data]), new Blob([data]).stream(), pieces()]) {
      await files.writeFiles([{ path, data: each, mode: 640 }]);
      assert.deepEqual(await files.readBytes(path), data);
      await files.deleteFiles([path]);
    }
    await files.writeFiles([{ path, data: "a b a" }]);
    assert.deepEqual(await files.replaceContentsDetailed([{ path, oldContent: "a", newContent: "c" }]), [
      { path, replacedCount: 2 },
    ]);
    assert.equal(await files.readFile(path, { range: "bytes=0-2" }), "c b");
    const chunks = await collect(files.readBytesStream(path));
    assert.equal(new TextDecoder().decode(chunks[0]), "c b c");
    await files.moveFiles([{ src: path, dest: "/tmp/szenario/b/c.txt" }]);
    assert.deepEqual(
      (await files.search({ path: "/tmp/szenario", pattern: "*.txt" })).map((file) => file.path),
      ["/tmp/szenario/b/c.txt"],
    );
    await files.setPermissions([{ path: "/tmp/szenario/b/c.txt", mode: 600 }]);
    assert.equal((await files.getFileInfo(["/tmp/szenario/b/c.txt"]))["/tmp/szenario/b/c.txt"].mode, 600);
    await files.createDirectories([{ path: "/tmp/szenario/d" }]);
    assert.deepEqual(
      (await files.listDirectory({ path: "/tmp/szenario" })).map((file) => file.path),
      ["/tmp/szenario/b", "/tmp/szenario/d"],
    );
    await files.deleteDirectories(["/tmp/szenario"]);
  },
  async "errors with a request id"({ sandbox, manager, sdk }) {
    for (const call of [
      () => sandbox.files.readFile("/none"),
      () => manager.getSandboxInfo("none"),
      () => sandbox.commands.run("x", { workingDirectory: "/none" }),
    ]) {
      const error = await caught(call());
      assert.ok(error instanceof sdk.SandboxApiException, String(error));
      assert.ok(error.requestId, String(error));
    }
    assert.ok((await caught(sandbox.commands.run(""))) instanceof sdk.InvalidArgumentException);
  },
  async "another handle, and the manager"({ sandbox, manager, sdk, connectionConfig, mark }) {
    const other = await sdk.Sandbox.connect({ connectionConfig, sandboxId: sandbox.id });
    assert.equal((await other.commands.run("echo two")).stdout, "two\n");
    await other.close();
    assert.deepEqual(
      (await manager.listSandboxInfos({ metadata: { mark } })).items.map(({ id }) => id),
      [sandbox.id],
    );
    const { expiresAt } = await sandbox.renew(3000);
    assert.ok(Math.abs(expiresAt - Date.now() - 3_000_000) < 30_000);
    assert.deepEqual((await sandbox.patchMetadata({ more: "1" })).metadata, { mark, more: "1" });
  },
  async "pause and resume"({ sandbox, manager }) {
    await sandbox.pause();
    await eventually("it is paused", async () => (await manager.getSandboxInfo(sandbox.id)).status.state === "Paused");
    const resumed = await sandbox.resume();
    assert.equal((await resumed.commands.run("echo back")).stdout, "back\n");
    await resumed.close();
  },
  async "a failed create leaves nothing"({ manager, sdk, connectionConfig, image, mark }) {
    const metadata = { mark: `${mark}-failed` };
    const error = await caught(
      sdk.Sandbox.create({ connectionConfig, image, metadata, readyTimeoutSeconds: 0.2, healthCheck: () => false }),
    );
    assert.ok(error instanceof sdk.SandboxReadyTimeoutException, String(error));
    await eventually("it is gone", async () => (await manager.listSandboxInfos({ metadata })).items.length === 0);
  },
  async "five at once"({ sdk, connectionConfig, image }) {
    const five = await Promise.all(Array.from({ length: 5 }, () => sdk.Sandbox.create({ connectionConfig, image })));
    const texts = await Promise.all(five.map(async (each, i) => (await each.commands.run(`echo ${i}`)).stdout));
    assert.deepEqual(texts, ["0\n", "1\n", "2\n", "3\n", "4\n"]);
    await Promise.all(five.map((each) => each[Symbol.asyncDispose]()));
  },
  async "kill and close"({ sandbox }) {
    await sandbox.kill();
    assert.equal((await caught(sandbox.getInfo())).statusCode, 404);
    await sandbox.close();
    assert.equal((await caught(sandbox.commands.run("echo"))).code, "CLOSED");
  },
};

/** What the steps are given: a sandbox of their own. */
export async function prepare(sdk, connectionConfig, image, mark) {
  const manager = sdk.SandboxManager.create({ connectionConfig });
  const sandbox = await sdk.Sandbox.create({ connectionConfig, image, metadata: { mark } });
  return { sdk, connectionConfig, image, mark, manager, sandbox };
}
