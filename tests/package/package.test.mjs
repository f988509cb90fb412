// What npm users get: the files, the exports, an import that does nothing, and a day's work with the installed package.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { overLimit, packageSizes, sizeLimits } from "../../scripts/sizes.mjs";
import { prepare, STEPS } from "../e2e/scenario.mjs";
import { IMAGE, startServer, unique } from "../e2e/server.mjs";
import { install } from "./installed.mjs";

/** The official SDK's values, but the adapter factories and the dispatcher. */
const OFFICIAL = [
  "ConnectionConfig",
  "DEFAULT_EGRESS_PORT",
  "DEFAULT_ENTRYPOINT",
  "DEFAULT_EXECD_PORT",
  "DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS",
  "DEFAULT_READY_TIMEOUT_SECONDS",
  "DEFAULT_REQUEST_TIMEOUT_SECONDS",
  "DEFAULT_RESOURCE_LIMITS",
  "DEFAULT_TIMEOUT_SECONDS",
  "InvalidArgumentException",
  "Sandbox",
  "SandboxApiException",
  "SandboxError",
  "SandboxException",
  "SandboxInternalException",
  "SandboxManager",
  "SandboxReadyTimeoutException",
  "SandboxUnhealthyException",
];

let it;
before(() => {
  it = install();
});

/** What the default entry compiles. */
const inlined = async () => (await import(pathToFileURL(join(it.installed, "wasm-inline.js")))).default();
after(() => it?.remove());

/** Every file of the installed package, as paths from its root. */
const walk = () =>
  readdirSync(it.installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(it.installed.length + 1))
    .sort();

