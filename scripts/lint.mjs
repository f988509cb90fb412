// Formatting and linters. As a script: `lint.mjs --fix` formats everything in place.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { locked } from "./lock.mjs";
import { at } from "./paths.mjs";
import { capture, run } from "./process.mjs";
import { setup } from "./setup.mjs";
import { main, step } from "./step.mjs";
import { nativeEnv, wasmToolchain } from "./toolchain.mjs";

const STRICT = ["--", "-D", "warnings"];
const WASM = ["--target", "wasm32-unknown-unknown"];
const RUST_EXAMPLE = ["--example", "decode"];

/** The linters as `{ name, command, args, env, quick }`; `quick` marks those of the inner loop. */
function checks() {
  const typescript = [
    ["tsconfig.json", "pkg-template/index.d.ts"],
    ["www/tsconfig.json", "www/tsconfig.json"],
  ].flatMap(([file, needed]) => (existsSync(at(needed)) ? [file] : []));
  return [
    { name: "rustfmt", command: "cargo", args: ["fmt", "--all", "--check", "--", "--color=never"], quick: true },
    { name: "biome", command: "biome", args: ["check", "--error-on-warnings", "--max-diagnostics=50"], quick: true },
    {
      name: "clippy, native",
      command: "cargo",
      args: ["clippy", "--workspace", "--all-targets", ...STRICT],
      env: async () => nativeEnv,
    },
    {
      name: "clippy, wasm",
      command: "cargo",
      args: ["clippy", "-p", "opensandbox-wasm", "--lib", ...WASM, ...STRICT],
      env: async () => (await wasmToolchain()).env,
    },
    {
      name: "clippy, Rust applications",
      command: "cargo",
      args: ["clippy", "-p", "opensandbox-wasm", "--no-default-features", ...RUST_EXAMPLE, ...WASM, ...STRICT],
      env: async () => (await wasmToolchain()).env,
    },
    {
      name: "rustdoc",
      command: "cargo",
      args: ["doc", "--no-deps", "-p", "opensandbox-decoder", "-p", "opensandbox-core", "-p", "opensandbox-wasm"],
      env: async () => ({ ...nativeEnv, RUSTDOCFLAGS: "-D warnings" }),
    },
    ...typescript.map((file) => ({ name: `tsc, ${file}`, command: "tsc", args: ["--noEmit", "-p", file] })),
  ];
}

/** Runs the linters and returns how many passed. */
export async function lint({ quick = false } = {}) {
  const result = { passed: 0, failed: 0, skipped: 0, skips: [] };
  for (const { name, command, args, env, quick: always } of checks()) {
    if (quick && !always) continue;
    try {
      await step(`  ${name}`, async (say) => {
        await run(name, command, args, { env: await env?.(), onLine: say, log: "lint.log", tail: 120 });
      });
      result.passed++;
    } catch (error) {
      console.log(error.details ?? error.message);
      result.failed++;
    }
  }
  return result;
}

async function format() {
  await step("rustfmt", () => run("rustfmt", "cargo", ["fmt", "--all"]).then(() => {}));
  const { code, output } = await capture("biome", ["check", "--write", "--error-on-warnings"]);
  console.log(output.trim());
  process.exitCode = code;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await locked(() => setup({ for: "quick" }));
    await (process.argv.includes("--fix") ? format() : lint());
  });
}
