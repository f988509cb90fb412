// SandboxManager: many sandboxes, by their ids.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SandboxManager } from "opensandbox-wasm";
import { recorder, rejection, startServer, unique, until } from "./server.mjs";

let server;
let manager;
/** Three sandboxes that only this run knows by their metadata. */
const mark = unique();
let three;
before(async () => {
  server = await startServer();
  manager = SandboxManager.create({ connectionConfig: server.config() });
  const metadata = [
    { mark, team: "red", version: "1.0-rc.1" },
    { mark, team: "blue", version: "1.0-rc.2" },
    { mark, team: "red", version: "1.0" },
  ];
  three = [];
  for (const each of metadata) three.push(await server.create({ metadata: each }));
});
after(async () => {
  await manager?.close();
  await server?.stop();
});

const ids = (page) => page.items.map(({ id }) => id);
const list = async (filter) => ids(await manager.listSandboxInfos(filter)).sort();
const idsOf = (...numbers) => numbers.map((number) => three[number].id).sort();

describe("the list", () => {
  test("holds what was made, described in full", async () => {
    const page = await manager.listSandboxInfos({ metadata: { mark } });
    assert.deepEqual(ids(page).sort(), idsOf(0, 1, 2));
    for (const item of page.items) {
      assert.deepEqual(item, await manager.getSandboxInfo(item.id));
      assert.ok(item.createdAt instanceof Date);
      assert.ok(item.expiresAt instanceof Date);
      assert.equal(item.status.state, "Running");
    }
  });

  test("needs no filter", async () => {
    const page = await manager.listSandboxInfos();
    assert.ok(Array.isArray(page.items));
    assert.ok(page.pagination.totalItems >= 3);
  });

  test("is filtered by metadata, all of it, values with dots and dashes too", async () => {
    assert.deepEqual(await list({ metadata: { mark, team: "red" } }), idsOf(0, 2));
    assert.deepEqual(await list({ metadata: { mark, version: "1.0-rc.1" } }), idsOf(0));
    assert.deepEqual(await list({ metadata: { mark, version: "1.0" } }), idsOf(2));
    assert.deepEqual(await list({ metadata: { mark, team: "blue", version: "1.0" } }), []);
  });

  test("takes values that look like syntax for what they are", async () => {
    for (const value of ["red&mark=x", "red+", "re%64", "=", "ü"]) {
      // The server may refuse what is no label value; it must not find the red ones.
      const found = await list({ metadata: { mark, team: value } }).catch((error) => {
        assert.equal(error.name, "SandboxApiException", value);
        return [];
      });
      assert.deepEqual(found, [], value);
    }
  });

  test("is filtered by state, any of those given", async () => {
    await manager.pauseSandbox(three[1].id);
    await until("it is paused", async () => (await manager.getSandboxInfo(three[1].id)).status.state === "Paused");
    assert.deepEqual(await list({ states: ["Paused"], metadata: { mark } }), idsOf(1));
    assert.deepEqual(await list({ states: ["Running"], metadata: { mark } }), idsOf(0, 2));
    assert.deepEqual(await list({ states: ["Running", "Paused"], metadata: { mark } }), idsOf(0, 1, 2));
    assert.deepEqual(await list({ states: [], metadata: { mark } }), idsOf(0, 1, 2));
    await manager.resumeSandbox(three[1].id);
    await until("it runs", async () => (await manager.getSandboxInfo(three[1].id)).status.state === "Running");
  });

  test("comes in pages", async () => {
    const filter = { metadata: { mark }, pageSize: 2 };
    const first = await manager.listSandboxInfos({ ...filter, page: 1 });
    const second = await manager.listSandboxInfos({ ...filter, page: 2 });
    assert.deepEqual(first.pagination, { page: 1, pageSize: 2, totalItems: 3, totalPages: 2, hasNextPage: true });
    assert.deepEqual(second.pagination, { page: 2, pageSize: 2, totalItems: 3, totalPages: 2, hasNextPage: false });
    assert.deepEqual([first.items.length, second.items.length], [2, 1]);
    assert.deepEqual([...ids(first), ...ids(second)].sort(), idsOf(0, 1, 2));
    assert.deepEqual((await manager.listSandboxInfos({ ...filter, page: 9 })).items, []);
  });

  test("with an impossible page is an error that names it", async () => {
    for (const filter of [{ page: 1.5 }, { pageSize: -1 }]) {
      const error = await rejection(manager.listSandboxInfos(filter));
      assert.equal(error.name, "InvalidArgumentException");
      assert.match(error.message, new RegExp(`^${Object.keys(filter)[0]} `));
    }
    assert.equal((await rejection(manager.listSandboxInfos({ page: 0 }))).statusCode, 422);
  });
});

