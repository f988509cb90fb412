// The types and the built package say the same: exports, members of classes and services, properties of objects.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { declared } from "./declared.mjs";

const sdk = await import("opensandbox-wasm");

const { values, blocks } = declared(fileURLToPath(new URL("../../pkg-template/types", import.meta.url)));

// wasm-bindgen's own, and Node's console.log: they work, but nobody is meant to call them.
const INTERNAL = ["constructor", "free", "__destroy_into_raw", "[Symbol.dispose]", "[nodejs.util.inspect.custom]"];
const INTERNAL_STATIC = ["length", "name", "prototype", "__wrap"];

// Node 20 calls them nodejs.dispose and nodejs.asyncDispose.
const SYMBOLS = new Map([
  [Symbol.dispose, "[Symbol.dispose]"],
  [Symbol.asyncDispose, "[Symbol.asyncDispose]"],
]);
const named = (key) => (typeof key === "symbol" ? (SYMBOLS.get(key) ?? `[${key.description}]`) : key);
const ownNames = (object, without) =>
  Reflect.ownKeys(object)
    .map(named)
    .filter((name) => !without.includes(name))
    .sort();

function members(name, wanted) {
  const block = blocks.get(name);
  assert.ok(block, `the types have no ${name}`);
  return block.members
    .filter(wanted)
    .map((member) => member.name)
    .sort();
}
const callable = ({ kind }) => kind !== "field";

/** Names of the fields of a class, those of its bases included. */
function fields(name) {
  const block = blocks.get(name);
  return block ? [...members(name, (member) => member.kind === "field" && !member.static), ...fields(block.base)] : [];
}

test("the exports", () => {
  assert.deepEqual(Object.keys(sdk).sort(), [...values.keys()].sort());
});

test("the values of the constants", () => {
  for (const [name, type] of values) {
    const value = sdk[name];
    if (type === "class") assert.equal(typeof value, "function", name);
    else if (/^\d+$/.test(type)) assert.equal(value, Number(type), name);
    else if (type === "string") assert.equal(typeof value, "string", name);
    else assert.equal(typeof value, "object", name);
  }
});

for (const [name] of [...values].filter(([, type]) => type === "class")) {
  test(`class ${name}`, () => {
    const real = sdk[name];
    assert.deepEqual(
      ownNames(real.prototype, INTERNAL),
      members(name, (member) => callable(member) && !member.static),
      "methods and getters",
    );
    assert.deepEqual(
      ownNames(real, INTERNAL_STATIC),
      members(name, (member) => member.static),
      "static members",
    );
    const { base } = blocks.get(name);
    const parent = Object.getPrototypeOf(real);
    assert.equal(parent === Function.prototype ? undefined : parent, sdk[base] ?? globalThis[base], "base");
    for (const { name: key, kind } of blocks.get(name).members.filter((member) => !member.static && callable(member))) {
      const property = Object.getOwnPropertyDescriptor(real.prototype, key.startsWith("[") ? Symbol.asyncDispose : key);
      assert.equal(property.get ? "getter" : "method", kind, key);
    }
  });
}

test("the properties of a ConnectionConfig", () => {
  const config = new sdk.ConnectionConfig({ apiKey: "k" });
  assert.deepEqual(Object.keys(config).sort(), fields("ConnectionConfig").sort());
});

test("the properties of exceptions", () => {
  // Error's own, and what is only there at times.
  const always = (name) => !["cause", "execution", "executionId", "path"].includes(name);
  for (const [name] of values) {
    if (!name.endsWith("Exception")) continue;
    const error = new sdk[name]({ message: "m", requestId: "r", isRetryable: true });
    assert.ok(error instanceof Error);
    assert.deepEqual(ownNames(error, ["stack", "message"]), [...new Set(fields(name))].filter(always).sort(), name);
    assert.equal(error.code, error.error.code);
  }
});

test("the properties of a SandboxError", () => {
  assert.deepEqual(Object.keys(new sdk.SandboxError("C", "m")).sort(), fields("SandboxError").sort());
});

/** A server of one sandbox whose commands print a line and succeed. */
async function stub(url) {
  const { pathname } = new URL(url);
  if (pathname.includes("/endpoints/")) return Response.json({ endpoint: "sandbox.test/base" });
  if (pathname === "/base/v1/isolated/session") return Response.json({ session_id: "i", created_at: "" });
  if (pathname === "/base/pty") return Response.json({ session_id: "t" }, { status: 201 });
  if (pathname === "/base/pty/t") return Response.json({ session_id: "t", running: true, output_offset: 4 });
  if (pathname === "/base/files/info") return Response.json({});
  if (pathname === "/base/directories/list") return Response.json([{ path: "/d/a", type: "file", size: 1 }]);
  if (pathname === "/base/code") {
    return new Response(
      '{"type":"init","text":"c"}\n\n{"type":"result","results":{"text":"1"}}\n\n{"type":"execution_complete"}\n\n',
    );
  }
  assert.equal(pathname, "/base/command");
  const events = [
    { type: "init", text: "id", timestamp: 1 },
    { type: "stdout", text: "line", timestamp: 2 },
    { type: "error", error: { ename: "CommandExecError", evalue: "3", traceback: ["exit status 3"] }, timestamp: 3 },
  ];
  return new Response(events.map((event) => `${JSON.stringify(event)}\n\n`).join(""));
}

