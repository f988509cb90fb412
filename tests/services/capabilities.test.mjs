// sandbox.capabilities(): what each answer says, that nothing is changed, and that it is asked once.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { event, json, noUnhandledRejections, outcome, streamOf, using } from "../faults/fault-server.mjs";
import { plain, sidecar } from "./sidecar.mjs";

noUnhandledRejections();

const recorded = (name) => JSON.parse(readFileSync(new URL(`../fixtures/lifecycle/${name}.json`, import.meta.url)));
const NOT_FOUND = readFileSync(new URL("../fixtures/execd/not-found.body", import.meta.url), "utf8");

const answers = (status, value) => (_, response) => json(response, status, value);
const text = (status, value) => (_, response) => plain(response, status, value);
const nothing = text(404, NOT_FOUND);

const JUPYTER = "GET /v1/sandboxes/s1/endpoints/44771";
const PTY = "GET /pty/capability-probe";
const POLICY = "GET /v1/sandboxes/s1/networkpolicy";
const VAULT = "PATCH /credential-vault";

/** The poorest: an old server, an execd that can run commands and nothing else, no sidecar. */
const POOR = sidecar({
  "GET /version": answers(401, { code: "MISSING_API_KEY", message: "no" }),
  "GET /code/contexts": nothing,
  [JUPYTER]: (request, response) => json(response, 200, { endpoint: `${request.headers.host}/jupyter` }),
  "GET /jupyter/api": text(502, "Bad Gateway\n"),
  [PTY]: nothing,
  "GET /v1/isolated/capabilities": nothing,
  [POLICY]: answers(404, { detail: "Not Found" }),
  "GET /policy": text(502, "Bad Gateway\n"),
  [VAULT]: text(502, "Bad Gateway\n"),
});
const NONE = {
  interpreter: false,
  languages: "unknown",
  pty: false,
  isolation: false,
  egress: false,
  vault: false,
  versions: {},
};

/** The capabilities of a sandbox with these answers. */
async function found(routes, options) {
  return using({ ...POOR, ...sidecar(routes) }, (sandbox) => sandbox.capabilities(options));
}

test("a sandbox that can nothing, and one that can everything", async () => {
  assert.deepEqual(await found({}), NONE);
  const version = recorded("version");
  const everything = {
    "GET /version": answers(version.status, version.json),
    "GET /code/contexts": answers(200, [
      { id: "1", language: "python" },
      { id: "2", language: "bash" },
      { id: "3", language: "python" },
    ]),
    "GET /jupyter/api": answers(200, { version: "2.14.0" }),
    [PTY]: answers(404, { code: "CONTEXT_NOT_FOUND", message: "no such session" }),
    "GET /v1/isolated/capabilities": answers(200, { available: true }),
    [POLICY]: answers(200, { status: "ok", policy: { egress: null, defaultAction: "deny" } }),
    [VAULT]: text(400, "invalid credential vault mutation request: json: cannot unmarshal string\n"),
  };
  assert.deepEqual(await found(everything), {
    interpreter: true,
    languages: ["bash", "python"],
    pty: true,
    isolation: true,
    egress: true,
    vault: true,
    versions: { server: "1.1.1" },
  });
});

