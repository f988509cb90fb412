// Runtimes of servers: Node in each major version, by import and by require; Deno with one permission; Bun.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startServer } from "../e2e/server.mjs";
import { environment, fresh, needs, passed, run, runtime } from "./programs.mjs";

let it;
let server;
before(async () => {
  it = fresh();
  server = await startServer();
  // Through the server's proxy one host is enough; else each sandbox's daemon has a port of its own.
  const config = `{ ...${JSON.stringify(server.config())}, useServerProxy: Boolean(globalThis.Deno) }`;
  const rest = `console.log(JSON.stringify({ version, ...await scenario(sdk, ${config}) }));`;
  const version = "const version = globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node;";
  const scenario = 'import { scenario } from "./scenario.mjs";';
  writeFileSync(join(it.folder, "main.mjs"), `import * as sdk from "opensandbox-wasm"; ${scenario} ${version} ${rest}`);
  writeFileSync(
    join(it.folder, "main.cjs"),
    `const sdk = require("opensandbox-wasm"); ${version} import("./scenario.mjs").then(async ({ scenario }) => { ${rest} });`,
  );
  // The module itself, as Node 24 and Deno give it.
  writeFileSync(
    join(it.folder, "source.mjs"),
    `import source wasm from "opensandbox-wasm/core.wasm"; import * as sdk from "opensandbox-wasm/slim"; ${scenario} ${version} sdk.initSync(wasm); ${rest}`,
  );
  writeFileSync(
    join(it.folder, "slim.mjs"),
    `import * as sdk from "opensandbox-wasm/slim"; ${scenario} ${version} await sdk.init(); ${rest}`,
  );
});
after(async () => {
  await server?.stop();
  it?.remove();
});

/** `args` come before the file. */
async function works(t, name, file, args = []) {
  if (!needs(t, name)) return;
  const options = { cwd: it.folder, env: environment(it.folder) };
  const result = JSON.parse(await run(t, runtime(name), [...args, file], options));
  passed(result);
  const major = /\d+$/.exec(name)?.[0];
  if (major) assert.equal(result.version.split(".")[0], major);
}
const deno = (...permissions) => ["run", "--no-prompt", "--no-lock", "--node-modules-dir=manual", ...permissions];
const network = () => `--allow-net=${server.domain.replace(/\/.*/, "")}`;

for (const [title, name] of [
  [`Node ${process.versions.node.split(".")[0]}, the one that runs the tests`, "node"],
  ["Node 22", "node22"],
  ["Node 24", "node24"],
  ["Node 26", "node26"],
]) {
  test(`${title}: import`, (t) => works(t, name, "main.mjs"));
  test(`${title}: require`, (t) => works(t, name, "main.cjs"));
  test(`${title}: slim, its file read`, (t) => works(t, name, "slim.mjs"));
}
for (const major of [24, 26])
  test(`Node ${major}: slim, with import source`, (t) => works(t, `node${major}`, "source.mjs"));

test("Deno: import, with no permission but the server's host", (t) => works(t, "deno", "main.mjs", deno(network())));
test("Deno: slim, with import source and the same permission", (t) => works(t, "deno", "source.mjs", deno(network())));
test("Deno: slim, its file read", (t) => works(t, "deno", "slim.mjs", deno(network(), "--allow-read")));

test("Bun: import", (t) => works(t, "bun", "main.mjs"));
test("Bun: require", (t) => works(t, "bun", "main.cjs"));
test("Bun: slim, its file read", (t) => works(t, "bun", "slim.mjs"));
