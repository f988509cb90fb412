// Every method of every class, called with what its types do not allow: each mistake is an InvalidArgumentException that names
// the field, and nothing is sent. Generated from the types: a new class, method, parameter or field is tested without a line
// here. What is said here is where the types say less than the rules.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readTypes } from "./shapes.mjs";

const sdk = await import("opensandbox-wasm");

/** Strings that may hold any character. All others cannot hold U+0000: neither arguments, paths nor variables can. */
const ANY_TEXT = new Set(["data", "input", "oldContent", "newContent"]);
/** Required strings that may be empty, and strings in arrays. */
const EMPTY = new Set([
  ...["newContent", "input"],
  ...["entrypoint[]", "command[]", "states[]", "extra_writable[]", "keys[]", "accessModes[]", "options[]"],
]);
/** Numbers that may be negative: limits of ours, where that is no limit, and settings without effect. */
const NEGATIVE = new Set([
  ...["requestTimeoutSeconds", "createTimeoutSeconds", "readyTimeoutSeconds"],
  ...["endpointCacheTtlMs", "endpointCacheSize", "timeoutSeconds of WaitForPortOptions"],
]);
/** Limits of ours that may be Infinity, for none, and settings without effect. */
const ENDLESS = [
  ...NEGATIVE,
  ...["startTimeoutSeconds", "idleTimeoutSeconds", "reconnectTimeoutSeconds"],
  ...["timeoutSeconds of RunCodeOptions", "timeoutSeconds of RunCodeRequest"],
];
const INFINITE = new Set([...ENDLESS, "timeoutSeconds of a run"]);
/** Numbers that may be as large as you like, because they are not sent. */
const HUGE = new Set([...ENDLESS, "pollingIntervalMillis", "healthCheckPollingInterval"]);
/** Objects that are written into, and data of a server: what is in them is not the caller's to get right. */
const WRITTEN = new Set(["execution", "event"]);
/** Words that a newer server may have more of: any text is passed on to it. */
const SERVER_WORDS = new Set([
  "mode",
  "profile",
  "uid_mode",
  "workspaceMode",
  "type",
  "schemes",
  "os",
  "arch",
  "defaultAction",
  "action",
  "version",
]);
/** Call options have a name of their own in messages, since the last argument may also be a signal. */
const CALL_OPTIONS = ["options", "signal", "call"];
/** Interfaces whose methods are not called: the caller's own, and what has no argument that is read. */
const NOT_CALLED = new Set(["Logger", "OutputView", "Execution", "ExecutionHandlers", "RichResult"]);

const CANDIDATES = [
  ["string", "text"],
  ["number", 5],
  ["boolean", true],
  ["bigint", 10n],
  ["symbol", Symbol("s")],
  ["function", () => {}],
  ["array", [5]],
  ["object", {}],
  ["null", null],
];

function allows(shape, kind) {
  if (shape.kinds.has(kind)) return true;
  if (kind === "string") return false;
  if (kind === "array") return shape.element !== undefined || shape.opaque.has("Iterable");
  if (kind === "object") return shape.variants.length > 0 || shape.maps.length > 0;
  // `null` is "not given" wherever nothing need be given.
  return kind === "null" && shape.optional;
}

/** Values that do not fit, each with the name that the error must have. */
function* wrong(shape, name, owner, place = name) {
  if (shape.any) return;
  if (!shape.optional) yield { what: "missing", value: undefined, field: name };
  for (const [kind, value] of CANDIDATES) {
    if (kind === "string" && shape.words.length > 0 && SERVER_WORDS.has(name)) continue;
    if (!allows(shape, kind)) yield { what: kind, value, field: name };
  }
  if (shape.kinds.has("string")) {
    if (!shape.optional && !EMPTY.has(place)) yield { what: "empty", value: "", field: name };
    if (!ANY_TEXT.has(name)) yield { what: "a control character", value: "a\0b", field: name };
  }
  if (shape.kinds.has("number")) {
    const is = (set) => set.has(name) || set.has(`${name} of ${owner}`);
    yield { what: "NaN", value: Number.NaN, field: name };
    if (!is(NEGATIVE)) yield { what: "negative", value: -1, field: name };
    if (!is(HUGE)) yield { what: "huge", value: 1e300, field: name };
    if (!is(INFINITE)) yield { what: "infinite", value: Number.POSITIVE_INFINITY, field: name };
  }
  if (shape.element) {
    for (const inner of wrong({ ...shape.element, optional: false }, name, owner, `${name}[]`)) {
      yield { ...inner, what: `[${inner.what}]`, value: [inner.value] };
    }
  }
  for (const map of shape.maps) {
    // `undefined` says nothing, as in JSON.
    for (const inner of wrong({ ...map, optional: true }, name, owner)) {
      if (inner.what !== "null" || !map.optional)
        yield { ...inner, what: `{K: ${inner.what}}`, value: { K: inner.value } };
    }
    if (!map.kinds.has("null") && !map.any) yield { what: "{K: null}", value: { K: null }, field: name };
  }
  for (const variant of WRITTEN.has(name) ? [] : shape.variants.filter(({ isClass }) => !isClass)) {
    for (const [field, its] of variant.fields) {
      const kind = variant.fields.has("workingDirectory") ? "a run" : variant.name;
      for (const inner of wrong(its, field, kind)) {
        const value = { ...fittingObject(variant), [field]: inner.value };
        yield { what: `{${field}: ${inner.what}}`, value, field: inner.field };
      }
    }
  }
}

