// Replays every recorded request of the real execd, in order, against ours.
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { capturedId, compare, loadSequence, relocate, send } from "./compare.mjs";
import { execd as listed } from "./differences.mjs";
import { fixtures, KERNELS, startExecd } from "./execd-server.mjs";

// The recordings work in /tmp/box. Ours is as long, so that lengths stay, but not shared with another run.
const RECORDED_BOX = "/tmp/box";
const box = freeBox();
const captures = {};
const count = { same: 0, listed: 0, different: 0 };
let server;

function freeBox() {
  for (;;) {
    const path = `/tmp/${Math.random().toString(36).slice(2, 5)}`;
    if (path.length === RECORDED_BOX.length && !existsSync(path)) return path;
  }
}

/** What varies in execd's JSON: times of files, owners, sizes of directories, all numbers of metrics. */
function rule(path, recorded, actual, parents) {
  const key = path.at(-1);
  const parent = parents.at(-1);
  const sameType = typeof recorded === typeof actual;
  if (key === "owner" || key === "group") return sameType && actual !== "";
  if (key === "size" && parent?.type === "directory") return sameType;
  if (parent && "cpu_used_pct" in parent) return sameType && Number.isFinite(actual) && actual >= 0;
  return false;
}

/** Whether a recording is about a Jupyter kernel. */
const isOfKernel = ({ name, request }) =>
  name.startsWith("context") || name === "code-context-create" || request.json?.context?.language === "python";

before(async () => {
  server = await startExecd({ args: KERNELS ? ["--kernels", KERNELS, "--early-complete", "never"] : [] });
  // The recorded server had one already.
  if (KERNELS) {
    const json = { language: "python" };
    await send(server.base, { request: { method: "POST", path: "/code/context", json } }, {});
  }
});

after(async () => {
  await server.stop();
  rmSync(box, { recursive: true, force: true });
  console.log(`» execd replay: ${count.same} same / ${count.listed} listed / ${count.different} different`);
});

for (const recording of loadSequence(fixtures("execd")).map((one) => relocate(one, RECORDED_BOX, box))) {
  const kernel = isOfKernel(recording);
  test(recording.name, { skip: kernel && !KERNELS && "there are no Jupyter kernels" }, async () => {
    const actual = await send(server.base, recording, captures);
    for (const name of recording.captures) {
      if (actual.status < 300) captures[name] = capturedId(actual.body);
    }
    const found = compare(recording, actual, { rule, kernel });
    const reason = listed[recording.name];
    if (found.length === 0 && !reason) count.same += 1;
    else if (found.length > 0 && reason) count.listed += 1;
    else count.different += 1;
    if (reason)
      assert.notDeepEqual(found, [], `listed as different (${reason}), but it is equal: remove it from the list`);
    else assert.deepEqual(found, []);
  });
}

test("the list names recordings that exist", () => {
  const names = loadSequence(fixtures("execd")).map(({ name }) => name);
  assert.deepEqual(
    Object.keys(listed).filter((name) => !names.includes(name)),
    [],
  );
});
