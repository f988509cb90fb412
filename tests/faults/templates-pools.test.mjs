// Templates and pools of a server on Kubernetes, as its API document describes them, and servers that have none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, SandboxManager } from "opensandbox-wasm";
import { faultServer, json, outcome } from "./fault-server.mjs";
import { body, recorded } from "./recordings.mjs";

const template = {
  templateId: "tpl_1",
  image: "python:3.12",
  publish: "s3://bucket/x",
  format: "overlaybd",
  status: { phase: "Pending" },
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:01.5Z",
};
const capacitySpec = { bufferMax: 3, bufferMin: 1, poolMax: 9, poolMin: 0 };
const pool = { name: "warm", capacitySpec, createdAt: "2026-01-01T00:00:00Z" };

/** A manager on a server with these routes; `sent` has method, path, query and body of each request. */
async function withManager(routes, work) {
  const sent = [];
  const noted = Object.fromEntries(
    Object.entries(routes).map(([name, [status, value]]) => [
      name,
      (_, response, { body, url }) => {
        sent.push([name, url.search, body === "" ? undefined : JSON.parse(body)]);
        return value === undefined ? response.writeHead(status).end() : json(response, status, value);
      },
    ]),
  );
  const server = await faultServer(noted);
  try {
    await work(SandboxManager.create({ connectionConfig: server.config }), sent, server);
  } finally {
    await server.close();
  }
}

test("templates: create, get, list, delete", async () => {
  const pagination = { page: 2, pageSize: 1, totalItems: 2, totalPages: 2, hasNextPage: false };
  const routes = {
    "POST /v1/templates": [201, template],
    "GET /v1/templates/tpl_1": [200, { ...template, status: { phase: "Succeeded", manifestRef: "m" } }],
    "GET /v1/templates": [200, { items: [template], pagination }],
    "DELETE /v1/templates/tpl_1": [204],
  };
  await withManager(routes, async (manager, sent) => {
    const request = { image: "python:3.12", publish: "s3://bucket/x", readiness: { warmupSeconds: 5, probe: null } };
    const made = await manager.createTemplate(request);
    assert.deepEqual(made.createdAt, new Date(template.createdAt));
    assert.deepEqual(made.updatedAt, new Date(template.updatedAt));
    assert.equal((await manager.getTemplate("tpl_1")).status.phase, "Succeeded");
    const page = await manager.listTemplates({ metadata: { a: "b c" }, page: 2, pageSize: 1 });
    assert.ok(page.items[0].createdAt instanceof Date);
    assert.equal(await manager.deleteTemplate("tpl_1"), undefined);
    assert.deepEqual(sent, [
      ["POST /v1/templates", "", request],
      ["GET /v1/templates/tpl_1", "", undefined],
      ["GET /v1/templates", "?metadata=a%3Db%2520c&page=2&pageSize=1", undefined],
      ["DELETE /v1/templates/tpl_1", "", undefined],
    ]);
  });
});

test("pools: create, get, list, update, delete", async () => {
  const routes = {
    "POST /v1/pools": [201, pool],
    "GET /v1/pools/warm": [200, { name: "warm", capacitySpec }],
    "GET /v1/pools": [200, { items: [pool] }],
    "PUT /v1/pools/warm": [200, pool],
    "DELETE /v1/pools/warm": [204],
  };
  await withManager(routes, async (manager, sent) => {
    const request = { name: "warm", template: { spec: {} }, capacitySpec };
    assert.deepEqual((await manager.createPool(request)).createdAt, new Date(pool.createdAt));
    assert.deepEqual(await manager.getPool("warm"), { name: "warm", capacitySpec });
    assert.ok((await manager.listPools()).items[0].createdAt instanceof Date);
    assert.equal((await manager.updatePool("warm", { capacitySpec })).name, "warm");
    assert.equal(await manager.deletePool("warm"), undefined);
    assert.deepEqual(
      sent.map(([name, , body]) => [name, body]),
      [
        ["POST /v1/pools", request],
        ["GET /v1/pools/warm", undefined],
        ["GET /v1/pools", undefined],
        ["PUT /v1/pools/warm", { capacitySpec }],
        ["DELETE /v1/pools/warm", undefined],
      ],
    );
  });
});

