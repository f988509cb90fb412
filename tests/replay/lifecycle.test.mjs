// Replays every recorded request of the real lifecycle server, in order, against ours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "../local/server.mjs";
import { compare, mask, request, substitute } from "./compare.mjs";
import { lifecycle as listed } from "./lifecycle-differences.mjs";

const dir = fileURLToPath(new URL("../fixtures/lifecycle", import.meta.url));
const { steps } = JSON.parse(readFileSync(join(dir, "sequence.json"), "utf8"));
const captures = {};
const count = { same: 0, listed: 0, different: 0 };
let server;

before(async () => {
  server = await startServer("--strict-cors", "--allow-origin", "http://page.example");
});

after(async () => {
  await server.stop();
  console.log(`lifecycle replay: ${count.same} same / ${count.listed} listed / ${count.different} different`);
});

/** Ports, addresses of containers and numbers of metrics vary; everything else is for `mask`. */
function rule(path, recorded, actual, parents) {
  const key = path.at(-1);
  const address = (text) => mask(String(text)).replace(/\b\d+\.\d+\.\d+\.\d+:\d+/g, "<address>");
  const sameType = typeof recorded === typeof actual;
  if (key === "endpoint" && path.length === 1) return address(recorded) === address(actual);
  if (key === "message" && /backend sandbox/.test(recorded)) return address(recorded) === address(actual);
  if (parents.at(-1) && "cpu_used_pct" in parents.at(-1)) return sameType && Number.isFinite(actual) && actual >= 0;
  return false;
}

async function replay(name, recording) {
  const wanted = substitute(recording.request, captures);
  const headers = Object.fromEntries(
    Object.entries(wanted.headers).map(([key, value]) => [
      key,
      value.replace("<key>", name === "bad-key" ? "wrong" : server.apiKey),
    ]),
  );
  // The recorded moment is past by now.
  if (name === "renew")
    wanted.json.expiresAt = new Date(Date.now() + 1_200_000).toISOString().replace(/\.\d+Z/, ".333Z");
  const body = wanted.json === undefined ? undefined : JSON.stringify(wanted.json);
  return request(server.url, { method: wanted.method, path: wanted.path, headers, body });
}

for (const { name, captures: wanted = [] } of steps) {
  test(name, async () => {
    const recording = JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));
    recording.body = Buffer.from(recording.json === undefined ? recording.text : JSON.stringify(recording.json));
    const actual = await replay(name, recording);
    for (const capture of wanted) {
      if (actual.status < 300) captures[capture] = JSON.parse(actual.body).id;
    }
    const found = compare(recording, actual, { rule, ignoredHeaders: ["x-request-id"] });
    const given = recording.request.headers["X-Request-ID"];
    const id = actual.headers["x-request-id"];
    if (given ? id !== given : !/^[0-9a-f]{32}$/.test(id)) found.push(`x-request-id: ${id}`);

    const known = listed[name];
    const unknown = found.filter((text) => !known?.found.some((pattern) => pattern.test(text)));
    const unused = (known?.found ?? []).filter((pattern) => !found.some((text) => pattern.test(text)));
    count[unknown.length || unused.length ? "different" : known ? "listed" : "same"] += 1;
    assert.deepEqual(unknown, []);
    assert.deepEqual(unused, [], "listed as different, but it is equal: remove it from the list");
  });
}

test("the list names recordings that exist", () => {
  const names = steps.map(({ name }) => name);
  assert.deepEqual(
    Object.keys(listed).filter((name) => !names.includes(name)),
    [],
  );
});
