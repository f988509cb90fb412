// Egress rules: the two ways to the sidecar, its shapes, and what its errors mean.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { json, noUnhandledRejections, outcome, using } from "../faults/fault-server.mjs";
import { plain, sidecar } from "./sidecar.mjs";

noUnhandledRejections();

const SERVER = "/v1/sandboxes/s1/networkpolicy";
const LOOK_UP = "GET /v1/sandboxes/s1/endpoints/18080";
const noRoute = (_, response) => json(response, 404, { detail: "Not Found" });
/** A lifecycle server that has never heard of the route. */
const old = Object.fromEntries(["GET", "PUT", "PATCH", "DELETE"].map((method) => [`${method} ${SERVER}`, noRoute]));
const status = (policy) => ({ status: "ok", mode: "enforcing", enforcementMode: "dns", policy });
const RULE = { action: "allow", target: "api.example.com" };

test("a new server is asked itself: nothing is looked up, and nobody else asked", async () => {
  const policy = { egress: [RULE], defaultAction: "deny" };
  const bodies = [];
  const take = (_, response, { body }) => {
    bodies.push(JSON.parse(body));
    json(response, 200, status());
  };
  const routes = {
    [`GET ${SERVER}`]: (_, response) => json(response, 200, status(policy)),
    [`PUT ${SERVER}`]: take,
    [`PATCH ${SERVER}`]: take,
    [`DELETE ${SERVER}`]: take,
  };
  await using(routes, async (sandbox, server) => {
    assert.deepEqual(await sandbox.getEgressPolicy(), policy);
    assert.deepEqual(await sandbox.egress.getPolicy(), policy);
    assert.equal(await sandbox.patchEgressRules([RULE]), undefined);
    assert.equal(await sandbox.egress.patchRules([{ ...RULE, note: "kept" }]), undefined);
    assert.equal(await sandbox.deleteEgressRules(["a.example.com", "*.b.example.com"]), undefined);
    assert.equal(await sandbox.egress.deleteRules(["a"]), undefined);
    assert.equal(await sandbox.egress.replacePolicy({}), undefined);
    await sandbox.egress.replacePolicy({ defaultAction: "allow", egress: [RULE] });
    assert.deepEqual(bodies, [
      [RULE],
      [{ ...RULE, note: "kept" }],
      ["a.example.com", "*.b.example.com"],
      ["a"],
      { defaultAction: "deny", egress: [] },
      { defaultAction: "allow", egress: [RULE] },
    ]);
    assert.equal(server.count(LOOK_UP), 0);
    const asked = server.seen.filter(({ name }) => name.endsWith(SERVER));
    assert.equal(asked.length, 8);
    for (const { headers } of asked) assert.equal(headers["open-sandbox-api-key"], "k");
    assert.equal(asked[2].headers["content-type"], "application/json");
  });
});

test("no rules are an empty list, where the sidecar sends null or nothing", async () => {
  for (const policy of [{ egress: null, defaultAction: "deny" }, { defaultAction: "deny" }]) {
    await using({ [`GET ${SERVER}`]: (_, response) => json(response, 200, status(policy)) }, async (sandbox) => {
      assert.deepEqual(await sandbox.getEgressPolicy(), { defaultAction: "deny", egress: [] });
    });
  }
});

test("an old server's 404 leads to the sidecar, with its token and without the key, and is remembered", async () => {
  const routes = sidecar({ ...old, "GET /policy": (_, response) => json(response, 200, status({ egress: null })) });
  routes["PATCH /sidecar/policy"] = (_, response) => json(response, 200, status());
  await using(routes, async (sandbox, server) => {
    assert.equal(server.count(LOOK_UP), 0, "not looked up before it is needed");
    assert.deepEqual((await sandbox.getEgressPolicy()).egress, []);
    await sandbox.patchEgressRules([RULE]);
    await sandbox.egress.getPolicy();
    assert.deepEqual(
      server.seen.slice(-5).map(({ name }) => name),
      [`GET ${SERVER}`, LOOK_UP, "GET /sidecar/policy", "PATCH /sidecar/policy", "GET /sidecar/policy"],
    );
    for (const { headers } of server.seen.filter(({ name }) => name.includes("/sidecar/"))) {
      assert.equal(headers["opensandbox-egress-auth"], "sidecar-token");
      assert.equal(headers["open-sandbox-api-key"], undefined);
      assert.equal(headers["x-execd-access-token"], undefined);
    }
    for (const { name, headers } of server.seen.filter((request) => !request.name.includes("/sidecar/"))) {
      assert.equal(headers["opensandbox-egress-auth"], undefined, name);
    }
  });
});

