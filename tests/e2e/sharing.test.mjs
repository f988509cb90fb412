// Handles that share one configuration do not disturb one another, however one of them ends.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ConnectionConfig, Sandbox, SandboxManager } from "opensandbox-wasm";
import { IMAGE, rejection, startServer } from "./server.mjs";

let server;
let connectionConfig;
let lasting;
before(async () => {
  server = await startServer();
  connectionConfig = new ConnectionConfig(server.config());
  lasting = await Sandbox.create({ connectionConfig, image: IMAGE });
  server.adopt(lasting.id);
});
after(() => server?.stop());

const connect = () => Sandbox.connect({ connectionConfig, sandboxId: lasting.id, skipHealthCheck: true });
/** The others still work: a handle, a manager, and a run that was under way. */
async function stillFine(running) {
  assert.equal((await lasting.commands.run("echo on")).stdout, "on\n");
  const manager = SandboxManager.create({ connectionConfig });
  assert.equal((await manager.getSandboxInfo(lasting.id)).id, lasting.id);
  await lasting.files.writeFiles([{ path: "/tmp/go", data: "" }]);
  assert.equal((await running).stdout, "end\n");
  await lasting.files.deleteFiles(["/tmp/go"]);
}
const wait = () => lasting.commands.run("while [ ! -e /tmp/go ]; do sleep 0.05; done; echo end");

const ENDS = {
  "a handle that is closed": async () => {
    const other = await connect();
    const cut = other.commands.run("sleep 60", { onAbort: "detach" });
    await other.close();
    assert.equal((await rejection(cut)).code, "CLOSED");
    assert.equal((await rejection(other.getInfo())).code, "CLOSED");
  },
  "a handle that is disposed of": async () => (await connect())[Symbol.asyncDispose](),
  "another sandbox that is killed": async () => {
    const other = await Sandbox.create({ connectionConfig, image: IMAGE });
    await other.kill();
    // The handle itself stays open: `kill` ends the sandbox, `close` lets go of it.
    assert.equal((await rejection(other.getInfo())).statusCode, 404);
  },
  "another sandbox that is disposed of": async () => {
    const other = await Sandbox.create({ connectionConfig, image: IMAGE });
    await other[Symbol.asyncDispose]();
    const manager = SandboxManager.create({ connectionConfig });
    assert.equal((await rejection(manager.getSandboxInfo(other.id))).statusCode, 404);
  },
  "a manager that is closed": async () => {
    const manager = SandboxManager.create({ connectionConfig });
    await manager.close();
    assert.equal((await rejection(manager.listSandboxInfos())).code, "CLOSED");
  },
  "a create that fails": async () => {
    const options = { connectionConfig, image: IMAGE, readyTimeoutSeconds: 0.01, healthCheck: () => false };
    assert.equal((await rejection(Sandbox.create(options))).code, "READY_TIMEOUT");
  },
  "a connect that is aborted": async () => {
    const signal = AbortSignal.abort();
    assert.equal(
      (await rejection(Sandbox.connect({ connectionConfig, sandboxId: lasting.id, signal }))).code,
      "ABORTED",
    );
  },
  "a configuration whose transport is closed": async () => connectionConfig.closeTransport(),
  "a handle that is garbage": async () => {
    await connect();
    globalThis.gc?.();
  },
};
for (const [what, end] of Object.entries(ENDS)) {
  test(what, async () => {
    const running = wait();
    await end();
    await stillFine(running);
  });
}

test("no synchronous disposal: it would free memory and leave an object that throws", async () => {
  for (const object of [lasting, lasting.commands, lasting.files, SandboxManager.create({ connectionConfig })]) {
    assert.equal(object.free, undefined);
    if (Symbol.dispose) assert.equal(object[Symbol.dispose], undefined);
  }
});
