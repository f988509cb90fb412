// Each bundler with the packed package and as little configuration as it allows: it builds, the result is loaded in Chromium or in
// Node, and makes one call.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startServer } from "../e2e/server.mjs";
import { install } from "../package/installed.mjs";
import { launch } from "../page/browser.mjs";
import { serve } from "../page/site.mjs";

const MODULES =
  process.env.OPENSANDBOX_TEST_PACKAGES ??
  fileURLToPath(new URL("../../.tools/bundlers/node_modules", import.meta.url));
const require = createRequire(join(MODULES, "from-here.js"));
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)).href);
  return module.default ?? module;
};

const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};
const RUN = `globalThis.run = async (config) => {
  await started;
  const manager = SandboxManager.create({ connectionConfig: config });
  const { items } = await manager.listSandboxInfos();
  await manager.close();
  return Array.isArray(items) ? "works" : "no list";
};
`;
const ENTRIES = {
  default: `import { SandboxManager } from "opensandbox-wasm"; const started = undefined; ${RUN}`,
  slim: `import { init, SandboxManager } from "opensandbox-wasm/slim"; const started = init(); ${RUN}`,
  // Vite's way to name a file, where it serves packages from another place than their own.
  url: `import { init, SandboxManager } from "opensandbox-wasm/slim"; import url from "opensandbox-wasm/core.wasm?url"; const started = init(url); ${RUN}`,
};