test("a way that has failed is not remembered", async () => {
  let up = false;
  const routes = sidecar({
    ...old,
    "GET /policy": (_, response) =>
      up ? json(response, 200, status({ egress: [] })) : plain(response, 502, "Bad Gateway\n"),
  });
  await using(routes, async (sandbox, server) => {
    assert.equal((await outcome(sandbox.getEgressPolicy({ retry: false }))).error.code, "EGRESS_UNREACHABLE");
    up = true;
    await sandbox.getEgressPolicy();
    await sandbox.getEgressPolicy();
    assert.equal(server.count(`GET ${SERVER}`), 2);
    assert.equal(server.count("GET /sidecar/policy"), 3);
  });
});

test("a 404 about the sandbox is not about the route", async () => {
  const gone = { code: "DOCKER::SANDBOX_NOT_FOUND", message: "Sandbox s1 not found." };
  await using({ [`GET ${SERVER}`]: (_, response) => json(response, 404, gone) }, async (sandbox, server) => {
    const { error } = await outcome(sandbox.getEgressPolicy());
    assert.deepEqual([error.code, error.statusCode, error.message], [gone.code, 404, gone.message]);
    assert.equal(server.count(LOOK_UP), 0);
  });
});

test("the recorded answer of a server whose sandbox has no sidecar says so", async () => {
  const file = new URL("../fixtures/lifecycle/networkpolicy-get.json", import.meta.url);
  const recorded = JSON.parse(readFileSync(file, "utf8"));
  const answer = (_, response) => json(response, recorded.status, recorded.json);
  await using({ [`GET ${SERVER}`]: answer, [`PATCH ${SERVER}`]: answer }, async (sandbox, server) => {
    for (const call of [() => sandbox.getEgressPolicy(), () => sandbox.patchEgressRules([RULE])]) {
      const { error } = await outcome(call());
      assert.equal(error.name, "SandboxApiException");
      assert.deepEqual([error.code, error.statusCode, error.isRetryable], ["EGRESS_UNREACHABLE", 502, true]);
      assert.ok(error.message.startsWith(recorded.json.message), error.message);
      assert.match(error.message, /networkPolicy/);
      assert.deepEqual(error.rawBody, recorded.json);
      assert.equal(error.requestId, "from-server");
    }
    assert.equal(server.count(LOOK_UP), 0);
  });
});

describe("what the sidecar says in plain text becomes a code", () => {
  const CASES = [
    [400, 'invalid patch rules: rule 0: invalid action "x"\n', "EGRESS_INVALID_REQUEST"],
    [401, "unauthorized\n", "EGRESS_UNAUTHORIZED"],
    [404, "404 page not found", "NOT_SUPPORTED"],
    [405, "method not allowed\n", "NOT_SUPPORTED"],
    [413, "too many egress rules: 5000 (max 4096)\n", "EGRESS_TOO_MANY_RULES"],
    [500, "failed to apply nftables policy\n", "EGRESS_FAILED"],
    [502, "Bad Gateway\n", "EGRESS_UNREACHABLE"],
    [418, "tea\n", "UNEXPECTED_RESPONSE"],
  ];
  for (const [statusCode, text, code] of CASES) {
    test(`${statusCode} ${code}`, async () => {
      const routes = sidecar({ ...old, "PATCH /policy": (_, response) => plain(response, statusCode, text) });
      await using(routes, async (sandbox) => {
        const { error } = await outcome(sandbox.patchEgressRules([RULE]));
        assert.deepEqual([error.name, error.code, error.statusCode], ["SandboxApiException", code, statusCode]);
        assert.ok(error.message.includes(text.trim()), error.message);
        assert.ok(error.message.startsWith("Patch sandbox egress rules failed"), error.message);
        assert.equal(error.rawBody, text);
        assert.match(error.requestId, /^[0-9a-f]{32}$/, "the sidecar has no ids: ours");
      });
    });
  }
});