test("each answer by itself", async () => {
  const policy = answers(200, { policy: { egress: [] } });
  for (const [routes, wanted] of [
    [{ "GET /code/contexts": answers(200, []) }, { interpreter: "unknown" }],
    [{ "GET /code/contexts": answers(501, { code: "NOT_SUPPORTED", message: "no" }) }, { interpreter: false }],
    [
      { "GET /code/contexts": answers(200, []), "GET /jupyter/api": answers(200, { version: "2" }) },
      { interpreter: true },
    ],
    [
      { "GET /code/contexts": answers(200, []), "GET /jupyter/api": answers(200, { other: "service" }) },
      { interpreter: "unknown" },
    ],
    [{ "GET /code/contexts": answers(200, []), "GET /jupyter/api": text(200, "<html>") }, { interpreter: "unknown" }],
    [{ "GET /code/contexts": answers(200, [{ id: "1", language: "go" }]) }, { interpreter: true, languages: ["go"] }],
    [{ [PTY]: answers(501, { code: "NOT_SUPPORTED", message: "Windows" }) }, { pty: false }],
    [
      { "GET /v1/isolated/capabilities": answers(200, { available: false, message: "no bwrap" }) },
      { isolation: false },
    ],
    [{ "GET /v1/isolated/capabilities": answers(501, { code: "NOT_SUPPORTED" }) }, { isolation: false }],
    [
      { [POLICY]: answers(recorded("networkpolicy-get").status, recorded("networkpolicy-get").json) },
      { egress: false },
    ],
    [{ "GET /policy": policy }, { egress: true }],
    [
      { [POLICY]: answers(404, { detail: "Not Found" }), "GET /policy": text(401, "unauthorized\n") },
      { egress: false },
    ],
    // A sidecar without the proxy that the vault needs, and one that does not take credentials from here.
    [{ [POLICY]: policy, [VAULT]: text(412, "credential vault requires transparent mitmproxy\n") }, { egress: true }],
    [{ [VAULT]: text(426, "credential vault writes require TLS or loopback transport\n") }, {}],
    [{ [VAULT]: text(404, "credential vault not found\n") }, { vault: true }],
    [{ [VAULT]: text(404, NOT_FOUND) }, {}],
    [{ [VAULT]: (request) => request.socket.resetAndDestroy() }, {}],
    [{ "GET /version": answers(200, { version: "9.9" }) }, { versions: { server: "9.9" } }],
    [{ "GET /version": text(200, "9.9") }, {}],
    [{ "GET /version": (request) => request.socket.resetAndDestroy() }, {}],
  ]) {
    assert.deepEqual(await found(routes), { ...NONE, ...wanted }, JSON.stringify([Object.keys(routes), wanted]));
  }
});

test("the probes change nothing and carry nobody's key", async () => {
  await using(POOR, async (sandbox, server) => {
    await sandbox.capabilities();
    const asked = server.seen.slice(2);
    const changing = asked.filter(({ name }) => !name.startsWith("GET "));
    assert.deepEqual(
      changing.map(({ name }) => name),
      ["PATCH /sidecar/credential-vault"],
    );
    const version = asked.find(({ name }) => name === "GET /version");
    assert.equal(version.headers["open-sandbox-api-key"], undefined, "it is not below the lifecycle base");
    const jupyter = asked.find(({ name }) => name === "GET /jupyter/api");
    assert.equal(jupyter.headers["x-execd-access-token"], undefined, "execd's token is not for Jupyter");
  });
  // A text: no server can take it for a change.
  let body;
  const note = (_, response, request) => {
    body = request.body;
    plain(response, 400, "no");
  };
  await found({ [VAULT]: note });
  assert.equal(typeof JSON.parse(body), "string");
});

test("it is asked once per handle, by all who ask at the same time, and again on demand", async () => {
  let contexts = [];
  const routes = { ...POOR, "GET /code/contexts": (_, response) => json(response, 200, contexts) };
  await using(routes, async (sandbox, server) => {
    const [one, two] = await Promise.all([sandbox.capabilities(), sandbox.capabilities()]);
    assert.deepEqual(one, two);
    assert.notEqual(one, two, "each has an object of its own");
    one.versions.server = "spoilt";
    contexts = [{ id: "1", language: "python" }];
    assert.deepEqual(await sandbox.capabilities(), { ...NONE, interpreter: "unknown" });
    assert.equal(server.count("GET /code/contexts"), 1);
    const fresh = await sandbox.capabilities({ refresh: true });
    assert.deepEqual(fresh.languages, ["python"]);
    assert.deepEqual(await sandbox.capabilities(), fresh);
    assert.equal(server.count("GET /code/contexts"), 2);
  });
});