/** Strings that "/x" does not do for. */
const FITTING = new Map([
  ["name", "x"],
  ["expiresAt", "2030-01-01T00:00:00Z"],
]);

function fittingObject({ name, fields }) {
  const object = { ...SEEDS[name] };
  for (const [field, shape] of fields) {
    if (!shape.optional && !(field in object)) object[field] = FITTING.get(field) ?? fitting(shape);
  }
  return object;
}

/** A value that fits. No call is made of such values alone. */
function fitting(shape) {
  if (shape.words.length > 0) return shape.words[0];
  if (shape.kinds.has("string")) return "/x";
  if (shape.kinds.has("number")) return 1;
  if (shape.kinds.has("boolean")) return true;
  if (shape.kinds.has("function")) return () => {};
  if (shape.element) return [fitting(shape.element)];
  if (shape.variants.length > 0) return made.get(shape.variants[0].name) ?? fittingObject(shape.variants[0]);
  return shape.any || shape.maps.length > 0 ? {} : undefined;
}

const realFetch = globalThis.fetch;
const sent = [];
let armed = false;
const endless = () => new Response(new ReadableStream());
/** A server with one sandbox, until nothing may be sent any more. */
async function fetch(url) {
  if (armed) {
    sent.push(url);
    throw new Error("nothing should have been sent");
  }
  if (url.includes("/endpoints/")) return Response.json({ endpoint: "sandbox.test" });
  if (url.endsWith("/pty")) return Response.json({ session_id: "t" }, { status: 201 });
  if (url.endsWith("/command")) {
    const init = new TextEncoder().encode('{"type":"init","text":"id","timestamp":1}\n\n');
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(init) }));
  }
  const entry = { path: "/d/a", type: "file", size: 1 };
  if (url.includes("/files/info")) return Response.json({ "/d": { path: "/d", type: "directory" } });
  if (url.includes("/directories/list")) return Response.json([entry]);
  if (url.endsWith("/v1/isolated/session/s"))
    return Response.json({ session_id: "s", created_at: "", status: "active" });
  return endless();
}
/** One that connects, and then nothing. */
class WebSocket {
  readyState = 1;
  constructor() {
    setTimeout(() => this.onmessage({ data: '{"type":"connected","mode":"pty"}' }));
  }
  send() {}
  close() {}
}
const connectionConfig = { domain: "server.test", fetch, useServerProxy: false, WebSocket };

/** What a rule wants beside what the types do. */
const SEEDS = {
  SandboxCreateOptions: { image: "i", connectionConfig },
  SandboxCreateFromTemplateOptions: { connectionConfig },
  CreateSandboxRequest: { image: { uri: "i" } },
  SandboxConnectOptions: { connectionConfig },
  ConnectionConfigOptions: connectionConfig,
  BackgroundCommandJson: { sandboxId: "x" },
};

const types = readTypes();
/** How to get an object of a class or interface that no property of another one leads to. */
const MAKERS = {
  Sandbox: () => sdk.Sandbox.connect({ sandboxId: "x", skipHealthCheck: true, connectionConfig }),
  SandboxManager: () => sdk.SandboxManager.create({ connectionConfig }),
  ConnectionConfig: () => new sdk.ConnectionConfig(),
  ExecutionEventDispatcher: () => new sdk.ExecutionEventDispatcher({ logs: { stdout: [], stderr: [] }, result: [] }),
  CommandHandle: async () => (await MAKERS.Sandbox()).commands.start("x"),
  BackgroundCommand: async () => (await MAKERS.Sandbox()).commands.attach({ id: "c", sandboxId: "x", cursor: 0 }),
  PtySession: async () => (await MAKERS.Sandbox()).pty.create(),
  IsolationSession: async () => (await MAKERS.Sandbox()).isolation.attach("s"),
  async DirectoryEntry() {
    for await (const entry of (await MAKERS.Sandbox()).files.downloadDirectory("/d")) return entry;
    return assert.fail("the directory is empty");
  },
};
const made = new Map();

