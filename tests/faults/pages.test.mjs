// Lists gone through page after page, also while they change, and servers whose lists do not end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SandboxManager } from "opensandbox-wasm";
import { faultServer, json, outcome } from "./fault-server.mjs";

const item = (id) => ({ id, sandboxId: "s", templateId: id, createdAt: "2026-01-01T00:00:00Z", status: {} });

/** A list of ids that its server sorts, filters and cuts as the real one does; `ids` may change between requests. */
async function listServer(ids, change = () => {}) {
  const asked = [];
  const page = (_, response, { url }) => {
    const [number, size] = [Number(url.searchParams.get("page") ?? 1), Number(url.searchParams.get("pageSize") ?? 20)];
    asked.push(number);
    const totalPages = Math.ceil(ids.length / size);
    json(response, 200, {
      items: ids.slice((number - 1) * size, number * size).map(item),
      pagination: {
        page: number,
        pageSize: size,
        totalItems: ids.length,
        totalPages,
        hasNextPage: number < totalPages,
      },
    });
    change(asked.length);
  };
  const routes = { "GET /v1/sandboxes": page, "GET /v1/snapshots": page, "GET /v1/templates": page };
  const server = await faultServer(routes);
  return { ...server, asked, manager: SandboxManager.create({ connectionConfig: server.config }) };
}
const numbers = (count) => Array.from({ length: count }, (_, i) => `n${i}`);

async function collect(iterable, key = "id") {
  const found = [];
  for await (const each of iterable) found.push(each[key]);
  return found;
}

test("all of them, in order, one page after another", async () => {
  const ids = numbers(45);
  const { manager, asked, close, seen } = await listServer(ids);
  assert.deepEqual(await collect(manager.sandboxes({ states: ["Running"] })), ids);
  assert.deepEqual(asked.splice(0), [1, 2, 3]);
  assert.ok(seen.every(({ url }) => url.searchParams.get("state") === "Running"));
  assert.deepEqual(await collect(manager.snapshots({ sandboxId: "s", pageSize: 40 })), ids);
  assert.deepEqual(asked.splice(0), [1, 2]);
  assert.equal(seen.at(-1).url.search, "?sandboxId=s&page=2&pageSize=40");
  assert.deepEqual(await collect(manager.templates(), "templateId"), ids);
  asked.splice(0);
  assert.deepEqual(await collect(manager.sandboxes({ page: 2 })), ids.slice(20), "from the page that was asked for on");
  await close();
});

test("nothing is asked for before the first item is, break ends the asking, and the list can be gone through again", async () => {
  const { manager, asked, close } = await listServer(numbers(45));
  const filter = { pageSize: 5 };
  const list = manager.sandboxes(filter);
  filter.pageSize = 1;
  assert.deepEqual(asked, []);
  let seen = 0;
  for await (const { createdAt } of list) {
    assert.ok(createdAt instanceof Date);
    assert.equal(asked.length, Math.ceil(++seen / 5));
    if (seen === 7) break;
  }
  assert.deepEqual(asked.splice(0), [1, 2]);
  assert.equal((await collect(list)).length, 45);
  await close();
});

test("an empty list is one request", async () => {
  const { manager, asked, close } = await listServer([]);
  assert.deepEqual(await collect(manager.sandboxes()), []);
  assert.deepEqual(asked, [1]);
  await close();
});

test("a loop that ends what it is given misses none", async () => {
  const ids = numbers(50);
  const { manager, close } = await listServer(ids);
  const found = [];
  for await (const { id } of manager.sandboxes()) {
    found.push(id);
    ids.splice(ids.indexOf(id), 1);
  }
  assert.deepEqual(found.sort(), numbers(50).sort());
  await close();
});

test("what is made meanwhile moves the others down: none comes twice", async () => {
  const ids = numbers(50);
  const { manager, close } = await listServer(ids, (request) => request < 4 && ids.unshift(`new${request}`));
  const found = await collect(manager.sandboxes());
  assert.equal(new Set(found).size, found.length);
  for (const id of numbers(50)) assert.ok(found.includes(id), id);
  await close();
});

/** What a manager finds on a server with a page of its own. */
async function endless(page) {
  let asked = 0;
  const server = await faultServer({
    "GET /v1/sandboxes": (_, response, { url }) => {
      asked++;
      json(response, 200, page(Number(url.searchParams.get("page"))));
    },
  });
  const manager = SandboxManager.create({ connectionConfig: server.config });
  const found = [];
  const { error } = await outcome(
    (async () => {
      for await (const { id } of manager.sandboxes()) found.push(id);
    })(),
  );
  await server.close();
  return { asked, found, error };
}

test("a page that repeats for ever is an error, after what it had", async () => {
  const { asked, found, error } = await endless(() => ({
    items: [item("a"), item("b")],
    pagination: { hasNextPage: true },
  }));
  assert.deepEqual(found, ["a", "b"]);
  assert.deepEqual([error?.name, error?.code], ["SandboxApiException", "UNEXPECTED_RESPONSE"]);
  assert.match(error.message, /^List sandboxes failed: page \d+ says that there is more/);
  assert.equal(asked, 11);
});

test("empty pages, a last page that promises more, an answer without pages: the end", async () => {
  assert.deepEqual(await endless(() => ({ items: [], pagination: { hasNextPage: true, totalItems: 9 } })), {
    asked: 1,
    found: [],
    error: undefined,
  });
  const promising = (number) => ({ items: [item(`n${number}`)], pagination: { hasNextPage: true, totalPages: 3 } });
  assert.deepEqual(await endless(promising), { asked: 3, found: ["n1", "n2", "n3"], error: undefined });
  assert.deepEqual(await endless(() => ({ items: [item("a")] })), { asked: 1, found: ["a"], error: undefined });
});

test("an error of a page ends the loop, and so does an abort between two pages", async () => {
  const failing = await endless((number) =>
    number === 1 ? { items: [item("a")], pagination: { hasNextPage: true } } : {},
  );
  assert.deepEqual(failing.found, ["a"]);
  assert.equal(failing.error?.code, "UNEXPECTED_RESPONSE");
  const { manager, asked, close } = await listServer(numbers(45));
  const controller = new AbortController();
  const aborted = outcome(
    (async () => {
      for await (const _ of manager.sandboxes({}, { signal: controller.signal })) controller.abort();
    })(),
  );
  assert.equal((await aborted).error?.code, "ABORTED");
  assert.deepEqual(asked, [1]);
  await close();
});

test("wrong arguments are refused at once", () => {
  const manager = SandboxManager.create({ connectionConfig: { domain: "server.test" } });
  for (const [call, field] of [
    [() => manager.sandboxes(5), "filter"],
    [() => manager.sandboxes({ states: "x" }), "states"],
    [() => manager.snapshots({ name: 1 }), "name"],
    [() => manager.templates({ pageSize: 0.5 }), "pageSize"],
    [() => manager.sandboxes({}, { signal: 1 }), "signal"],
  ]) {
    assert.throws(call, (error) => error.code === "INVALID_ARGUMENT" && error.message.startsWith(`${field} `), field);
  }
});