let it;
let server;
let files;
let browser;
/** While it is set, it answers in place of the files. */
let dev;
before(async () => {
  it = install();
  for (const [name, code] of Object.entries(ENTRIES)) {
    writeFileSync(join(it.folder, `${name}.mjs`), code);
    const html = `<!doctype html><meta charset="utf-8"><title>.</title><script type="module" src="./${name}.mjs"></script>`;
    writeFileSync(join(it.folder, `${name}.html`), html);
  }
  files = await serve((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    if (dev && !path.startsWith("/page-of/")) return dev(request, response, () => response.writeHead(404).end());
    const page = /^(.*)\/page-of\/(.*)$/.exec(path);
    try {
      const content = page
        ? `<!doctype html><title>.</title><script type="module" src="${page[1]}/${page[2]}"></script>`
        : readFileSync(join(it.folder, path));
      response.setHeader("content-type", page ? "text/html" : (TYPES[extname(path)] ?? "application/octet-stream"));
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server = await startServer("--allow-origin", files.origin);
  if (process.env.CHROMIUM) browser = await launch();
});
after(async () => {
  await browser?.close();
  await files?.stop();
  await server?.stop();
  it?.remove();
});

const source = (entry) => join(it.folder, `${entry}.mjs`);
/** A folder for what a bundler makes. */
function output(name) {
  const folder = join(it.folder, "out", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Loads a page and makes the call. */
async function inChromium(t, url) {
  if (!browser) return t.skip("chromium is not installed");
  const tab = await browser.newPage();
  t.after(() => tab.close());
  const said = [];
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  await tab.goto(url);
  await tab
    .waitForFunction(() => globalThis.run, undefined, { timeout: 60_000 })
    .catch((error) => assert.fail(`${error.message}\n${said.join("\n")}`));
  assert.equal(await tab.evaluate((config) => globalThis.run(config), server.config()), "works");
}
/** The same for a module alone, in a page without anything else; `path` is below the folder. */
const moduleInChromium = (t, folder, file) => {
  const path = folder.slice(it.folder.length);
  return inChromium(t, `${files.origin}${path}/page-of/${file}`);
};

/** Runs a program to its end, which must be a good one. */
async function run(file, args) {
  const child = spawn(file, args, { cwd: it.folder, env: { ...process.env, NO_COLOR: "1" } });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, text);
  return text;
}
/** Loads a file in a Node of its own and makes the call. */
async function inNode(file) {
  const code = `await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(await globalThis.run(${JSON.stringify(server.config())}));`;
  const printed = await run(process.execPath, ["--input-type=module", "--eval", code]);
  assert.equal(printed.trim(), "works");
}

/** One that takes webpack's configuration. */
function compile(pack, config) {
  return new Promise((resolve, reject) => {
    const compiler = pack(config);
    compiler.run((error, stats) => {
      compiler.close(() => {
        if (error) return reject(error);
        const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
        assert.deepEqual(errors, []);
        resolve(warnings.filter(({ message }) => !/size|limit/i.test(message)));
      });
    });
  });
}

for (const format of ["esm", "cjs"]) {
  test(`esbuild, ${format}: Node`, async () => {
    const { build } = await load("esbuild");
    const outfile = join(output("esbuild"), `app.${format === "esm" ? "mjs" : "cjs"}`);
    const options = { entryPoints: [source("default")], bundle: true, minify: true, format, outfile };
    const { warnings } = await build({ ...options, platform: "node", logLevel: "silent" });
    assert.deepEqual(warnings, []);
    await inNode(outfile);
  });
}
test("esbuild: Chromium", async (t) => {
  const { build } = await load("esbuild");
  const folder = output("esbuild-page");
  const options = { entryPoints: [source("default")], bundle: true, minify: true, format: "esm" };
  const { warnings } = await build({ ...options, outfile: join(folder, "app.js"), logLevel: "silent" });
  assert.deepEqual(warnings, []);
  await moduleInChromium(t, folder, "app.js");
});

test("Rollup: Node, and Chromium", async (t) => {
  const { rollup } = await load("rollup");
  const resolve = await load("@rollup/plugin-node-resolve");
  const warnings = [];
  const onwarn = ({ message }) => warnings.push(message);
  const bundle = await rollup({ input: source("default"), plugins: [resolve()], onwarn });
  const folder = output("rollup");
  await bundle.write({ file: join(folder, "app.mjs"), format: "es" });
  await bundle.close();
  assert.deepEqual(warnings, []);
  await inNode(join(folder, "app.mjs"));
  await moduleInChromium(t, folder, "app.mjs");
});

for (const [title, name, pick] of [
  ["webpack", "webpack", (module) => module],
  ["Rspack", "@rspack/core", (module) => module.rspack ?? module],
]) {
  const config = (target, entry, path) => ({
    mode: "production",
    context: it.folder,
    target,
    entry: source(entry),
    output: { path, filename: "app.cjs", publicPath: "auto" },
    performance: false,
  });
  test(`${title}: Node`, async () => {
    const path = output(`${title}-node`);
    assert.deepEqual(await compile(pick(await load(name)), config("node", "default", path)), []);
    await inNode(join(path, "app.cjs"));
  });
  for (const entry of ["default", "slim"]) {
    test(`${title}: Chromium, ${entry} entry`, async (t) => {
      const path = output(`${title}-${entry}`);
      const settings = config("web", entry, path);
      settings.output.filename = "app.js";
      assert.deepEqual(await compile(pick(await load(name)), settings), []);
      const emitted = readdirSync(path).filter((file) => file.endsWith(".wasm"));
      assert.equal(emitted.length, entry === "slim" ? 1 : 0, "only slim has the file beside it");
      await moduleInChromium(t, path, "app.js");
    });
  }
}

for (const entry of ["default", "slim"]) {
  test(`Vite build: Chromium, ${entry} entry`, async (t) => {
    const { build } = await import(pathToFileURL(require.resolve("vite")).href);
    const outDir = output(`vite-${entry}`);
    const base = `${outDir.slice(it.folder.length)}/`;
    const input = join(it.folder, `${entry}.html`);
    const options = { root: it.folder, base, configFile: false, logLevel: "silent" };
    await build({ ...options, build: { outDir, rollupOptions: { input } } });
    await inChromium(t, `${files.origin}${base}${entry}.html`);
  });
}

for (const entry of ["default", "url"]) {
  test(`Vite dev: Chromium, ${entry === "url" ? "slim entry with core.wasm?url" : "default entry"}`, async (t) => {
    const { createServer: createVite } = await import(pathToFileURL(require.resolve("vite")).href);
    const root = output(`vite-dev-${entry}`);
    for (const name of [`${entry}.mjs`, `${entry}.html`]) copyFileSync(join(it.folder, name), join(root, name));
    const vite = await createVite({
      root,
      cacheDir: join(root, "cache"),
      configFile: false,
      logLevel: "silent",
      appType: "custom",
      server: { middlewareMode: true, hmr: false, ws: false },
    });
    t.after(async () => {
      dev = undefined;
      await vite.close();
    });
    dev = vite.middlewares;
    await inChromium(t, `${files.origin}/page-of/${entry}.mjs`);
  });
}

test("Parcel: Chromium", async (t) => {
  const folder = output("parcel");
  const url = folder.slice(it.folder.length);
  const places = ["--dist-dir", folder, "--public-url", `${url}/`, "--cache-dir", join(it.folder, ".parcel-cache")];
  await run(process.execPath, [
    join(MODULES, "parcel/lib/bin.js"),
    "build",
    "default.html",
    "--no-source-maps",
    ...places,
  ]);
  await inChromium(t, `${files.origin}${url}/default.html`);
});
