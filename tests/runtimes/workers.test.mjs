// Cloudflare's runtime, workerd: by `wrangler dev`, at an old and a new compatibility date.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startServer } from "../e2e/server.mjs";
import { environment, fresh, needs, passed, run, runtime, start } from "./programs.mjs";

const DATES = { old: "2024-09-01", new: "2026-11-01" };
// Nothing but loopback: no usage reports, no look for updates, no example of a request's place in the world.
const QUIET = {
  CI: "1",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_LOG_PATH: ".wrangler/log",
};

let it;
let server;
before(async () => {
  it = fresh();
  server = await startServer();
  writeFileSync(
    join(it.folder, "worker.mjs"),
    `import * as sdk from "opensandbox-wasm";
    import { scenario } from "./scenario.mjs";
    export default {
      async fetch(request) {
        if (request.method === "GET") return new Response("ready");
        return Response.json(await scenario(sdk, await request.json()));
      },
    };`,
  );
  for (const [name, date] of Object.entries(DATES)) {
    writeFileSync(
      join(it.folder, `${name}.json`),
      JSON.stringify({ name: `worker-${name}`, main: "worker.mjs", compatibility_date: date }),
    );
  }
});
after(async () => {
  await server?.stop();
  it?.remove();
});

const options = () => ({ cwd: it.folder, env: environment(it.folder, QUIET) });
const wrangler = (...args) => [runtime("wrangler"), ...args];

test("wrangler's bundle holds the module as a file, and no copy of it as text", async (t) => {
  if (!needs(t, "node22", "wrangler")) return;
  const dist = join(it.folder, "dist");
  await run(t, runtime("node22"), wrangler("deploy", "--dry-run", "--outdir", dist, "--config", "new.json"), options());
  const files = readdirSync(dist);
  assert.equal(files.filter((file) => /core\.wasm/.test(file)).length, 1, files.join());
  assert.doesNotMatch(readFileSync(join(dist, "worker.js"), "utf8"), /0061736d01000000/);
});

/** A port that is free now. */
const freePort = () =>
  new Promise((resolve) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });

for (const [name, date] of Object.entries(DATES)) {
  test(`workerd through wrangler dev, compatibility date ${date}`, async (t) => {
    if (!needs(t, "node22", "wrangler")) return;
    const [port, inspector] = [await freePort(), await freePort()];
    const address = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", String(inspector)];
    const dev = start(runtime("node22"), wrangler("dev", "--config", `${name}.json`, ...address), options());
    t.after(dev.end);
    const url = `http://127.0.0.1:${port}/`;
    let gone = false;
    dev.done.then(() => {
      gone = true;
    });
    for (const end = Date.now() + 120_000; ; ) {
      const answer = await fetch(url).then((response) => response.text(), String);
      if (answer === "ready") break;
      assert.ok(!gone && Date.now() < end, `${answer}\n${dev.text}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const response = await fetch(url, { method: "POST", body: JSON.stringify(server.config()) });
    const text = await response.text();
    assert.equal(response.status, 200, `${text}\n${dev.text}`);
    passed(JSON.parse(text));
  });
}