let sandbox;
before(async () => {
  const connectionConfig = { domain: "server.test", fetch: stub };
  sandbox = await sdk.Sandbox.connect({ sandboxId: "x", skipHealthCheck: true, connectionConfig });
});

for (const [property, name] of [
  ["commands", "ExecdCommands"],
  ["files", "SandboxFiles"],
  ["health", "ExecdHealth"],
  ["metrics", "ExecdMetrics"],
  ["egress", "Egress"],
  ["credentialVault", "CredentialVault"],
  ["isolation", "IsolationService"],
  ["sandboxes", "Sandboxes"],
  ["diagnostics", "SandboxDiagnostics"],
  ["pty", "SandboxPty"],
]) {
  test(`sandbox.${property} is a ${name}`, () => {
    assert.deepEqual(ownNames(Object.getPrototypeOf(sandbox[property]), INTERNAL), members(name, callable));
    assert.equal(sandbox[property], sandbox[property]);
  });
}

test("a BackgroundCommand", () => {
  const known = { id: "c", sandboxId: "x", cursor: 5 };
  const handle = sandbox.commands.attach(known);
  assert.deepEqual(ownNames(Object.getPrototypeOf(handle), INTERNAL), members("BackgroundCommand", callable));
  assert.deepEqual(
    Object.keys(handle),
    members("BackgroundCommand", (member) => !callable(member)),
  );
  assert.deepEqual(handle.toJSON(), known);
  assert.deepEqual(
    Object.keys(known).sort(),
    members("BackgroundCommandJson", () => true),
  );
});

test("a PtySession and its outputs, and a PtyInfo", async () => {
  class WebSocket {
    readyState = 1;
    constructor() {
      setTimeout(() => this.onmessage({ data: '{"type":"connected","mode":"pty"}' }));
    }
    send() {}
    close() {
      this.onclose({});
    }
  }
  const session = await sandbox.pty.create({ WebSocket });
  const wanted = members("PtySession", (member) => callable(member) || member.readonly);
  assert.deepEqual(ownNames(Object.getPrototypeOf(session), INTERNAL), wanted);
  assert.deepEqual(
    [session.id, session.mode, session.state, session.exitCode, session.offset],
    ["t", "pty", "connected", undefined, 0],
  );
  for (const output of [session.output, session.stderr]) {
    const names = ownNames(Object.getPrototypeOf(output), [...INTERNAL, "[Symbol.asyncIterator]"]);
    assert.deepEqual(names, members("PtyOutput", callable));
  }
  await session.detach();
  const info = await sandbox.pty.get("t");
  assert.deepEqual(
    Object.keys(info).sort(),
    members("PtyInfo", (member) => !callable(member)),
  );
});

test("an isolated session", async () => {
  const session = await sandbox.isolation.create({ workspace: { path: "/w" } });
  const wanted = members("IsolationSession", (member) => callable(member) || member.readonly);
  assert.deepEqual(ownNames(Object.getPrototypeOf(session), INTERNAL), wanted);
  assert.equal(session.sessionId, "i");
  assert.deepEqual(session.info, { session_id: "i", created_at: "" });
  assert.equal(session.files, session.files);
  assert.deepEqual(ownNames(Object.getPrototypeOf(session.files), INTERNAL), members("SandboxFiles", callable));
});

test("a FileDownload, and a DirectoryEntry", async () => {
  const prototype = Object.getPrototypeOf(sandbox.files.download("/a"));
  assert.deepEqual(ownNames(prototype, [...INTERNAL, "[Symbol.asyncIterator]"]), members("FileDownload", callable));
  let entry;
  for await (const each of sandbox.files.downloadDirectory("/d")) entry = each;
  assert.deepEqual(ownNames(Object.getPrototypeOf(entry), INTERNAL), members("DirectoryEntry", callable));
  assert.deepEqual(Object.keys(entry).sort(), fields("DirectoryEntry").sort());
});

test("an Execution", async () => {
  const run = await sandbox.commands.run("x");
  const coded = await sandbox.codes.run("x");
  const getters = members("Execution", (member) => member.readonly || callable(member));
  assert.deepEqual(ownNames(Object.getPrototypeOf(run), INTERNAL), getters);
  const properties = members("Execution", (member) => !member.readonly && !callable(member));
  for (const key of Object.keys(run)) assert.ok(properties.includes(key), `${key} is not declared`);
  for (const [object, name] of [
    [run.error, "RichError"],
    [coded.result[0], "RichResult"],
  ]) {
    const wanted = members(name, (member) => member.readonly || callable(member));
    assert.deepEqual(ownNames(Object.getPrototypeOf(object), INTERNAL), wanted);
    const own = Object.keys(object).sort();
    assert.deepEqual(
      own,
      [...new Set([...fields(name), ...fields(blocks.get(name).base)])].filter((key) => !wanted.includes(key)).sort(),
    );
  }
  assert.deepEqual(structuredClone({ ...run }), {
    id: "id",
    logs: { stdout: [{ text: "line", timestamp: 2, isError: false }], stderr: [] },
    result: [],
    error: { name: "CommandExecError", value: "3", timestamp: 3, traceback: ["exit status 3"] },
    exitCode: 3,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(run)), structuredClone(run.toJSON()));
  assert.match(inspect(run, { depth: null }), /text: 'line'/);
});