test("a sandbox is made from a template, with what the template leaves open", async () => {
  let sent;
  const server = await faultServer({
    "POST /v1/sandboxes": (_, response, { body }) => {
      sent = JSON.parse(body);
      json(response, 202, { id: "s1", createdAt: "2026-01-01T00:00:00Z", status: { state: "Running" } });
    },
    "DELETE /v1/sandboxes/s1": (_, response) => response.writeHead(204).end(),
  });
  const connectionConfig = server.config;
  const options = { connectionConfig, templateId: "tpl_1", timeoutSeconds: 90.7 };
  const sandbox = await Sandbox.createFromTemplate(options);
  assert.deepEqual(sent, { templateId: "tpl_1", timeout: 90 });
  assert.equal(sandbox.id, "s1");
  await sandbox[Symbol.asyncDispose]();
  assert.equal(server.count("DELETE /v1/sandboxes/s1"), 1, "it is this handle's own");
  const more = { metadata: { a: "b" }, extensions: { c: "d" }, networkPolicy: { egress: [] } };
  await Sandbox.createFromTemplate({ ...options, ...more, skipHealthCheck: true });
  assert.deepEqual(sent, {
    templateId: "tpl_1",
    timeout: 90,
    ...more,
    networkPolicy: { egress: [], defaultAction: "deny" },
  });
  await server.close();
});

test("a server without them says so in one way, with its own words", async () => {
  const missing = (_, response) => json(response, 404, { detail: "Not Found" });
  const own = { "GET /v1/pools": recorded("pools-list"), "GET /v1/templates": recorded("templates-list") };
  const server = await faultServer({
    ...own,
    "POST /v1/pools": missing,
    "DELETE /v1/templates/x": missing,
    "GET /v1/templates/x": (_, response) => json(response, 404, { code: "FSB::TEMPLATE_NOT_FOUND", message: "gone" }),
    "POST /v1/sandboxes": recorded("templates-list"),
  });
  const connectionConfig = server.config;
  const manager = SandboxManager.create({ connectionConfig });
  for (const [call, status, message] of [
    [() => manager.listPools(), 501, `Pools are not supported by this server: ${body("pools-list").message}`],
    [
      () => manager.listTemplates(),
      501,
      `Templates are not supported by this server: ${body("templates-list").message}`,
    ],
    [() => manager.templates()[Symbol.asyncIterator]().next(), 501, /^Templates are not supported/],
    [() => manager.createPool({ name: "x", template: {}, capacitySpec }), 404, /^Pools are not supported/],
    [() => manager.deleteTemplate("x"), 404, /^Templates are not supported/],
    [
      () => Sandbox.createFromTemplate({ connectionConfig, templateId: "x", timeoutSeconds: 60 }),
      501,
      /^Templates are not supported/,
    ],
  ]) {
    const { error } = await outcome(call());
    assert.deepEqual([error?.name, error?.code, error?.statusCode], ["SandboxApiException", "NOT_SUPPORTED", status]);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.equal(error.requestId, "from-server");
    assert.equal(error.isRetryable, false);
  }
  assert.equal((await outcome(manager.getTemplate("x"))).error?.code, "FSB::TEMPLATE_NOT_FOUND");
  await server.close();
});

test("wrong values name themselves, and nothing is sent", async () => {
  await withManager({}, async (manager, _, { seen, config: connectionConfig }) => {
    const fromTemplate = (options) => Sandbox.createFromTemplate({ connectionConfig, ...options });
    const size = { name: "x", template: {} };
    for (const [call, field] of [
      [() => manager.createTemplate(), "request"],
      [() => manager.createTemplate({ publish: "p" }), "image"],
      [() => manager.createTemplate({ image: "i", publish: " " }), "publish"],
      [() => manager.createTemplate({ image: "i", publish: "p", env: { A: 1 } }), "env.A"],
      [() => manager.createTemplate({ image: "i", publish: "p", readiness: 1 }), "readiness"],
      [
        () => manager.createTemplate({ image: "i", publish: "p", readiness: { warmupSeconds: -1 } }),
        "readiness.warmupSeconds",
      ],
      [() => manager.getTemplate(""), "templateId"],
      [() => manager.deleteTemplate(), "templateId"],
      [() => manager.listTemplates({ page: "1" }), "page"],
      [() => manager.createPool({ template: {}, capacitySpec }), "name"],
      [() => manager.createPool({ name: "x", template: [], capacitySpec }), "template"],
      [() => manager.createPool(size), "capacitySpec"],
      [() => manager.createPool({ ...size, capacitySpec: { ...capacitySpec, poolMax: -1 } }), "capacitySpec.poolMax"],
      [() => manager.updatePool("x", { capacitySpec: {} }), "capacitySpec.bufferMax"],
      [() => manager.updatePool("..", { capacitySpec }), "poolName"],
      [() => manager.getPool(7), "poolName"],
      [() => fromTemplate({ timeoutSeconds: 60 }), "templateId"],
      [() => fromTemplate({ templateId: "t" }), "timeoutSeconds"],
      [() => fromTemplate({ templateId: "t", timeoutSeconds: null }), "timeoutSeconds"],
      [() => fromTemplate({ templateId: "t", timeoutSeconds: 60, metadata: { a: 1 } }), "metadata.a"],
      [() => Sandbox.createFromTemplate(), "options"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", String(call));
      assert.ok(error.message.startsWith(`${field} `), error.message);
    }
    assert.deepEqual(seen, []);
  });
});
