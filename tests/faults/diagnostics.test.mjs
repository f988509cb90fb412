// Diagnostics: texts that come along, texts that lie elsewhere, servers that only know the old form.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { SandboxManager } from "opensandbox-wasm";
import { faultServer, json, outcome, using } from "./fault-server.mjs";
import { body, recorded } from "./recordings.mjs";

const at = (name) => `GET /v1/sandboxes/s1/diagnostics/${name}`;
const queries = (seen, name) => seen.filter((request) => request.name === at(name)).map(({ url }) => url.search);

test("logs and events as recorded, by handle and by id", async () => {
  const routes = { [at("logs")]: recorded("diagnostics-logs"), [at("events")]: recorded("diagnostics-events") };
  await using(routes, async (sandbox, { seen, config }) => {
    assert.equal(sandbox.diagnostics, sandbox.diagnostics);
    const logs = await sandbox.diagnostics.logs();
    assert.deepEqual(logs, body("diagnostics-logs"));
    assert.deepEqual(await sandbox.diagnostics.events({ scope: "all" }), body("diagnostics-events"));
    const manager = SandboxManager.create({ connectionConfig: config });
    assert.deepEqual(await manager.diagnostics("s1").logs({ scope: "network" }), logs);
    assert.deepEqual(queries(seen, "logs"), ["?scope=container", "?scope=network"]);
    assert.deepEqual(queries(seen, "events"), ["?scope=all"]);
    assert.throws(() => manager.diagnostics(""), { code: "INVALID_ARGUMENT", message: "sandboxId cannot be empty" });
  });
});

test("summary and inspect are texts", async () => {
  const routes = { [at("summary")]: recorded("diagnostics-summary"), [at("inspect")]: recorded("diagnostics-summary") };
  await using(routes, async ({ diagnostics }, { seen }) => {
    assert.equal(await diagnostics.summary(), body("diagnostics-summary"));
    await diagnostics.summary({ tail: 5, eventLimit: 7 });
    assert.deepEqual(queries(seen, "summary"), ["", "?tail=5&event_limit=7"]);
    assert.equal(await diagnostics.inspect(), body("diagnostics-summary"));
  });
});

/** A server for texts, on an origin of its own. */
async function storage(answer) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    seen,
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const elsewhere = (contentUrl) => (_, response) => {
  const { content, ...rest } = body("diagnostics-logs");
  json(response, 200, { ...rest, delivery: "url", contentUrl, expiresAt: "2026-04-14T10:30:00Z", warnings: ["old"] });
};

test("a text on another origin is fetched without the key and without any other header of ours", async () => {
  const store = await storage((_, response) => response.end("the log ü\n"));
  const contentUrl = `${store.url}/logs/x/?X-Signature=a%2Fb`;
  const options = { headers: { "X-Team": "secret" } };
  await using(
    { [at("logs")]: elsewhere(contentUrl) },
    async ({ diagnostics }) => {
      const logs = await diagnostics.logs({ headers: { "X-Call": "secret" } });
      assert.equal(logs.content, "the log ü\n");
      assert.equal(logs.delivery, "url");
      assert.equal(logs.contentUrl, contentUrl);
      assert.deepEqual(logs.expiresAt, new Date("2026-04-14T10:30:00Z"));
      assert.deepEqual(logs.warnings, ["old"]);
    },
    options,
  );
  assert.equal(store.seen[0].url, "/logs/x/?X-Signature=a%2Fb");
  const own = Object.keys(store.seen[0].headers).filter((name) => /^(x-|open)/.test(name));
  assert.deepEqual(own, []);
  await store.close();
});

test("a text of the server's own is fetched with the key, also from a relative address", async () => {
  const TEXT = "GET /v1/texts/1";
  for (const address of [({ port }) => `http://127.0.0.1:${port}/v1/texts/1`, () => "/v1/texts/1"]) {
    const server = await faultServer({
      [at("events")]: (request, response) => elsewhere(address(server))(request, response),
      [TEXT]: (_, response) => response.end("events"),
    });
    const diagnostics = SandboxManager.create({ connectionConfig: server.config }).diagnostics("s1");
    assert.equal((await diagnostics.events()).content, "events");
    assert.equal(server.seen.find(({ name }) => name === TEXT).headers["open-sandbox-api-key"], "k");
    await server.close();
  }
});

