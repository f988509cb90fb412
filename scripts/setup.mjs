// Installs what is missing: npm packages, Rust's wasm target, the build tools, system packages, Jupyter kernels. What is there costs milliseconds.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { installKernels } from "./kernels.mjs";
import { linkPackage } from "./link-package.mjs";
import { locked } from "./lock.mjs";
import { at, root, tools, which } from "./paths.mjs";
import { checkPrerequisites } from "./prerequisites.mjs";
import { capture, run } from "./process.mjs";
import { hash } from "./stamp.mjs";
import { main, Stop, step } from "./step.mjs";
import { installSystemPackages } from "./system-packages.mjs";
import { installToolchain } from "./toolchain.mjs";
import { wasmBindgen, wasmPack } from "./versions.mjs";

const lockedVersions = () => JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;

/** The manifests of the npm workspaces. */
const workspaces = () =>
  JSON.parse(readFileSync(at("package.json"), "utf8")).workspaces.map((folder) => `${folder}/package.json`);

/**
 * The packages of which npm has taken another version than the lock file said. Other systems' variants of optional packages
 * do not count: npm adds those that the registry has by now, and does not install them here.
 */
export function changedVersions(before, after) {
  return Object.keys({ ...before, ...after }).filter((name) => {
    const [was, is] = [before[name], after[name]];
    return was && is ? was.version !== is.version : !(was ?? is).optional;
  });
}

/** npm's own packages; the hash of the lock file lies inside node_modules, so that it goes when that goes. */
async function npmPackages() {
  await step("npm packages", async (say) => {
    const stampFile = at("node_modules", ".installed");
    const wanted = () => hash(["package.json", "package-lock.json", ...workspaces()], process.version);
    if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted()) return "ready";
    const before = lockedVersions();
    // npm's own patience makes a missing network cost more than five minutes. Not `npm ci`: it refuses a lock file that was written
    // where some other system's variant of an optional package could not be had.
    const retries = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
    await run("npm packages", "npm", ["install", "--prefer-offline", ...retries], {
      log: "npm.log",
      network: true,
      onLine: say,
    });
    const changed = process.env.CI ? changedVersions(before, lockedVersions()) : [];
    if (changed.length > 0) {
      throw new Stop(`package-lock.json does not match package.json (${changed[0]}): run "npm install" and commit it`);
    }
    writeFileSync(stampFile, wanted());
    return "installed";
  });
}

/** Is this program there in exactly this version, ours or the user's own? */
async function hasVersion(program, version) {
  const file = which(program);
  if (!file) return false;
  const { code, stdout } = await capture(file, ["--version"]);
  return code === 0 && stdout.trim().split(" ").at(-1) === version;
}

async function cargoTool(name, crate, version, programs, flags = []) {
  await step(`${name} ${version}`, async (say) => {
    const there = await Promise.all(programs.map((program) => hasVersion(program, version)));
    if (there.every(Boolean)) return "ready";
    const folders = ["--root", join(tools, "cargo"), "--target-dir", join(tools, "build")];
    await run(
      `installing ${name}`,
      "cargo",
      ["install", crate, "--version", version, "--force", ...folders, ...flags],
      {
        cwd: tools,
        log: `${name}.log`,
        network: true,
        onLine: say,
        // They run for seconds and are compiled once: time to compile counts.
        env: {
          CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
          CARGO_PROFILE_RELEASE_LTO: "off",
          CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
          CARGO_PROFILE_RELEASE_DEBUG: "0",
          CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS: "fallback",
        },
      },
    );
    return "installed";
  });
}

/** rustup's minimal profile has neither formatter nor linter. */
async function rustComponents() {
  await step("rustfmt and clippy", async (say) => {
    const missing = [];
    for (const [component, program] of [
      ["rustfmt", "cargo-fmt"],
      ["clippy", "cargo-clippy"],
    ]) {
      if ((await capture(program, ["--version"])).code !== 0) missing.push(component);
    }
    if (missing.length === 0) return "ready";
    await run("adding rustfmt and clippy", "rustup", ["component", "add", ...missing], {
      log: "rustup-component.log",
      network: true,
      onLine: say,
    });
    return "added";
  });
}

/** `for`: "build", "demo", "test" or "quick" (formatter and linter only). */
export async function setup({ for: purpose }) {
  await checkPrerequisites();
  if (purpose === "demo" || purpose === "test") await installSystemPackages(purpose);
  await npmPackages();
  linkPackage();
  if (purpose === "demo" || purpose === "test") await installKernels();
  if (purpose === "test" || purpose === "quick") await rustComponents();
  if (purpose === "quick") return;
  await installToolchain();
  const bindgen = wasmBindgen();
  // Not --locked: its lock file names a crate version that was withdrawn.
  await cargoTool("wasm-bindgen", "wasm-bindgen-cli", bindgen, ["wasm-bindgen", "wasm-bindgen-test-runner"]);
  await cargoTool("wasm-pack", "wasm-pack", wasmPack(), ["wasm-pack"], ["--locked"]);
  // 800 MB of intermediate files that nothing needs again.
  rmSync(join(tools, "build"), { recursive: true, force: true });
  await step("wasm-opt", async () => {
    if (!which("wasm-opt")) throw new Stop(`wasm-opt is missing from ${relative(root, at("node_modules", ".bin"))}`);
    return "ready";
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => locked(() => setup({ for: process.argv[2] ?? "build" })));
}
