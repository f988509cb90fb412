// The bundler that comes with Bun: what it makes is run by Bun and by Node. (Deno's fetches a package of its own at its first use.)
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
  const config = `{ ...${JSON.stringify(server.config())}, useServerProxy: true }`;
  writeFileSync(
    join(it.folder, "main.mjs"),
    `import * as sdk from "opensandbox-wasm"; import { scenario } from "./scenario.mjs"; console.log(JSON.stringify(await scenario(sdk, ${config})));`,
  );
});
after(async () => {
  await server?.stop();
  it?.remove();
});

const options = () => ({ cwd: it.folder, env: environment(it.folder) });
async function works(t, name, args) {
  passed(JSON.parse(await run(t, runtime(name), args, options())));
}

test("bun build: in Bun and in Node", async (t) => {
  if (!needs(t, "bun")) return;
  const file = join(it.folder, "by-bun.mjs");
  await run(t, runtime("bun"), ["build", "main.mjs", "--target=node", "--minify", "--outfile", file], options());
  await works(t, "bun", [file]);
  await works(t, "node", [file]);
});

test("bun build --compile: a program of one file", async (t) => {
  if (!needs(t, "bun")) return;
  const file = join(it.folder, "by-bun");
  await run(t, runtime("bun"), ["build", "main.mjs", "--compile", "--outfile", file], options());
  passed(JSON.parse(await run(t, file, [], options())));
});