describe("the tarball", () => {
  test("holds exactly the files that it should", () => {
    const expected = [
      /^LICENSE$/,
      /^THIRD-PARTY-LICENSES\.txt$/,
      /^README\.md$/,
      /^package\.json$/,
      /^(index|edge|slim|api|load|init|start|constants|wasm-inline|core_bg)\.js$/,
      /^core\.wasm$/,
    ];
    // Allowed, where there are: other entries, and types.
    const optional = [/^[\w-]+\.(js|cjs|mjs)$/, /^(types\/)?[\w.-]+\.d\.(ts|cts|mts)$/];
    for (const pattern of expected)
      assert.ok(
        it.files.some((file) => pattern.test(file)),
        `no ${pattern}`,
      );
    const surprising = it.files.filter((file) => ![...expected, ...optional].some((pattern) => pattern.test(file)));
    assert.deepEqual(surprising, []);
    assert.deepEqual(walk(), it.files);
  });

  test("holds every file that its entries name and import", () => {
    const names = [];
    const collect = (value) => {
      if (typeof value === "string") names.push(value);
      else if (value) for (const each of Object.values(value)) collect(each);
    };
    const { main, module, exports } = it.manifest;
    collect([main, module, exports]);
    for (const name of names.filter((each) => !each.endsWith(".d.ts"))) {
      assert.ok(it.files.includes(name.replace(/^\.\//, "")), `${name} is named in package.json and not there`);
    }
    for (const file of it.files.filter((each) => each.endsWith(".js"))) {
      const text = readFileSync(join(it.installed, file), "utf8");
      for (const [, specifier] of text
        .slice(0, 200_000)
        .matchAll(/(?:^import |\bfrom |\bimport\()["']([^"']+)["']/gm)) {
        assert.match(specifier, /^\.\.?\//, `${file} imports ${specifier}`);
        const target = join(it.installed, file, "..", specifier.replace(/\?module$/, ""));
        assert.ok(statSync(target).isFile(), `${file} imports ${specifier}`);
      }
    }
  });

  test("names the types that it ships", () => {
    assert.ok(it.files.includes(it.manifest.types.replace(/^\.\//, "")), `${it.manifest.types} is not there`);
  });

  test("holds no source, no other tarball, and no path of this machine", async () => {
    assert.deepEqual(
      it.files.filter((file) => /\.(rs|tgz|map|toml|lock)$|test|fixture|\.env/.test(file)),
      [],
    );
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const decoded = Buffer.from(await inlined());
    assert.ok(decoded.length > 10_000);
    for (const [name, content] of [
      ["the inlined wasm", decoded],
      ...it.files.map((file) => [file, readFileSync(join(it.installed, file))]),
    ]) {
      for (const place of [root, homedir(), "/.cargo/registry", "/.rustup/"]) {
        assert.equal(content.includes(place), false, `${name} contains ${place}`);
      }
    }
  });

  test("depends on nothing and runs no scripts", () => {
    const fields = Object.keys(it.manifest).filter((field) => /dependencies$/i.test(field) || field === "scripts");
    assert.deepEqual(fields, []);
    assert.deepEqual(
      readdirSync(join(it.folder, "node_modules")).filter((name) => !name.startsWith(".")),
      ["opensandbox-wasm"],
    );
  });

  test("says who it is", () => {
    const { name, version, license, type } = it.manifest;
    assert.deepEqual([name, license, type], ["opensandbox-wasm", "Apache-2.0", "module"]);
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
    assert.notEqual(version, "0.0.0");
    assert.match(readFileSync(join(it.installed, "LICENSE"), "utf8"), /Apache License/);
    assert.match(readFileSync(join(it.installed, "README.md"), "utf8"), /opensandbox-wasm/);
  });

  test("has the licences of what is compiled into the wasm", () => {
    const text = readFileSync(join(it.installed, "THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["js-sys", "memchr", "wasm-bindgen"]) {
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.*MIT.*\\)$`, "m"), name);
    }
    assert.match(text, /Permission is hereby granted, free of charge/);
    // Neither what runs in the compiler nor what only the local server uses.
    assert.doesNotMatch(text, /^(syn|quote|tokio|axum) /m);
  });

  test("has the same wasm inline and as a file", async () => {
    assert.ok(readFileSync(join(it.installed, "core.wasm")).equals(Buffer.from(await inlined())));
  });
});

describe("its sizes", () => {
  let sizes;
  before(async () => {
    // wasm-opt drops the names of functions; the fast build does without it.
    const wasm = new WebAssembly.Module(readFileSync(join(it.installed, "core.wasm")));
    if (WebAssembly.Module.customSections(wasm, "name").length === 0) sizes = await packageSizes(it.folder);
  });
  for (const [name, limits] of Object.entries(sizeLimits())) {
    const allowed = Object.entries(limits).map(([kind, limit]) => `${limit} bytes ${kind}`);
    test(`${name}: at most ${allowed.join(", ")}`, (t) => {
      if (!sizes) return t.skip("pkg/ is a fast build");
      assert.ok(allowed.length > 0);
      assert.deepEqual(overLimit(sizes, { [name]: limits }), []);
    });
  }

  test("one that is over its limit is named", () => {
    const found = overLimit({ a: { raw: 10, brotli: 5 }, b: { raw: 1 } }, { a: { raw: 9, brotli: 5 }, b: { raw: 1 } });
    assert.deepEqual(found, ["a: 10 bytes (raw), 9 are allowed"]);
  });
});

describe("what package linters say", () => {
  test("publint, strict: nothing", async () => {
    const { messages } = await publint({ pkgDir: it.installed, strict: true, pack: false });
    assert.deepEqual(messages, []);
  });

  test("Are The Types Wrong: nothing for packages of ES modules alone", async () => {
    const { problems } = await checkPackage(createPackageFromTarballData(readFileSync(it.tarball)));
    // Where `require` does not know ES modules: no Node that is supported.
    const unknown = problems.filter(
      (problem) => problem.resolutionKind !== "node16-cjs" && problem.resolutionKind !== "node10",
    );
    assert.deepEqual(unknown, []);
    assert.deepEqual([...new Set(problems.map(({ kind }) => kind))], ["CJSResolvesToESM"]);
  });
});

describe("the import", () => {
  test("loads few files: each costs time in Node, and a request in a page", () => {
    const seen = it.reached("index.js");
    assert.ok(seen.includes("wasm-inline.js"));
    assert.ok(seen.length <= 10, seen.join());
  });

  test("gives classes and functions that know their names", () => {
    const wrong = it.run(`
      const all = Object.entries(await import("opensandbox-wasm")).filter(([, value]) => typeof value === "function");
      console.log(JSON.stringify([all.length, ...all.filter(([name, value]) => value.name !== name).map(([name]) => name)]));
    `);
    assert.ok(wrong.shift() > 15);
    assert.deepEqual(wrong, []);
  });

  test("gives the official names and the typed errors", () => {
    const names = it.run('console.log(JSON.stringify(Object.keys(await import("opensandbox-wasm")).sort()))');
    for (const name of OFFICIAL) assert.ok(names.includes(name), `${name} is missing`);
    for (const name of [
      "SandboxAbortException",
      "SandboxConnectionException",
      "SandboxStreamException",
      "SandboxTimeoutException",
    ]) {
      assert.ok(names.includes(name), `${name} is missing`);
    }
    assert.deepEqual(
      names.filter((name) => /wbg|wbindgen|Driver|default/i.test(name) && !name.startsWith("DEFAULT_")),
      [],
    );
  });

  test("gives constants with the official values", () => {
    const constants = it.run(
      'import * as sdk from "opensandbox-wasm"; console.log(JSON.stringify(Object.fromEntries(Object.entries(sdk).filter(([name]) => name.startsWith("DEFAULT_")))))',
    );
    assert.deepEqual(constants, {
      DEFAULT_EGRESS_PORT: 18080,
      DEFAULT_ENTRYPOINT: ["tail", "-f", "/dev/null"],
      DEFAULT_EXECD_PORT: 44772,
      DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS: 200,
      DEFAULT_READY_TIMEOUT_SECONDS: 30,
      DEFAULT_REQUEST_TIMEOUT_SECONDS: 30,
      DEFAULT_RESOURCE_LIMITS: { cpu: "1", memory: "2Gi" },
      DEFAULT_TIMEOUT_SECONDS: 600,
    });
  });

  test("touches nothing: no network, timer, environment, WebAssembly; no handle keeps the process alive", () => {
    const seen = it.run(`
      const seen = [];
      const watch = (object, name) => {
        const original = object[name];
        object[name] = new Proxy(original, {
          apply: (...args) => (seen.push(name), Reflect.apply(...args)),
          construct: (...args) => (seen.push(name), Reflect.construct(...args)),
        });
      };
      for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "WebSocket", "XMLHttpRequest"])
        if (globalThis[name]) watch(globalThis, name);
      for (const name of ["Module", "Instance", "instantiate", "compile"]) watch(WebAssembly, name);
      for (const name of ["log", "warn", "error"]) watch(console, name);
      const env = process.env;
      Object.defineProperty(process, "env", {
        get: () => new Proxy(env, { get: (target, key) => (typeof key === "string" && key.startsWith("OPEN") && seen.push("env " + key), target[key]) }),
      });
      const globals = new Set(Object.getOwnPropertyNames(globalThis));
      await import("opensandbox-wasm");
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name));
      process.stdout.write(JSON.stringify({ seen, added, handles: process.getActiveResourcesInfo().filter((name) => !/^(FSReqPromise|TTYWrap|PipeWrap|CloseReq)$/.test(name)) }));
    `);
    assert.deepEqual(seen, { seen: [], added: [], handles: [] });
  });

  test("lets a configuration and a manager be made at once, without a network", () => {
    const result = it.run(
      `
      import { ConnectionConfig, SandboxManager } from "opensandbox-wasm";
      const config = new ConnectionConfig();
      globalThis.fetch = () => { throw new Error("no network"); };
      const manager = SandboxManager.create();
      console.log(JSON.stringify({ url: config.getBaseUrl(), key: config.apiKey, manager: manager instanceof SandboxManager, thenable: "then" in manager }));
      `,
      { OPEN_SANDBOX_DOMAIN: "example.com:1/x", OPEN_SANDBOX_API_KEY: "from-env" },
    );
    assert.deepEqual(result, { url: "http://example.com:1/x/v1", key: "from-env", manager: true, thenable: false });
  });

  test("works with require, where Node can require modules", () => {
    const result = it.run(`
      import { createRequire } from "node:module";
      const sdk = createRequire(import.meta.url)("opensandbox-wasm");
      const same = (await import("opensandbox-wasm")).Sandbox === sdk.Sandbox;
      const code = await sdk.Sandbox.create({}).catch((error) => error.code);
      console.log(JSON.stringify({ same, code }));
    `);
    assert.deepEqual(result, { same: true, code: "INVALID_ARGUMENT" });
  });

  test("a process that is done ends by itself", () => {
    const from = performance.now();
    it.run(`
      import { Sandbox } from "opensandbox-wasm";
      const error = await Sandbox.connect({ connectionConfig: { domain: "127.0.0.1:9", requestTimeoutSeconds: 30 }, sandboxId: "x" }).catch((e) => e);
      console.log(JSON.stringify(error.code));
    `);
    assert.ok(performance.now() - from < 10_000);
  });
});

describe("where WebAssembly is forbidden", () => {
  const FORBIDDEN = `
    const { Instance } = WebAssembly;
    const forbid = () => {
      WebAssembly.Instance = class { constructor() { throw new WebAssembly.CompileError("Refused to compile or instantiate WebAssembly module because of the page's policy"); } };
    };
    const allow = () => { WebAssembly.Instance = Instance; };
    const show = (error) => ({ name: error?.name, code: error?.code, message: error?.message, cause: error?.cause?.name, sandbox: error instanceof sdk.SandboxException, retryable: error?.isRetryable });
    forbid();
    const sdk = await import("opensandbox-wasm");
  `;
  const check = (error) => {
    assert.deepEqual(
      [error.name, error.code, error.cause, error.sandbox, error.retryable],
      ["SandboxException", "WASM_UNAVAILABLE", "CompileError", true, true],
    );
    assert.match(error.message, /wasm-unsafe-eval/);
  };

  test("create, connect and resume reject with a typed error and do not throw; configurations still work", () => {
    const results = it.run(`
      ${FORBIDDEN}
      const results = [];
      for (const name of ["create", "connect", "resume"]) {
        try {
          const promise = sdk.Sandbox[name]({ image: "x", sandboxId: "x", connectionConfig: { domain: "127.0.0.1:9" } });
          results.push(await promise.then(() => "resolved", show));
        } catch (error) {
          results.push({ threw: show(error) });
        }
      }
      console.log(JSON.stringify({ results, url: new sdk.ConnectionConfig({ domain: "h" }).getBaseUrl() }));
    `);
    assert.equal(results.results.length, 3);
    for (const error of results.results) check(error);
    assert.equal(results.url, "http://h/v1");
  });

  test("SandboxManager.create throws it", () => {
    const result = it.run(`
      ${FORBIDDEN}
      try { sdk.SandboxManager.create(); } catch (error) { console.log(JSON.stringify(show(error))); }
    `);
    check(result);
  });

  test("the next call works once it is allowed", () => {
    const result = it.run(`
      ${FORBIDDEN}
      const options = { image: "x", connectionConfig: { domain: "h", fetch: async () => Response.json({ code: "REACHED", message: "m" }, { status: 400 }) } };
      const first = await sdk.Sandbox.create(options).catch((error) => error.code);
      const second = await sdk.Sandbox.create(options).catch((error) => error.code);
      allow();
      const third = await sdk.Sandbox.create(options).catch((error) => error.code);
      console.log(JSON.stringify([first, second, third, typeof sdk.SandboxManager.create().listSandboxInfos]));
    `);
    assert.deepEqual(result, ["WASM_UNAVAILABLE", "WASM_UNAVAILABLE", "REACHED", "function"]);
  });
});

describe("the installed package against a server", () => {
  let server;
  let context;
  before(async () => {
    server = await startServer();
    const sdk = await import(pathToFileURL(join(it.installed, "index.js")).href);
    context = await prepare(sdk, new sdk.ConnectionConfig(server.config()), IMAGE, unique());
    server.adopt(context.sandbox.id);
  });
  after(() => server?.stop());
  for (const [name, step] of Object.entries(STEPS)) test(name, () => step(context));

  test("takes the configuration of another copy of the package, and plain fields", async () => {
    const { ConnectionConfig } = await import("opensandbox-wasm");
    const { SandboxManager } = context.sdk;
    const foreign = new ConnectionConfig(server.config());
    assert.ok(!(foreign instanceof context.sdk.ConnectionConfig), "it is another copy");
    for (const connectionConfig of [foreign, { ...foreign }, server.config()]) {
      const manager = SandboxManager.create({ connectionConfig });
      assert.ok((await manager.listSandboxInfos()).items);
      await manager.close();
    }
  });
});
