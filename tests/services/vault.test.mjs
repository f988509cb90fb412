// The credential vault: what is sent, what is given back, what its errors mean, and that no secret is ever told.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { json, noUnhandledRejections, outcome, using } from "../faults/fault-server.mjs";
import { plain, sidecar, TOKEN } from "./sidecar.mjs";

noUnhandledRejections();

const VAULT = "/credential-vault";
const SECRET = 's3cr3t-"value"';
const REQUEST = {
  credentials: [
    { name: "token", source: { type: "inline", value: SECRET } },
    { name: "other", source: { value: `${SECRET}-2` } },
  ],
  bindings: [
    { name: "bearer", match: { hosts: ["api.example.com"] }, auth: { type: "bearer", credential: "token" } },
    { name: "basic", match: { hosts: ["b.example.com"] }, auth: { type: "basic", credential: "token" } },
    {
      name: "key",
      match: { schemes: ["https"], ports: [443], hosts: ["*.c.example.com"], methods: ["GET"], paths: ["/v1/*"] },
      auth: { type: "apiKey", name: "X-Api-Key", credential: "token" },
    },
    {
      name: "headers",
      match: { hosts: ["d.example.com"] },
      auth: { type: "customHeaders", headers: [{ name: "X-A", credential: "token" }] },
    },
    {
      name: "passthrough",
      match: { hosts: ["e.example.com"] },
      auth: {
        type: "passthrough",
        substitutions: [{ credential: "other", placeholder: "__KEY__", in: ["path", "query", "header", "body"] }],
      },
    },
  ],
};
/** As the sidecar answers, and what no sidecar should. */
const CREDENTIAL = { name: "token", sourceType: "inline", revision: 1 };
const MATCH = { schemes: ["https"], ports: [443], hosts: ["api.example.com"], methods: ["GET"], paths: ["/*"] };
const BINDING = { name: "key", revision: 1, match: MATCH, auth: { type: "apiKey", name: "X-Api-Key" } };
const leaky = {
  revision: 1,
  value: SECRET,
  credentials: [{ ...CREDENTIAL, source: { type: "inline", value: SECRET }, value: SECRET }],
  bindings: [
    {
      ...BINDING,
      match: { ...MATCH, secret: SECRET },
      auth: { ...BINDING.auth, credential: SECRET, headers: [SECRET] },
    },
    { name: "bare", revision: 1 },
  ],
};
const STATE = { revision: 1, credentials: [CREDENTIAL], bindings: [BINDING, { name: "bare", revision: 1 }] };

test("every method: the request, and an answer without what a server should have kept to itself", async () => {
  const bodies = [];
  const answer =
    (status, value) =>
    (_, response, { body }) => {
      if (body) bodies.push(JSON.parse(body));
      json(response, status, value);
    };
  const routes = sidecar({
    [`POST ${VAULT}`]: answer(201, leaky),
    [`GET ${VAULT}`]: answer(200, leaky),
    [`PATCH ${VAULT}`]: answer(200, { ...leaky, revision: 2 }),
    [`DELETE ${VAULT}`]: (_, response) => response.writeHead(204).end(),
    [`GET ${VAULT}/credentials`]: answer(200, leaky),
    [`GET ${VAULT}/credentials/a%2Fb`]: answer(200, leaky.credentials[0]),
    [`GET ${VAULT}/bindings`]: answer(200, leaky),
    [`GET ${VAULT}/bindings/key`]: answer(200, leaky.bindings[0]),
  });
  await using(routes, async (sandbox, server) => {
    const vault = sandbox.credentialVault;
    assert.equal(server.count("GET /v1/sandboxes/s1/endpoints/18080"), 0, "not looked up before it is needed");
    const given = structuredClone(REQUEST);
    const changes = {
      expectedRevision: 1,
      credentials: {
        add: [{ name: "n", source: { value: "v" } }],
        replace: [REQUEST.credentials[0]],
        delete: ["other"],
      },
      bindings: { add: [REQUEST.bindings[0]], replace: [REQUEST.bindings[4]], delete: ["key"] },
    };
    assert.deepEqual(await vault.create(given), STATE);
    assert.deepEqual(await vault.get(), STATE);
    assert.deepEqual(await vault.patch(changes), { ...STATE, revision: 2 });
    assert.deepEqual(await vault.patch({}), { ...STATE, revision: 2 });
    assert.equal(await vault.delete(), undefined);
    assert.deepEqual(await vault.listCredentials(), [CREDENTIAL]);
    assert.deepEqual(await vault.getCredential("a/b"), CREDENTIAL);
    assert.deepEqual(await vault.listBindings(), STATE.bindings);
    assert.deepEqual(await vault.getBinding("key"), BINDING);

    assert.deepEqual(given, REQUEST, "the caller's own objects are not touched");
    const inline = (credential) => ({ ...credential, source: { ...credential.source, type: "inline" } });
    assert.deepEqual(bodies, [
      { ...REQUEST, credentials: REQUEST.credentials.map(inline) },
      {
        ...changes,
        credentials: { ...changes.credentials, add: [{ name: "n", source: { type: "inline", value: "v" } }] },
      },
      {},
    ]);
    for (const { name, headers } of server.seen.filter((request) => request.name.includes("/sidecar/"))) {
      assert.equal(headers["opensandbox-egress-auth"], TOKEN, name);
      assert.equal(headers["open-sandbox-api-key"], undefined, name);
    }
  });
});

