// Network policies and credential vaults: their state at port 18080 and through the lifecycle server. Nothing of it is
// enforced, and that is said.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { listen, raw, startServer, until } from "./server.mjs";

const PAGE = "http://page.example";
const POLICY = { defaultAction: "deny", egress: [{ action: "allow", target: "*.example.com" }] };
const VAULT = {
  credentials: [{ name: "token", source: { type: "inline", value: "hush-hush" } }],
  bindings: [{ name: "api", match: { hosts: ["api.example.com"] }, auth: { type: "bearer", credential: "token" } }],
};

describe("egress", () => {
  let server;
  let id;
  let direct;
  let proxied;
  before(async () => {
    server = await startServer("--allow-origin", PAGE, { quiet: false });
    id = await server.create({ networkPolicy: POLICY, credentialProxy: { enabled: true } });
    const endpoint = async (query) => {
      const { body } = await server.api("GET", `/v1/sandboxes/${id}/endpoints/18080${query}`);
      return { url: `http://${body.endpoint}`, headers: body.headers };
    };
    [direct, proxied] = [await endpoint(""), await endpoint("?use_server_proxy=true")];
  });
  after(async () => {
    await server?.stop();
  });

  const call = async (to, method, path, json, headers = to.headers) => {
    const body = json === undefined ? undefined : typeof json === "string" ? json : JSON.stringify(json);
    const response = await fetch(to.url + path, { method, headers, body });
    const text = await response.text();
    const type = response.headers.get("content-type");
    if (response.ok && text && type === "application/json") {
      assert.ok(text.endsWith("\n"));
      return { status: response.status, body: JSON.parse(text), headers: response.headers };
    }
    return { status: response.status, body: text, type, headers: response.headers };
  };

  test("its endpoint, directly and through the proxy, with a token that the caller must send", async () => {
    assert.deepEqual(Object.keys(direct.headers), ["OPENSANDBOX-EGRESS-AUTH"]);
    assert.deepEqual(proxied.headers, direct.headers);
    assert.equal(proxied.url, `${server.url}/v1/sandboxes/${id}/proxy/18080`);
    for (const to of [direct, proxied]) {
      const got = await call(to, "GET", "/policy");
      assert.deepEqual(got.body, { status: "ok", mode: "enforcing", enforcementMode: "none", policy: POLICY });
      assert.equal(got.headers.get("opensandbox-egress-enforcement"), "none");
      for (const headers of [{}, { "OPENSANDBOX-EGRESS-AUTH": "wrong" }, server.key]) {
        const refused = await call(to, "GET", "/policy", undefined, headers);
        assert.deepEqual(
          [refused.status, refused.body, refused.type],
          [401, "unauthorized\n", "text/plain; charset=utf-8"],
        );
      }
      assert.equal((await call(to, "GET", "/healthz", undefined, {})).body, "ok");
      assert.equal((await call(to, "GET", "/nothing")).status, 404);
    }
  });

  test("it says that it does not enforce", async () => {
    await until(() => /WARN THE NETWORK POLICY IS NOT ENFORCED.*sandbox/.test(server.log()));
    // And it is so: the sandbox reaches what its policy denies.
    const backend = await listen((_request, response) => response.end("reached"));
    const script = `exec 3<>/dev/tcp/127.0.0.1/${backend.port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3`;
    assert.equal((await server.sh(id, `bash -c "${script.replaceAll('"', '\\"')}"`)).stdout, "reached");
    backend.close();
  });

  test("the policy changes, the same through every way", async () => {
    const show = async () => (await call(direct, "GET", "/policy")).body.policy;
    const rule = (action, target) => ({ action, target });
    assert.deepEqual(
      (await call(direct, "PATCH", "/policy", [rule("deny", "bad.example.com"), rule("allow", "BAD.example.com")]))
        .body,
      {
        status: "ok",
        mode: "enforcing",
        enforcementMode: "none",
      },
    );
    assert.deepEqual(await show(), { ...POLICY, egress: [rule("deny", "bad.example.com"), ...POLICY.egress] });
    const none = await call(proxied, "DELETE", "/policy", ["nobody.example"]);
    assert.equal(none.body.reason, "no matching targets found");
    await call(proxied, "DELETE", "/policy", ["bad.EXAMPLE.com"]);
    assert.deepEqual(await show(), POLICY);

    // The lifecycle server's own route adds the token itself.
    const route = (method, json) => server.api(method, `/v1/sandboxes/${id}/networkpolicy`, json);
    assert.deepEqual((await route("GET")).body.policy, POLICY);
    assert.equal((await route("PUT", { defaultAction: "allow" })).body.mode, "allow_all");
    assert.deepEqual(await show(), { egress: null, defaultAction: "allow" });
    assert.equal((await route("PATCH", POLICY.egress)).body.mode, "enforcing");
    assert.equal((await route("DELETE", ["*.example.com"])).body.mode, "allow_all");
    assert.equal((await route("PUT", POLICY)).status, 200);
    assert.deepEqual(await show(), POLICY);
    // First the shape, in the lifecycle server's words, then the meaning, in those of the egress.
    for (const [method, json, type] of [
      ["PUT", { egress: [{ action: "allow" }] }, "missing"],
      ["PATCH", {}, "list_type"],
      ["DELETE", [1], "string_type"],
    ]) {
      const answer = await route(method, json);
      assert.deepEqual([answer.status, answer.body.detail[0].type], [422, type]);
    }
    const answer = await route("PATCH", [{ action: "log", target: "a.example" }]);
    assert.deepEqual([answer.status, answer.body], [400, 'invalid merged policy: unsupported action "log"\n']);
    assert.equal((await route("POST", {})).status, 405);
    assert.equal((await server.api("GET", "/v1/sandboxes/nobody/networkpolicy")).status, 404);

    for (const [method, json, body] of [
      ["PATCH", "", "empty body\n"],
      ["PATCH", [], "invalid patch rules: empty array\n"],
      ["DELETE", [], "invalid delete targets: empty array\n"],
      ["PUT", { egress: [{ target: " " }] }, "invalid policy: egress target cannot be empty\n"],
    ]) {
      const refused = await call(direct, method, "/policy", json);
      assert.deepEqual([refused.status, refused.body], [400, body]);
    }
    const many = Array.from({ length: 4097 }, (_, n) => rule("deny", `${n}.example`));
    assert.equal((await call(direct, "PUT", "/policy", { egress: many })).status, 413);
    const wrong = await call(direct, "OPTIONS", "/policy");
    assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, POST, PUT, PATCH, DELETE"]);
    assert.deepEqual(await show(), POLICY);
  });

  test("the vault's life", async () => {
    const vault = (method, json, part = "") => call(proxied, method, `/credential-vault${part}`, json);
    for (const [method, json] of [["GET"], ["PATCH", {}], ["DELETE"]]) {
      const answer = await vault(method, json);
      assert.deepEqual([answer.status, answer.body], [404, "credential vault not found\n"], method);
    }
    const made = await vault("POST", VAULT);
    const binding = {
      name: "api",
      revision: 1,
      match: {
        schemes: ["https"],
        ports: [443],
        hosts: ["api.example.com"],
        methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        paths: ["/*"],
      },
      auth: { type: "bearer" },
    };
    const credential = { name: "token", sourceType: "inline", revision: 1 };
    assert.equal(made.status, 201);
    assert.deepEqual(made.body, { revision: 1, credentials: [credential], bindings: [binding] });
    assert.deepEqual((await vault("GET")).body, made.body);
    assert.deepEqual((await vault("GET", undefined, "/credentials")).body, { revision: 1, credentials: [credential] });
    assert.deepEqual((await vault("GET", undefined, "/bindings/api")).body, binding);
    assert.equal((await vault("GET", undefined, "/credentials/other")).body, "credential not found\n");
    assert.equal((await vault("GET", undefined, "/nothing")).body, "not found\n");
    assert.equal((await vault("PUT", {})).headers.get("allow"), "GET, POST, PATCH, DELETE");
    assert.equal((await vault("GET", undefined, "/_active")).status, 403);
    assert.equal((await vault("POST", VAULT)).status, 409);

    const stale = await vault("PATCH", { expectedRevision: 7 });
    assert.deepEqual([stale.status, stale.body], [409, "expectedRevision 7 does not match current revision 1\n"]);
    const half = await vault("PATCH", {
      credentials: { add: [{ name: "x", source: { type: "inline", value: "v" } }], delete: ["nobody"] },
    });
    assert.deepEqual([half.status, half.body], [400, 'credential "nobody" does not exist\n']);
    assert.equal((await vault("GET")).body.revision, 1, "all or nothing");
    const next = await vault("PATCH", {
      expectedRevision: 1,
      credentials: { add: [{ name: "x", source: { value: "v" } }] },
    });
    assert.deepEqual([next.status, next.body.revision, next.body.bindings[0].revision], [200, 2, 2]);

    // A policy that no longer covers a binding is refused, whichever way it comes.
    const uncovered =
      'credential vault policy validation: binding "api" host "api.example.com" is not allowed by egress policy\n';
    for (const answer of [
      await call(direct, "PUT", "/policy", ""),
      await call(direct, "DELETE", "/policy", ["*.example.com"]),
      await server.api("PUT", `/v1/sandboxes/${id}/networkpolicy`, {}),
    ]) {
      assert.deepEqual([answer.status, answer.body], [400, uncovered]);
    }
    assert.equal((await vault("DELETE")).status, 204);
    assert.equal((await vault("POST", {})).body.revision, 1);
    assert.equal((await vault("DELETE")).status, 204);
    assert.ok(!server.log().includes("hush-hush"));
  });

  test("without a credential proxy the vault cannot be written", async () => {
    const other = await server.create({ networkPolicy: {} });
    const { body } = await server.api("GET", `/v1/sandboxes/${other}/endpoints/18080`);
    const to = { url: `http://${body.endpoint}`, headers: body.headers };
    const answer = await call(to, "POST", "/credential-vault", VAULT);
    assert.deepEqual([answer.status, answer.body], [412, "credential vault requires transparent mitmproxy\n"]);
    assert.equal((await call(to, "GET", "/credential-vault")).status, 404);
    assert.equal((await call(to, "GET", "/policy", undefined, direct.headers)).status, 401, "each its own token");
    await server.api("DELETE", `/v1/sandboxes/${other}`);
    await assert.rejects(call(to, "GET", "/policy"), "the port is closed with the sandbox");
  });

  test("a sandbox without a policy has none", async () => {
    const plain = await server.create();
    const { body } = await server.api("GET", `/v1/sandboxes/${plain}/endpoints/18080`);
    assert.deepEqual(body, { endpoint: "127.0.0.1:18080" });
    const route = await server.api("GET", `/v1/sandboxes/${plain}/networkpolicy`);
    assert.deepEqual([route.status, route.body.code], [502, "BACKEND_CONNECTION_FAILED"]);
    // Nor does it reach its neighbour's through the proxy.
    const port = new URL(direct.url).port;
    const other = await raw(server, { path: `/v1/sandboxes/${plain}/proxy/${port}/policy`, headers: direct.headers });
    assert.deepEqual([other.status, other.json.code], [403, "PORT_NOT_ALLOWED"]);
    await server.api("DELETE", `/v1/sandboxes/${plain}`);
  });

  test("policies that no egress would start with", async () => {
    const create = async (networkPolicy) => {
      const body = { image: { uri: "x" }, entrypoint: ["sleep", "9"], resourceLimits: {}, networkPolicy };
      const answer = await server.api("POST", "/v1/sandboxes", body);
      return `${answer.status} ${answer.body.code ?? answer.body.detail?.[0].type}`;
    };
    const before = (await server.api("GET", "/v1/sandboxes")).body.pagination.totalItems;
    assert.equal(await create({ egress: [{ action: "log", target: "a" }] }), "500 DOCKER::SANDBOX_START_FAILED");
    assert.equal(await create({ egress: [{ action: "allow", target: "" }] }), "422 string_too_short");
    assert.equal(await create([]), "422 model_attributes_type");
    assert.equal((await server.api("GET", "/v1/sandboxes")).body.pagination.totalItems, before);
  });

  test("refused where the server is told so", async () => {
    const strict = await startServer("--egress", "refuse");
    try {
      const body = { image: { uri: "x" }, entrypoint: ["sleep", "9"], resourceLimits: {}, networkPolicy: {} };
      const answer = await strict.api("POST", "/v1/sandboxes", body);
      assert.deepEqual(
        [answer.status, answer.body.message],
        [400, "egress.image must be configured when networkPolicy is provided."],
      );
    } finally {
      await strict.stop();
    }
  });

  test("pages of allowed origins reach all of it, others nothing", async () => {
    const paths = [
      ["GET", "/v1/snapshots"],
      ["POST", `/v1/sandboxes/${id}/snapshots`],
      ["GET", `/v1/sandboxes/${id}/diagnostics/logs?scope=container`],
      ["GET", `/v1/sandboxes/${id}/networkpolicy`],
      ["GET", `/v1/sandboxes/${id}/proxy/18080/policy`],
    ];
    for (const [method, path] of paths) {
      const headers = { ...server.key, ...direct.headers };
      const good = await raw(server, { method, path, headers: { ...headers, Origin: PAGE } });
      assert.ok(good.status < 300, `${path} ${good.text}`);
      assert.equal(good.headers["access-control-allow-origin"], PAGE, path);
      const bad = await raw(server, { method, path, headers: { ...headers, Origin: "http://evil.example" } });
      assert.deepEqual([bad.status, bad.json.code], [403, "ORIGIN_NOT_ALLOWED"], path);
      const preflight = await raw(server, {
        method: "OPTIONS",
        path,
        headers: {
          Origin: PAGE,
          "Access-Control-Request-Method": method,
          "Access-Control-Request-Headers": "opensandbox-egress-auth",
        },
      });
      assert.equal(preflight.headers["access-control-allow-headers"], "opensandbox-egress-auth");
    }
  });
});