test("an answer that is none is an error", async () => {
  for (const answer of [{}, { policy: null }, { policy: "x" }, { policy: [] }, { policy: { egress: "x" } }, [], "x"]) {
    await using({ [`GET ${SERVER}`]: (_, response) => json(response, 200, answer) }, async (sandbox) => {
      const { error, execution } = await outcome(sandbox.getEgressPolicy());
      assert.equal(error?.code, "UNEXPECTED_RESPONSE", JSON.stringify([answer, execution]));
    });
  }
});

test("mistakes are found before anything is sent, and are named", async () => {
  await using({}, async (sandbox, server) => {
    const before = server.seen.length;
    const { egress } = sandbox;
    for (const [call, field] of [
      [() => egress.patchRules(), "rules"],
      [() => egress.patchRules("x"), "rules"],
      [() => egress.patchRules([]), "rules"],
      [() => egress.patchRules([5]), "rules[0]"],
      [() => egress.patchRules([RULE, { action: "block", target: "x" }]), "rules[1].action"],
      [() => egress.patchRules([{ target: "x" }]), "rules[0].action"],
      [() => egress.patchRules([{ action: "deny" }]), "rules[0].target"],
      [() => egress.patchRules([{ action: "deny", target: " " }]), "rules[0].target"],
      [() => sandbox.patchEgressRules(null), "rules"],
      [() => egress.deleteRules("x"), "targets"],
      [() => egress.deleteRules([]), "targets"],
      [() => egress.deleteRules(["a", 5]), "targets[1]"],
      [() => egress.deleteRules([""]), "targets[0]"],
      [() => sandbox.deleteEgressRules({}), "targets"],
      [() => egress.replacePolicy(), "policy"],
      [() => egress.replacePolicy([]), "policy"],
      [() => egress.replacePolicy({ defaultAction: "maybe" }), "defaultAction"],
      [() => egress.replacePolicy({ egress: {} }), "egress"],
      [() => egress.replacePolicy({ egress: [{ action: "allow", target: 1 }] }), "egress[0].target"],
      [() => egress.getPolicy({ requestTimeoutSeconds: "x" }), "requestTimeoutSeconds"],
      [() => sandbox.getEgressPolicy({ signal: {} }), "signal"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", field);
      assert.ok(error.message.startsWith(field), `${field}: ${error.message}`);
    }
    assert.equal(server.seen.length, before);
  });
});

test("an abort and a time limit reach the look-up of the sidecar and the request to it", async () => {
  for (const routes of [
    { [`GET ${SERVER}`]: () => {} },
    { ...old, [LOOK_UP]: () => {} },
    sidecar({ ...old, "GET /policy": () => {} }),
  ]) {
    await using(routes, async (sandbox, server) => {
      const call = outcome(sandbox.getEgressPolicy({ signal: AbortSignal.timeout(50) }));
      assert.equal((await call).error?.code, "ABORTED");
      const late = await outcome(sandbox.getEgressPolicy({ requestTimeoutSeconds: 0.05 }));
      assert.equal(late.error?.code, "REQUEST_TIMEOUT");
      await sandbox.close();
      assert.equal((await outcome(sandbox.getEgressPolicy())).error?.code, "CLOSED");
      assert.ok(server.seen.length > 0);
    });
  }
});

test("a refusal of the server that looks the sidecar up is not the sidecar's", async () => {
  await using({ ...old, [LOOK_UP]: (_, response) => plain(response, 401, "no") }, async (sandbox) => {
    const { error } = await outcome(sandbox.egress.getPolicy());
    assert.deepEqual([error?.statusCode, error?.code], [401, "UNEXPECTED_RESPONSE"]);
  });
});
