// Replays every recorded request of the real lifecycle server, in order, against ours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer, until } from "../local/server.mjs";
import { compare, compareLines, mask, request, substitute } from "./compare.mjs";
import { byDefault, lifecycle as listed } from "./lifecycle-differences.mjs";

const dir = fileURLToPath(new URL("../fixtures/lifecycle", import.meta.url));
const { steps } = JSON.parse(readFileSync(join(dir, "sequence.json"), "utf8"));
const captures = {};
const count = { same: 0, listed: 0, different: 0 };
let server;

before(async () => {
  // As the recorded server was configured.
  const config = ["--allow-host-path", "/srv/allowed", "--egress", "refuse"];
  server = await startServer("--strict-cors", "--allow-origin", "http://page.example", ...config);
});

after(async () => {
  await server?.stop();
  console.log(`» lifecycle replay: ${count.same} same / ${count.listed} listed / ${count.different} different`);
});

/** What has another number each time: containers, their addresses and ports. */
const address = (text) =>
  mask(text)
    .replace(/\b\d+\.\d+\.\d+\.\d+:\d+/g, "<address>")
    .replace(/\b[0-9a-f]{12}\b/g, "<container>");

/** Ports, addresses of containers and numbers of metrics vary; everything else is for `mask`. */
function rule(path, recorded, actual, parents) {
  const key = path.at(-1);
  const sameType = typeof recorded === typeof actual;
  if (key === "endpoint" && path.length === 1) return address(recorded) === address(String(actual));
  if (key === "message" && /backend sandbox/.test(recorded)) return address(recorded) === address(String(actual));
  if (key === "content" && parents.at(-1)?.kind === "events") return address(recorded) === address(String(actual));
  if (parents.at(-1) && "cpu_used_pct" in parents.at(-1)) return sameType && Number.isFinite(actual) && actual >= 0;
  return false;
}

/** Lines of logs stand for what they are, so that the list need not quote them. */
function plainLogs(body) {
  const answer = JSON.parse(body);
  const lines = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z .*\n)+$/;
  if (lines.test(answer.content)) answer.content = `<lines with times>${answer.content}`;
  return Buffer.from(JSON.stringify(answer));
}

/** One line of the diagnostics' texts. */
const line = (text) =>
  address(text)
    .replace(/-port=\d+$/, "-port=<port>")
    .replace(/<address>$|:\d+$|\b\d+\.\d+\.\d+\.\d+$/, (end) => (end.startsWith(":") ? ":<port>" : "<address>"))
    .replace(/(<time>|\d{4}-\S+Z) .*$/, "<time> …");

async function replay(base, name, recording) {
  const wanted = substitute(recording.request, captures);
  const headers = Object.fromEntries(
    Object.entries(wanted.headers).map(([key, value]) => [
      key,
      value.replace("<key>", name === "bad-key" ? "wrong" : base.apiKey),
    ]),
  );
  // The recorded moment is past by now.
  if (name === "renew")
    wanted.json.expiresAt = new Date(Date.now() + 1_200_000).toISOString().replace(/\.\d+Z/, ".333Z");
  const body = wanted.json === undefined ? undefined : JSON.stringify(wanted.json);
  return request(base.url, { method: wanted.method, path: wanted.path, headers, body });
}

function load(name) {
  const recording = JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));
  recording.body = Buffer.from(recording.json === undefined ? recording.text : JSON.stringify(recording.json));
  return recording;
}

function differences(name, recording, actual) {
  if (name === "diagnostics-logs")
    [recording, actual] = [recording, actual].map((one) => ({ ...one, body: plainLogs(one.body) }));
  const text = recording.headers["content-type"]?.startsWith("text/plain") && recording.body.includes("\n");
  const found = compare(recording, actual, {
    rule,
    ignoredHeaders: ["x-request-id"],
    ...(text ? { compareText: (left, right) => compareLines(left, right, line) } : {}),
  });
  const given = recording.request.headers["X-Request-ID"];
  const id = actual.headers["x-request-id"];
  if (given ? id !== given : !/^[0-9a-f]{32}$/.test(id)) found.push(`x-request-id: ${id}`);
  return found;
}

/** What is not on the list, and what is there for nothing. */
function judge(found, known) {
  const unknown = found.filter((text) => !known?.found.some((pattern) => pattern.test(text)));
  const unused = (known?.found ?? []).filter((pattern) => !found.some((text) => pattern.test(text)));
  return { unknown, unused };
}

/** The sequence's `then`. */
const afterwards = {
  "wait until the snapshot is Ready": async () => {
    const state = async () => (await server.api("GET", `/v1/snapshots/${captures.snapshot}`)).body.status.state;
    await until(async () => (await state()) !== "Creating");
    assert.equal(await state(), "Ready");
  },
  "delete the sandbox that it made": async (answer) => {
    assert.equal((await server.api("DELETE", `/v1/sandboxes/${answer.id}`)).status, 204);
  },
};

for (const { name, captures: wanted = [], then } of steps) {
  test(name, async () => {
    const recording = load(name);
    const actual = await replay(server, name, recording);
    for (const capture of wanted) {
      if (actual.status < 300) captures[capture] = JSON.parse(actual.body).id;
    }
    const { unknown, unused } = judge(differences(name, recording, actual), listed[name]);
    count[unknown.length || unused.length ? "different" : listed[name] ? "listed" : "same"] += 1;
    assert.deepEqual(unknown, []);
    assert.deepEqual(unused, [], "listed as different, but it is equal: remove it from the list");
    if (then) await afterwards[then](JSON.parse(actual.body));
  });
}

for (const [name, known] of Object.entries(byDefault)) {
  test(`${name}, with this server's defaults`, async () => {
    const plain = await startServer();
    try {
      const recording = load(name);
      const actual = await replay(plain, name, recording);
      const { unknown, unused } = judge(differences(name, recording, actual), known);
      assert.deepEqual(unknown, []);
      assert.deepEqual(unused, [], "listed as different, but it is equal: remove it from the list");
    } finally {
      await plain.stop();
    }
  });
}

test("the list names recordings that exist", () => {
  const names = steps.map(({ name }) => name);
  assert.deepEqual(
    Object.keys({ ...listed, ...byDefault }).filter((name) => !names.includes(name)),
    [],
  );
});