describe("what the sidecar says in plain text becomes a code, and where one can do something, a word on it", () => {
  const CASES = [
    [400, 'invalid credential vault request: json: unknown field "x"', "EGRESS_INVALID_REQUEST", /unknown field/],
    [401, "unauthorized", "EGRESS_UNAUTHORIZED", /connect/],
    [403, "forbidden", "UNEXPECTED_RESPONSE", /forbidden/],
    [404, "credential vault not found", "VAULT_NOT_FOUND", /credentialVault\.create/],
    [404, "credential not found", "CREDENTIAL_NOT_FOUND", /credential not found/],
    [404, "binding not found", "BINDING_NOT_FOUND", /binding not found/],
    [404, "404 page not found", "NOT_SUPPORTED", /does not know/],
    [409, "credential vault already exists", "VAULT_EXISTS", /credentialVault\.patch/],
    [409, "expectedRevision 1 does not match current revision 2", "VAULT_REVISION_CONFLICT", /credentialVault\.get/],
    [412, "credential vault requires transparent mitmproxy", "VAULT_NOT_READY", /credentialProxy: \{ enabled: true \}/],
    [426, "credential vault writes require TLS or loopback transport", "VAULT_TRANSPORT_REFUSED", /useServerProxy/],
    [502, "Bad Gateway", "EGRESS_UNREACHABLE", /networkPolicy/],
  ];
  for (const [status, text, code, advice] of CASES) {
    test(`${status} ${text}: ${code}`, async () => {
      const routes = sidecar({
        [`POST ${VAULT}`]: (_, response) => plain(response, status, `${text}\n`),
        [`GET ${VAULT}/bindings/b`]: (_, response) => plain(response, status, `${text}\n`),
      });
      await using(routes, async ({ credentialVault }) => {
        for (const call of [() => credentialVault.create(REQUEST), () => credentialVault.getBinding("b")]) {
          const { error } = await outcome(call());
          assert.deepEqual([error.name, error.code, error.statusCode], ["SandboxApiException", code, status]);
          assert.ok(error.message.includes(text), error.message);
          assert.match(error.message, advice);
          assert.equal(error.rawBody, `${text}\n`);
        }
      });
    });
  }
});

/** Everything of an error that anybody could print, its causes included. */
function told(error) {
  const parts = [];
  for (let each = error; each !== undefined && each !== null; each = each.cause) {
    parts.push(String(each), each.stack, each.code, JSON.stringify(each), JSON.stringify(each.rawBody));
    parts.push(inspect(each, { depth: 9, showHidden: true }));
  }
  return parts.join("\n");
}

