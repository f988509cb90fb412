// Where the WebAssembly comes from: the entries by the conditions of the runtimes, `slim` with all that it takes, several copies and
// entries in one program, and what becomes of failures.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { install } from "./installed.mjs";

let it;
before(() => {
  it = install();
});
after(() => it?.remove());

/** For the programs: a call that needs the WebAssembly, and what became of it. */
const HELPERS = `
  const call = (sdk) => sdk.Sandbox.create({ image: "x", connectionConfig: {
    domain: "h",
    fetch: async () => Response.json({ code: "REACHED", message: "m" }, { status: 400 }),
  } }).then(() => "resolved", (error) => error.code);
  const show = (error) => ({ name: error?.name, code: error?.code, message: error?.message, retryable: error?.isRetryable, cause: Boolean(error?.cause) });
  const failure = async (promise) => promise.then(() => "resolved", show);
`;
const run = (code) => it.run(`${HELPERS}\n${code}`);

describe("the entry slim", () => {
  test("exports what the default entry does, and what starts it", () => {
    const { slim, all } = run(`
      const names = async (name) => Object.keys(await import(name)).sort();
      console.log(JSON.stringify({ slim: await names("opensandbox-wasm/slim"), all: await names("opensandbox-wasm") }));
    `);
    assert.deepEqual(
      slim.filter((name) => !all.includes(name)),
      ["init", "initSync"],
    );
    assert.deepEqual(
      all.filter((name) => !slim.includes(name)),
      [],
    );
  });

  test("reaches no file that holds the WebAssembly, and fetches nothing when it is imported", () => {
    const seen = it.reached("slim.js");
    assert.ok(seen.includes("core_bg.js"));
    assert.equal(seen.includes("wasm-inline.js"), false);
    const calls = run(`
      const calls = [];
      globalThis.fetch = (url) => calls.push(String(url));
      for (const name of ["Module", "Instance", "instantiate", "compile"]) WebAssembly[name] = () => calls.push(name);
      await import("opensandbox-wasm/slim");
      console.log(JSON.stringify(calls));
    `);
    assert.deepEqual(calls, []);
  });

  const READ = `
    import { readFile } from "node:fs/promises";
    import * as sdk from "opensandbox-wasm/slim";
    const file = import.meta.resolve("opensandbox-wasm/core.wasm");
    const bytes = await readFile(new URL(file));
    globalThis.bytes = bytes;
    const type = { headers: { "content-type": "application/wasm" } };
  `;
  for (const [name, source] of Object.entries({
    "nothing: the file beside it": "",
    "a module": "new WebAssembly.Module(bytes)",
    bytes: "bytes",
    "an ArrayBuffer": "new Uint8Array(bytes).buffer",
    "a response": "new Response(bytes, type)",
    "a promise of a response": "Promise.resolve(new Response(bytes))",
    "a URL": "new URL(file)",
    "the text of a URL": "file",
    "a URL of data": '"data:application/wasm;base64," + bytes.toString("base64")',
    "a module of JavaScript": 'import("data:text/javascript,export default globalThis.bytes")',
  })) {
    test(`takes ${name}`, () => {
      const codes = run(
        `${READ} const before = await call(sdk); await sdk.init(${source}); console.log(JSON.stringify([before, await call(sdk)]));`,
      );
      assert.deepEqual(codes, ["WASM_UNAVAILABLE", "REACHED"]);
    });
  }
  for (const source of [
    "bytes",
    "new WebAssembly.Module(bytes)",
    "{ [Symbol.toStringTag]: 'Module', default: bytes }",
  ]) {
    test(`takes at once ${source}`, () => {
      const result = run(
        `${READ} const given = sdk.initSync(${source}); console.log(JSON.stringify([given === undefined, await call(sdk)]));`,
      );
      assert.deepEqual(result, [true, "REACHED"]);
    });
  }

  test("takes a module of another realm", () => {
    const code = run(`${READ}
      import { runInNewContext } from "node:vm";
      const module = runInNewContext("new WebAssembly.Module(bytes)", { bytes });
      if (module instanceof WebAssembly.Module) throw new Error("it is of this realm");
      await sdk.init(module);
      console.log(JSON.stringify(await call(sdk)));
    `);
    assert.equal(code, "REACHED");
  });

  // The last character of its own: the section is the last one.
  const OTHER = "const other = new Uint8Array(bytes); other[other.length - 1] ^= 1;";
  test("refuses the file of another build, naming both, and can then be given the right one", () => {
    const { version } = it.manifest;
    const { errors, code } = run(`${READ} ${OTHER}
      import { runInNewContext } from "node:vm";
      const errors = [await failure(sdk.init(other))];
      errors.push(await failure(sdk.init(runInNewContext("new WebAssembly.Module(other)", { other }))));
      try { sdk.initSync(new WebAssembly.Module(other)); } catch (error) { errors.push(show(error)); }
      await sdk.init(bytes);
      console.log(JSON.stringify({ errors, code: await call(sdk) }));
    `);
    assert.equal(errors.length, 3);
    for (const error of errors) {
      assert.deepEqual([error.name, error.code, error.cause], ["SandboxException", "WASM_UNAVAILABLE", true]);
      const [, its, ours] = /core\.wasm is of version (\S+), the JavaScript of version (\S+)\. /.exec(error.message);
      assert.notEqual(its, ours);
      for (const build of [its, ours]) assert.equal(build.split("+")[0], version);
      assert.doesNotMatch(error.message, /Content-Security-Policy/);
    }
    assert.equal(code, "REACHED");
  });

  for (const [name, change] of Object.entries({
    "in a file without its sections":
      'const end = bytes.lastIndexOf("opensandbox") - 3; if (end < 0) throw new Error("no section"); const given = bytes.subarray(0, end);',
    "where sections cannot be read": `${OTHER} const given = other; delete WebAssembly.Module.customSections;`,
    "where reading them fails": `${OTHER} const given = other; WebAssembly.Module.customSections = () => { throw new Error("no"); };`,
  })) {
    test(`does without knowing the build: ${name}`, () => {
      const code = run(`${READ} ${change} await sdk.init(given); console.log(JSON.stringify(await call(sdk)));`);
      assert.equal(code, "REACHED");
    });
  }

  test("starts once, however often and with whatever it is asked to", () => {
    const result = run(`${READ}
      let count = 0;
      const { Instance } = WebAssembly;
      WebAssembly.Instance = class extends Instance { constructor(...args) { super(...args); count++; } };
      await Promise.all([sdk.init(bytes), sdk.init(file), sdk.init(), sdk.init(Promise.resolve(bytes))]);
      sdk.initSync(bytes);
      await sdk.init("http://nowhere.invalid/");
      await sdk.init(Promise.reject(new Error("not needed")));
      console.log(JSON.stringify([count, await call(sdk)]));
    `);
    assert.deepEqual(result, [1, "REACHED"]);
  });

  test("before it was started, a call says what to do", () => {
    const [create, manager] = run(`
      import * as sdk from "opensandbox-wasm/slim";
      let manager;
      try { sdk.SandboxManager.create(); } catch (error) { manager = show(error); }
      console.log(JSON.stringify([await failure(sdk.Sandbox.create({ image: "x" })), manager]));
    `);
    for (const error of [create, manager]) {
      assert.deepEqual([error.name, error.code], ["SandboxException", "WASM_UNAVAILABLE"]);
      assert.match(error.message, /init\(\)/);
    }
  });

  test("refuses what is no source, naming it", () => {
    const errors = run(`
      import * as sdk from "opensandbox-wasm/slim";
      const errors = [];
      for (const wrong of [null, 1, "", {}, [], () => {}, true, Promise.resolve(5)]) {
        errors.push(await failure(sdk.init(wrong)));
        try { sdk.initSync(wrong); } catch (error) { errors.push(show(error)); }
      }
      console.log(JSON.stringify(errors));
    `);
    assert.equal(errors.length, 16);
    for (const error of errors) {
      assert.equal(error.code, "INVALID_ARGUMENT", JSON.stringify(error));
      assert.match(error.message, /^source must be /);
    }
  });

  test("a load that fails is a typed error that can be tried again", async (t) => {
    const server = createServer((request, response) => {
      if (request.url === "/none") return response.writeHead(404).end("no");
      if (request.url === "/cut") {
        response.writeHead(200, { "content-length": "10000" }).write("abc");
        return setTimeout(() => response.destroy(), 50);
      }
      response.end("<!doctype html>");
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const file = join(it.folder, "failing.mjs");
    writeFileSync(
      file,
      `${HELPERS} ${READ}
      const base = "http://127.0.0.1:${server.address().port}";
      const errors = [];
      for (const source of [
        () => base + "/none",
        () => base + "/html",
        () => base + "/cut",
        () => fetch(base + "/none"),
        () => "http://127.0.0.1:9/",
        () => "nonsense:",
        () => "file:///none",
        () => bytes.subarray(0, 100),
        () => Promise.reject(new Error("mine")),
        () => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]),
      ]) errors.push(await failure(sdk.init(source())));
      const before = await call(sdk);
      await sdk.init(bytes);
      console.log(JSON.stringify({ errors, before, after: await call(sdk) }));`,
    );
    const printed = await new Promise((resolve, reject) =>
      // The server answers from this process: it must not be blocked.
      execFile(process.execPath, [file], (error, stdout) => (error ? reject(error) : resolve(stdout))),
    );
    const { errors, before, after: end } = JSON.parse(printed);
    assert.equal(errors.length, 10);
    for (const error of errors) {
      assert.deepEqual(
        [error.name, error.code, error.retryable, error.cause],
        ["SandboxException", "WASM_UNAVAILABLE", true, true],
        JSON.stringify(error),
      );
    }
    assert.match(errors[0].message, /404/);
    assert.match(errors[8].message, /mine/);
    assert.deepEqual([before, end], ["WASM_UNAVAILABLE", "REACHED"]);
  });
});

describe("several in one program", () => {
  const CALLS = `
    import { readFile } from "node:fs/promises";
    const bytes = await readFile(new URL(import.meta.resolve("opensandbox-wasm/core.wasm")));
    let count = 0;
    const { Instance } = WebAssembly;
    WebAssembly.Instance = class extends Instance { constructor(...args) { super(...args); count++; } };
  `;
  for (const order of [
    ["opensandbox-wasm", "opensandbox-wasm/slim"],
    ["opensandbox-wasm/slim", "opensandbox-wasm"],
  ]) {
    test(`entries share what runs: ${order.join(", then ")}`, () => {
      const result = run(`${CALLS}
        const first = await import("${order[0]}");
        const second = await import("${order[1]}");
        const codes = [await call(first), await call(second)];
        await (first.init ?? second.init)(bytes);
        codes.push(await call(first), await call(second));
        console.log(JSON.stringify({ codes, count, same: first.Sandbox === second.Sandbox }));
      `);
      assert.deepEqual(result, { codes: Array(4).fill("REACHED"), count: 1, same: true });
    });
  }

  test("the default entry uses what slim was given", () => {
    const result = run(`${CALLS}
      const { Module } = WebAssembly;
      const { init } = await import("opensandbox-wasm/slim");
      await init(new Module(bytes));
      WebAssembly.Module = class { constructor() { throw new Error("compiled again"); } };
      console.log(JSON.stringify([await call(await import("opensandbox-wasm")), count]));
    `);
    assert.deepEqual(result, ["REACHED", 1]);
  });

  test("two copies run side by side, each with its own", () => {
    cpSync(it.installed, join(it.folder, "copy"), { recursive: true });
    const result = run(`${CALLS}
      const one = await import("opensandbox-wasm");
      const two = await import("./copy/index.js");
      const config = new one.ConnectionConfig({ domain: "h", fetch: async () => Response.json({ code: "REACHED", message: "m" }, { status: 400 }) });
      const [a, b] = [one, two].map((sdk) => sdk.SandboxManager.create({ connectionConfig: config }));
      const codes = await Promise.all([a, b, a, b].map((manager) => manager.listSandboxInfos().catch((error) => error.code)));
      console.log(JSON.stringify({ codes, count, same: one.Sandbox === two.Sandbox }));
    `);
    assert.deepEqual(result, { codes: Array(4).fill("REACHED"), count: 2, same: false });
  });

  test("code-interpreter alone needs no WebAssembly", () => {
    const result = run(`
      const { CodeInterpreter } = await import("opensandbox-wasm/code-interpreter");
      const early = await failure(CodeInterpreter.create({}));
      const { CodeInterpreter: other } = await import("opensandbox-wasm");
      console.log(JSON.stringify([early.code, other === CodeInterpreter, await call(await import("opensandbox-wasm"))]));
    `);
    assert.deepEqual(result, ["INVALID_ARGUMENT", true, "REACHED"]);
  });
});

describe("require", () => {
  for (const name of ["opensandbox-wasm", "opensandbox-wasm/slim", "opensandbox-wasm/code-interpreter"]) {
    test(`gives the same ${name} as import`, () => {
      const result = run(`
        import { createRequire } from "node:module";
        const sdk = createRequire(import.meta.url)("${name}");
        const same = Object.entries(await import("${name}")).every(([key, value]) => sdk[key] === value);
        console.log(JSON.stringify([same, Object.keys(sdk).length > 1]));
      `);
      assert.deepEqual(result, [true, true]);
    });
  }
});

describe("edge workers", () => {
  for (const condition of ["workerd", "edge-light"]) {
    test(`the condition ${condition} leads to the entry that imports its module`, () => {
      const code = 'console.log(import.meta.resolve("opensandbox-wasm"))';
      const options = { cwd: it.folder, encoding: "utf8" };
      const args = [`--conditions=${condition}`, "--input-type=module", "--eval", code];
      const found = execFileSync(process.execPath, args, options);
      assert.match(found.trim(), /opensandbox-wasm\/edge\.js$/);
    });
  }

  test("its entry compiles nothing, starts nothing before its first use, and reaches no inlined WebAssembly", () => {
    // Node 20 imports no wasm: a loader gives what a bundler would.
    const result = run(`
      import { register } from "node:module";
      const loader = \`
        export async function load(url, context, next) {
          if (url.endsWith("/wasm-inline.js")) throw new Error("inlined");
          if (!url.endsWith("/core.wasm?module")) return next(url, context);
          const source = 'import { readFileSync } from "node:fs"; export default new globalThis.RealModule(readFileSync(new URL(' + JSON.stringify(url.replace("?module", "")) + ')));';
          return { format: "module", source, shortCircuit: true };
        }\`;
      register("data:text/javascript," + encodeURIComponent(loader));
      globalThis.RealModule = WebAssembly.Module;
      let count = 0;
      const { Instance } = WebAssembly;
      WebAssembly.Module = class { constructor() { throw new Error("forbidden"); } };
      WebAssembly.Instance = class extends Instance { constructor(...args) { super(...args); count++; } };
      const sdk = await import(new URL("edge.js", import.meta.resolve("opensandbox-wasm")));
      const before = count;
      console.log(JSON.stringify([before, await call(sdk), await call(sdk), count]));
    `);
    assert.deepEqual(result, [0, "REACHED", "REACHED", 1]);
  });
});