async function reach(name, object) {
  if (made.has(name)) return;
  made.set(name, object);
  for (const [property, type] of types.get(name).properties) {
    if (types.get(type)?.methods.size > 0 && !NOT_CALLED.has(type)) await reach(type, object[property]);
  }
}

before(async () => {
  for (const [name, make] of Object.entries(MAKERS)) await reach(name, await make());
  armed = true;
  globalThis.fetch = fetch;
});
after(async () => {
  globalThis.fetch = realFetch;
  // Connections that are open keep the process.
  await made.get("PtySession")?.detach();
  await made.get("Sandbox")?.close();
});

/** What comes of a call: its rejection, its exception, or what it gave. */
async function outcome(call) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, 5000, { gave: "nothing within 5 s" });
  });
  const called = (async () => call())().then(
    (value) => ({ gave: `${typeof value}` }),
    (error) => ({ error }),
  );
  return Promise.race([called, late]).finally(() => clearTimeout(timer));
}

const named = (message, field) =>
  CALL_OPTIONS.includes(field)
    ? CALL_OPTIONS.some((name) => message.includes(name))
    : message.toLowerCase().includes(field.toLowerCase());

/** Tries every wrong value for every parameter; gives what went wrong with that. */
async function mistakes(params, call) {
  const found = [];
  for (const [index, { name, shape }] of params.entries()) {
    for (const { what, value, field } of wrong(shape, name)) {
      const args = params.slice(0, index).map((param) => (param.shape.optional ? undefined : fitting(param.shape)));
      const rest = params.slice(index + 1).map((param) => (param.shape.optional ? undefined : fitting(param.shape)));
      const before = sent.length;
      const { error, gave } = await outcome(() => call([...args, value, ...rest]));
      const told = `${name} = ${what}:`;
      if (sent.length > before) found.push(`${told} something was sent`);
      else if (!error) found.push(`${told} taken, it gave ${gave}`);
      else if (error.code !== "INVALID_ARGUMENT") found.push(`${told} ${error.name} ${error.message}`);
      else if (!named(error.message, field)) found.push(`${told} "${error.message}" does not name ${field}`);
    }
  }
  return found;
}

const refusesAll = (title, params, call) => {
  if (params.length === 0) return;
  test(title, async () => assert.deepEqual(await mistakes(params, call), []));
};

for (const [name, { isClass, isError, constructs, statics, methods }] of types) {
  // Exceptions are records that are filled in, by tests of an application for example.
  if (isError || name === "SandboxError") continue;
  if (constructs.length > 0) refusesAll(`new ${name}`, constructs, (args) => new sdk[name](...args));
  for (const [method, params] of statics) refusesAll(`${name}.${method}`, params, (args) => sdk[name][method](...args));
  if (NOT_CALLED.has(name)) continue;
  for (const [method, params] of methods) {
    if (method.startsWith("__@")) continue;
    refusesAll(`${name}#${method}`, params, (args) => {
      const object = made.get(name);
      assert.ok(object, `the test has no ${name}: say in MAKERS how to make one`);
      return object[method](...args);
    });
  }
  assert.ok(!isClass || name in sdk, name);
}

test("the generator makes what it should", () => {
  const optional = (shape) => ({ words: [], variants: [], maps: [], opaque: new Set(), optional: true, ...shape });
  const values = (shape, name = "x") => [...wrong(shape, name)].map(({ what }) => what);
  const number = optional({ kinds: new Set(["number"]) });
  assert.deepEqual(
    values(number).filter((what) => !CANDIDATES.some(([kind]) => kind === what)),
    ["NaN", "negative", "huge", "infinite"],
  );
  assert.ok(!values(number).includes("null") && !values(number).includes("number"));
  assert.ok(values({ ...number, optional: false }).includes("missing"));
  assert.ok(values(optional({ kinds: new Set(), words: ["a"] })).includes("string"));
  const run = types.get("ExecdCommands").methods.get("run");
  const all = run.flatMap(({ name, shape }) => [...wrong(shape, name)]);
  assert.ok(all.length > 150, `${all.length} for run`);
});