test("no secret is told, whatever a server repeats of what it was sent", async () => {
  const echoes = {
    "in plain text": (response, text) => plain(response, 400, `invalid request: ${text}`),
    "as JSON": (response, text) => json(response, 400, { code: `C${text}`, message: text, request: JSON.parse(text) }),
    "as a validation error": (response, text) =>
      json(response, 422, { detail: [{ loc: ["body"], msg: "wrong", input: JSON.parse(text), other: text }] }),
    "as a bad gateway": (response, text) => json(response, 502, { code: "X", message: text }),
    "in what should be JSON": (response, text) => {
      response.writeHead(201, { "content-type": "application/json" });
      response.end(text.slice(text.indexOf("s3cr3t")));
    },
    "in wrong fields": (response, text) => json(response, 201, { revision: text, credentials: text, bindings: text }),
    "as a name": (response) => json(response, 201, { ...STATE, credentials: [{ name: 5, [SECRET]: SECRET }] }),
    "after much else, cut off": (response, text) => {
      // 64 KiB of an error are read.
      const filler = "x".repeat(65_536 - 10 - text.indexOf("s3cr3t"));
      plain(response, 400, filler + text);
    },
    "with a token": (response, _, headers) => plain(response, 401, headers["opensandbox-egress-auth"]),
  };
  const lines = [];
  const log = console.log;
  console.log = (...parts) => lines.push(parts.join(" "));
  let errors = 0;
  try {
    for (const [how, echo] of Object.entries(echoes)) {
      const answer = (request, response, { body }) => echo(response, body, request.headers);
      const routes = sidecar({ [`POST ${VAULT}`]: answer, [`PATCH ${VAULT}`]: answer });
      const work = async ({ credentialVault }) => {
        const changes = { credentials: { replace: REQUEST.credentials } };
        for (const call of [() => credentialVault.create(REQUEST), () => credentialVault.patch(changes)]) {
          const { error } = await outcome(call());
          assert.equal(error?.name, "SandboxApiException", how);
          for (const secret of ["s3cr3t", TOKEN]) assert.ok(!told(error).includes(secret), `${how}: ${told(error)}`);
          errors++;
        }
        for (const text of [JSON.stringify(credentialVault), inspect(credentialVault, { showHidden: true })]) {
          assert.ok(!text.includes("s3cr3t"));
        }
      };
      await using(routes, work, { debug: true });
    }
  } finally {
    console.log = log;
  }
  assert.equal(errors, 2 * Object.keys(echoes).length);
  assert.ok(lines.length >= errors, "there was a log");
  for (const line of lines) assert.ok(!line.includes("s3cr3t") && !line.includes(TOKEN), line);
});

test("mistakes are found before anything is sent, named, and not repeated", async () => {
  await using({}, async (sandbox, server) => {
    const before = server.seen.length;
    const vault = sandbox.credentialVault;
    const credential = REQUEST.credentials[0];
    const create = (credentials, bindings = []) => vault.create({ credentials, bindings });
    const binding = (more) =>
      create([], [{ name: "b", match: { hosts: ["a.b"] }, auth: { type: "passthrough" }, ...more }]);
    const auth = (value) => binding({ auth: value });
    const match = (value) => binding({ match: value });
    const substitution = (value) => auth({ type: "passthrough", substitutions: [value] });
    const given = { credential: "c", placeholder: "p", in: ["body"] };
    for (const [call, field] of [
      [() => vault.create(), "request"],
      [() => vault.create("x"), "request"],
      [() => vault.create({ bindings: [] }), "credentials"],
      [() => vault.create({ credentials: [] }), "bindings"],
      [() => create("s3cr3t"), "credentials"],
      [() => create(["s3cr3t"]), "credentials[0]"],
      [() => create([credential, { source: credential.source }]), "credentials[1].name"],
      [() => create([{ name: "c" }]), "credentials[0].source"],
      [() => create([{ name: "c", source: "s3cr3t" }]), "credentials[0].source"],
      [() => create([{ name: "c", source: {} }]), "credentials[0].source.value"],
      [() => create([{ name: "c", source: { value: 5 } }]), "credentials[0].source.value"],
      [() => create([{ name: "c", source: { value: " " } }]), "credentials[0].source.value"],
      [() => create([{ name: "c", source: { type: 5, value: "s3cr3t" } }]), "credentials[0].source.type"],
      [() => create([], [{}]), "bindings[0].name"],
      [() => binding({ match: undefined }), "bindings[0].match"],
      [() => match({}), "bindings[0].match.hosts"],
      [() => match({ hosts: [] }), "bindings[0].match.hosts"],
      [() => match({ hosts: "s3cr3t" }), "bindings[0].match.hosts"],
      [() => match({ hosts: ["a.b", ""] }), "bindings[0].match.hosts[1]"],
      [() => match({ hosts: ["a.b"], ports: ["443"] }), "bindings[0].match.ports[0]"],
      [() => match({ hosts: ["a.b"], ports: 443 }), "bindings[0].match.ports"],
      [() => match({ hosts: ["a.b"], methods: [1] }), "bindings[0].match.methods[0]"],
      [() => auth(undefined), "bindings[0].auth"],
      [() => auth({}), "bindings[0].auth.type"],
      [() => auth({ type: "bearer" }), "bindings[0].auth.credential"],
      [() => auth({ type: "basic", credential: 5 }), "bindings[0].auth.credential"],
      [() => auth({ type: "apiKey", credential: "c" }), "bindings[0].auth.name"],
      // Name and secret mixed up.
      [() => auth({ type: "apiKey", name: "s3cr3t value", credential: "c" }), "bindings[0].auth.name"],
      [() => auth({ type: "customHeaders" }), "bindings[0].auth.headers"],
      [() => auth({ type: "customHeaders", headers: [] }), "bindings[0].auth.headers"],
      [() => auth({ type: "customHeaders", headers: [{ name: "X" }] }), "bindings[0].auth.headers[0].credential"],
      [() => auth({ type: "passthrough", substitutions: {} }), "bindings[0].auth.substitutions"],
      [() => substitution({ ...given, credential: "" }), "bindings[0].auth.substitutions[0].credential"],
      [() => substitution({ ...given, placeholder: 1 }), "bindings[0].auth.substitutions[0].placeholder"],
      [() => substitution({ ...given, in: [] }), "bindings[0].auth.substitutions[0].in"],
      [() => substitution({ ...given, in: ["cookie"] }), "bindings[0].auth.substitutions[0].in"],
      [() => vault.patch(), "request"],
      [() => vault.patch({ expectedRevision: 1.5 }), "expectedRevision"],
      [() => vault.patch({ credentials: [] }), "credentials"],
      [() => vault.patch({ credentials: { add: [{}] } }), "credentials.add[0].name"],
      [() => vault.patch({ credentials: { delete: [5] } }), "credentials.delete[0]"],
      [() => vault.patch({ bindings: { replace: [{ name: "b" }] } }), "bindings.replace[0].match"],
      [() => vault.getCredential(), "name"],
      [() => vault.getCredential(".."), "name"],
      [() => vault.getBinding(" "), "name"],
      [() => vault.get({ signal: 5 }), "signal"],
    ]) {
      const { error } = await outcome(call());
      assert.equal(error?.code, "INVALID_ARGUMENT", field);
      assert.ok(error.message.startsWith(`${field} `), `${field}: ${error.message}`);
      assert.ok(!told(error).includes("s3cr3t"), error.message);
    }
    assert.equal(server.seen.length, before);
  });
});