test("an address that leads out of the server's base gets no key", async () => {
  const TEXT = "GET /other";
  const server = await faultServer({
    [at("logs")]: (request, response) => elsewhere("/v1/../other")(request, response),
    [TEXT]: (_, response) => response.end("x"),
  });
  const diagnostics = SandboxManager.create({ connectionConfig: server.config }).diagnostics("s1");
  assert.equal((await diagnostics.logs()).content, "x");
  assert.equal(server.seen.find(({ name }) => name === TEXT).headers["open-sandbox-api-key"], undefined);
  await server.close();
});

test("a text that cannot be fetched is an error without its address's signature", async () => {
  const store = await storage((_, response) => response.writeHead(403).end("<Error>expired</Error>"));
  const url = `${store.url}/x?X-Signature=geheim`;
  await using({ [at("logs")]: elsewhere(url) }, async ({ diagnostics }) => {
    const { error } = await outcome(diagnostics.logs());
    assert.deepEqual([error.name, error.statusCode], ["SandboxApiException", 403]);
    assert.ok(!`${error.message}${JSON.stringify(error)}`.includes("geheim"));
  });
  await store.close();
  await using({ [at("logs")]: elsewhere(url) }, async ({ diagnostics }) => {
    const { error } = await outcome(diagnostics.logs());
    assert.equal(error.code, "NETWORK_ERROR");
    assert.ok(!`${error.message}${JSON.stringify(error)}`.includes("geheim"));
  });
  for (const bad of ["file:///etc/passwd", "javascript:1", "http://"]) {
    await using({ [at("logs")]: elsewhere(bad) }, async ({ diagnostics }) => {
      assert.equal((await outcome(diagnostics.logs())).error?.code, "UNEXPECTED_RESPONSE", bad);
    });
  }
  const neither = (_, response) => json(response, 200, { kind: "logs", delivery: "inline" });
  await using({ [at("logs")]: neither }, async ({ diagnostics }) => {
    assert.equal((await outcome(diagnostics.logs())).error?.code, "UNEXPECTED_RESPONSE");
  });
});

test("a server before 1.1 has no scopes: it is asked for its plain text", async () => {
  const old = (_, response, { url }) => {
    if (url.searchParams.has("scope"))
      return json(response, 501, { code: "DIAGNOSTICS_NOT_IMPLEMENTED", message: "no" });
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("(no logs)");
  };
  await using({ [at("logs")]: old, [at("events")]: old }, async ({ diagnostics }, { seen }) => {
    assert.deepEqual(await diagnostics.logs(), {
      sandboxId: "s1",
      kind: "logs",
      scope: "container",
      delivery: "inline",
      contentType: "text/plain; charset=utf-8",
      content: "(no logs)",
    });
    assert.equal((await diagnostics.events()).scope, "runtime");
    assert.deepEqual(queries(seen, "logs"), ["?scope=container", "?tail=10000"]);
    assert.deepEqual(queries(seen, "events"), ["?scope=runtime", "?limit=500"]);
    // Another scope cannot be had there, and this text is not it.
    const { error } = await outcome(diagnostics.logs({ scope: "network" }));
    assert.deepEqual([error.code, error.statusCode], ["NOT_SUPPORTED", 501]);
  });
});

test("a server without diagnostics says so; wrong values name themselves", async () => {
  const missing = (_, response) => json(response, 404, { detail: "Not Found" });
  const routes = Object.fromEntries(["logs", "events", "summary", "inspect"].map((name) => [at(name), missing]));
  await using(routes, async ({ diagnostics }, { seen }) => {
    for (const name of ["logs", "events", "summary", "inspect"]) {
      const { error } = await outcome(diagnostics[name]());
      assert.deepEqual([error.code, error.statusCode], ["NOT_SUPPORTED", 404], name);
      assert.equal(error.message, "These diagnostics are not supported by this server: Not Found");
    }
    const sent = seen.length;
    for (const [call, field] of [
      [() => diagnostics.logs({ scope: 1 }), "scope"],
      [() => diagnostics.logs({ scope: " " }), "scope"],
      [() => diagnostics.summary({ tail: -1 }), "tail"],
      [() => diagnostics.summary({ eventLimit: "x" }), "eventLimit"],
      [() => diagnostics.inspect(5), "call options, or a signal,"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", String(call));
      assert.ok(error.message.startsWith(`${field} `), error.message);
    }
    assert.equal(seen.length, sent);
  });
});