describe("one sandbox", () => {
  test("is renewed, without an answer", async () => {
    assert.equal(await manager.renewSandbox(three[0].id, 4000), undefined);
    const seconds = ((await manager.getSandboxInfo(three[0].id)).expiresAt - Date.now()) / 1000;
    assert.ok(Math.abs(seconds - 4000) < 30, `${seconds}`);
  });

  test("is paused and resumed, without an answer", async () => {
    assert.equal(await manager.pauseSandbox(three[2].id), undefined);
    await until("it is paused", async () => (await manager.getSandboxInfo(three[2].id)).status.state === "Paused");
    assert.equal((await rejection(manager.pauseSandbox(three[2].id))).statusCode, 409);
    assert.equal(await manager.resumeSandbox(three[2].id), undefined);
    await until("it answers", () => three[2].isHealthy({ requestTimeoutSeconds: 1 }));
    assert.equal((await three[2].commands.run("echo up")).stdout, "up\n");
  });

  test("has its metadata patched: set, changed, deleted with null; both by manager and by handle", async () => {
    const made = await server.create({ metadata: { keep: "1", change: "1", drop: "1" } });
    const info = await manager.patchSandboxMetadata(made.id, { change: "2", drop: null, add: "3.4-x_Y" });
    assert.deepEqual(info.metadata, { keep: "1", change: "2", add: "3.4-x_Y" });
    assert.equal(info.id, made.id);
    assert.ok(info.createdAt instanceof Date);
    const again = await made.patchMetadata({ keep: null });
    assert.deepEqual(again.metadata, { change: "2", add: "3.4-x_Y" });
    assert.deepEqual((await made.getInfo()).metadata, { change: "2", add: "3.4-x_Y" });
    const error = await rejection(made.patchMetadata({ change: 5 }));
    assert.deepEqual([error.name, /patch\.change/.test(error.message)], ["InvalidArgumentException", true]);
  });

  test("is killed, and unknown from then on", async () => {
    const made = await server.create({ metadata: { mark: `${mark}-killed` } });
    assert.equal(await manager.killSandbox(made.id), undefined);
    for (const call of [
      () => manager.getSandboxInfo(made.id),
      () => manager.killSandbox(made.id),
      () => manager.pauseSandbox(made.id),
      () => manager.resumeSandbox(made.id),
      () => manager.renewSandbox(made.id, 100),
      () => manager.patchSandboxMetadata(made.id, { a: "b" }),
    ]) {
      const error = await rejection(call());
      assert.equal(error.name, "SandboxApiException", String(call));
      assert.equal(error.statusCode, 404, String(call));
      assert.ok(error.requestId, String(call));
    }
    assert.deepEqual(await list({ metadata: { mark: `${mark}-killed` } }), []);
  });

  test("is named by an id that cannot leave its place in the path", async () => {
    const { calls, fetch } = recorder();
    const other = SandboxManager.create({ connectionConfig: server.config({ fetch }) });
    for (const id of ["", "  ", ".", ".."]) {
      assert.equal((await rejection(other.getSandboxInfo(id))).name, "InvalidArgumentException", JSON.stringify(id));
    }
    assert.deepEqual(calls, []);
    const error = await rejection(other.getSandboxInfo("../sandboxes?x=1#y"));
    assert.ok(error.statusCode >= 400, String(error));
    assert.ok(calls[0].url.endsWith("/v1/sandboxes/..%2Fsandboxes%3Fx%3D1%23y"), calls[0].url);
    await other.close();
  });
});

test("a manager is made at once, sends nothing, and has the configuration that it was given", async () => {
  const { calls, fetch } = recorder();
  const other = SandboxManager.create({ connectionConfig: server.config({ fetch }) });
  assert.ok(other instanceof SandboxManager);
  assert.equal(other.connectionConfig.domain, server.domain);
  await other.close();
  assert.deepEqual(calls, []);
});

test("a closed manager refuses, another one with the same configuration does not", async () => {
  const connectionConfig = server.config();
  const [one, two] = [SandboxManager.create({ connectionConfig }), SandboxManager.create({ connectionConfig })];
  await one.close();
  await one.close();
  assert.equal((await rejection(one.listSandboxInfos())).code, "CLOSED");
  assert.ok((await two.listSandboxInfos()).items);
  await two[Symbol.asyncDispose]();
  assert.equal((await rejection(two.listSandboxInfos())).code, "CLOSED");
});