test("an answer of a wrong shape is an error that names the field", async () => {
  const broken = (more) => ({ ...STATE, ...more });
  for (const [answer, field] of [
    [undefined, "the answer"],
    [[], "the answer"],
    [broken({ revision: "1" }), "revision"],
    [broken({ revision: undefined }), "revision"],
    [broken({ credentials: null }), "credentials"],
    [broken({ credentials: [{ ...CREDENTIAL, sourceType: undefined }] }), "credentials[0].sourceType"],
    [broken({ bindings: [5] }), "bindings[0]"],
    [broken({ bindings: [{ ...BINDING, match: {} }] }), "bindings[0].match.hosts"],
    [broken({ bindings: [{ ...BINDING, match: { ...MATCH, ports: ["x"] } }] }), "bindings[0].match.ports[0]"],
    [broken({ bindings: [{ ...BINDING, auth: {} }] }), "bindings[0].auth.type"],
  ]) {
    const body = answer === undefined ? "" : JSON.stringify(answer);
    await using(sidecar({ [`GET ${VAULT}`]: (_, response) => response.end(body) }), async ({ credentialVault }) => {
      const { error } = await outcome(credentialVault.get());
      assert.equal(error?.code, "UNEXPECTED_RESPONSE", field);
      assert.ok(error.message.includes(` ${field} `), error.message);
      assert.ok(error.requestId);
    });
  }
});

test("an abort reaches a hanging change, and close ends it", async () => {
  await using(sidecar({ [`POST ${VAULT}`]: () => {} }), async (sandbox) => {
    const vault = sandbox.credentialVault;
    const reason = new Error("enough");
    const { error } = await outcome(vault.create(REQUEST, AbortSignal.abort(reason)));
    assert.deepEqual([error.code, error.cause], ["ABORTED", reason]);
    assert.equal((await outcome(vault.create(REQUEST, AbortSignal.timeout(50)))).error.code, "ABORTED");
    const closing = outcome(vault.create(REQUEST));
    await sandbox.close();
    assert.equal((await closing).error.code, "CLOSED");
  });
});