test("the languages of the installed kernels, if one wants to know", async () => {
  const kernels = (kernelspecs) => event({ type: "stdout", text: JSON.stringify({ kernelspecs }) });
  const kernel = (language) => ({ resource_dir: "/x", spec: { language, argv: [] } });
  const done = event({ type: "execution_complete" });
  const init = event({ type: "init", text: "id" });
  const cases = [
    // The kernel that is named python3 is one that execd does not take.
    [
      kernels({ python3: kernel("python"), bash: kernel("bash"), py: kernel("python") }),
      true,
      ["bash", "python"],
      "unknown",
    ],
    [kernels({ python3: kernel("python") }), true, [], false],
    [event({ type: "stdout", text: "no such program" }), true, "unknown", "unknown"],
    ["", false, "unknown", "unknown"],
  ];
  for (const [output, ok, languages, interpreter] of cases) {
    let command;
    const end = ok
      ? done
      : event({ type: "error", error: { ename: "CommandExecError", evalue: "127", traceback: [] } });
    const routes = {
      ...POOR,
      "GET /code/contexts": answers(200, []),
      "POST /command": (request, response, { body }) => {
        command = JSON.parse(body).command;
        return streamOf(init + output + end, "close")(request, response);
      },
    };
    await using(routes, async (sandbox, server) => {
      assert.deepEqual((await sandbox.capabilities()).languages, "unknown");
      assert.equal(server.count("POST /command"), 0, "not unasked");
      const probed = await sandbox.capabilities({ probeLanguages: true });
      assert.deepEqual([probed.languages, probed.interpreter], [languages, interpreter], output);
      assert.match(command, /kernelspec list/);
      // What was found is remembered, also for those who do not ask for it.
      assert.deepEqual(await sandbox.capabilities({ probeLanguages: true }), probed);
      assert.deepEqual(await sandbox.capabilities(), probed);
      assert.equal(server.count("POST /command"), 1);
    });
  }
});

test("an execd that fails is not taken for one that cannot", async () => {
  for (const name of ["GET /code/contexts", PTY, "GET /v1/isolated/capabilities"]) {
    let broken = true;
    const route = (_, response) => {
      if (broken) json(response, 500, { code: "RUNTIME_ERROR", message: "words" });
      else plain(response, 404, NOT_FOUND);
    };
    await using({ ...POOR, [name]: route }, async (sandbox) => {
      const { error } = await outcome(sandbox.capabilities());
      assert.deepEqual([error.code, error.message], ["RUNTIME_ERROR", "words"], name);
      broken = false;
      assert.deepEqual(await sandbox.capabilities(), NONE, "a failure is not remembered");
    });
  }
});

test("an execd that cannot be reached is not taken for one that cannot, either", async () => {
  for (const name of ["GET /code/contexts", PTY, "GET /v1/isolated/capabilities"]) {
    await using({ ...POOR, [name]: (request) => request.socket.resetAndDestroy() }, async (sandbox) => {
      assert.equal((await outcome(sandbox.capabilities())).error?.code, "NETWORK_ERROR", name);
    });
  }
});

test("abort, time limit, close, mistakes", async () => {
  await using({ ...POOR, [PTY]: () => {} }, async (sandbox) => {
    const patient = outcome(sandbox.capabilities({ requestTimeoutSeconds: 0.5 }));
    const { error } = await outcome(sandbox.capabilities(AbortSignal.timeout(50)));
    assert.equal(error.code, "ABORTED");
    assert.equal((await patient).error.code, "REQUEST_TIMEOUT");
    for (const [options, field] of [
      [5, "call options, or a signal,"],
      [{ refresh: 1 }, "refresh"],
      [{ probeLanguages: "yes" }, "probeLanguages"],
      [{ signal: {} }, "signal"],
    ]) {
      const wrong = await outcome(sandbox.capabilities(options));
      assert.equal(wrong.error.code, "INVALID_ARGUMENT");
      assert.ok(wrong.error.message.startsWith(`${field} `), wrong.error.message);
    }
    await sandbox.close();
    assert.equal((await outcome(sandbox.capabilities())).error.code, "CLOSED");
  });
});

test("a look-up that fails says nothing of the service, and is not remembered", async () => {
  let refusals = 1;
  const lookUp = POOR[JUPYTER];
  const routes = {
    ...POOR,
    [JUPYTER]: (request, response, more) =>
      refusals-- > 0 ? json(response, 500, { code: "DOWN", message: "m" }) : lookUp(request, response, more),
  };
  await using(routes, async (sandbox) => {
    const { error } = await outcome(sandbox.capabilities({ retry: false }));
    assert.deepEqual([error?.statusCode, error?.code], [500, "DOWN"]);
    assert.deepEqual(await sandbox.capabilities(), NONE);
  });
});
