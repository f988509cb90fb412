// Builds the npm package pkg/: wasm and glue by wasm-pack, the rest from pkg-template/. `--fast`: for the inner loop, not for release.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { shorten, writeGlue } from "./glue.mjs";
import { linkPackage } from "./link-package.mjs";
import { locked } from "./lock.mjs";
import { at, pkg, root, target } from "./paths.mjs";
import { run } from "./process.mjs";
import { setup } from "./setup.mjs";
import { hash, setStamp, stamp } from "./stamp.mjs";
import { main, Stop, step } from "./step.mjs";
import { thirdPartyLicences } from "./third-party.mjs";
import { wasmToolchain } from "./toolchain.mjs";
import { packageVersion, wasmBindgen, wasmPack } from "./versions.mjs";
import { textModule } from "./wasm-text.mjs";

const INPUTS = [
  "src",
  "pkg-template",
  "Cargo.toml",
  "Cargo.lock",
  "LICENSE",
  "README.md",
  "scripts/build-package.mjs",
  "scripts/glue.mjs",
  "scripts/method-names.mjs",
  "scripts/third-party.mjs",
  "scripts/wasm-text.mjs",
];
const raw = join(target, "pkg", "raw");
const fresh = join(target, "pkg", "new");

export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

function check(condition, what) {
  if (!condition) throw new Stop(`the generated package has an unexpected shape: ${what}`);
}

/** What wasm-pack does; `--fast` leaves out what takes long: wasm-opt, link-time optimisation, the size level. */
async function compile(toolchain, fast, say) {
  rmSync(raw, { recursive: true, force: true });
  const quick = {
    CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
    CARGO_PROFILE_RELEASE_LTO: "off",
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
    CARGO_PROFILE_RELEASE_INCREMENTAL: "true",
    // A folder of its own: other options for the same profile would rebuild everything at each change between the two.
    CARGO_TARGET_DIR: join(toolchain.targetDir, "fast"),
  };
  const args = [
    "build",
    "--release",
    "--no-pack",
    "--no-typescript",
    "--target",
    "bundler",
    "--out-name",
    "core",
    "--out-dir",
    raw,
  ];
  await run("building the wasm", "wasm-pack", [...args, ...(fast ? ["--no-opt"] : [])], {
    env: { ...toolchain.env, ...(fast && quick) },
    network: true,
    log: "wasm-pack.log",
    onLine: say,
  });
}

/** Version and a hash of what was built, as semantic versions have it: `/slim` is loaded as two files, which must belong together. */
function buildName(wasm) {
  const sum = createHash("sha256").update(wasm);
  const folder = join(raw, "snippets");
  const snippets = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const files = snippets
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of [join(raw, "core_bg.js"), ...files]) sum.update(readFileSync(file));
  return `${packageVersion()}+${sum.digest("hex").slice(0, 8)}`;
}

/** The wasm with a custom section at its end: a zero, sizes of one byte each, the name, the content. start.js reads it. */
function withBuild(wasm, build) {
  const [name, content] = [Buffer.from("opensandbox"), Buffer.from(build)];
  const size = 1 + name.length + content.length;
  check(size < 128, `the build has a very long name: ${build}`);
  return Buffer.concat([wasm, Buffer.from([0, size, name.length]), name, content]);
}

async function assemble() {
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const glue = readFileSync(join(raw, "core_bg.js"), "utf8");
  const { wasm: compiled, names } = await shorten(join(raw, "core_bg.wasm"));
  const build = buildName(compiled);
  const wasm = withBuild(compiled, build);
  check(/export function __wbg_set_wasm\(/.test(glue), "core_bg.js has no __wbg_set_wasm");
  check(/__wbindgen_start/.test(readFileSync(join(raw, "core.js"), "utf8")), "core.js does not call __wbindgen_start");
  for (const folder of [root, homedir()])
    check(!wasm.includes(folder), `the wasm contains this machine's path ${folder}`);

  writeFileSync(join(fresh, "core.wasm"), wasm);
  try {
    await writeGlue(raw, names, build, join(fresh, "core_bg.js"));
  } catch (error) {
    throw new Stop("putting the glue together failed", { details: error.message });
  }
  writeFileSync(join(fresh, "wasm-inline.js"), textModule(wasm));

  for (const name of readdirSync(at("pkg-template"))) {
    check(!existsSync(join(fresh, name)), `pkg-template/${name} has the name of a generated file`);
    cpSync(at("pkg-template", name), join(fresh, name), { recursive: true });
  }
  const manifest = join(fresh, "package.json");
  const fields = JSON.parse(readFileSync(manifest, "utf8"));
  check(
    fields.version === "0.0.0",
    "pkg-template/package.json must have the version 0.0.0; Cargo.toml holds the real one",
  );
  writeFileSync(manifest, `${JSON.stringify({ ...fields, version: packageVersion() }, null, 2)}\n`);
  for (const name of ["LICENSE", "README.md"]) if (existsSync(at(name))) cpSync(at(name), join(fresh, name));
  return wasm.length;
}

export async function buildPackage({ fast = false } = {}) {
  await step(fast ? "npm package pkg/, fast variant" : "npm package pkg/", async (say) => {
    if (!existsSync(at("pkg-template", "package.json"))) throw new Stop("pkg-template/package.json is missing");
    const toolchain = await wasmToolchain();
    const inputs = hash(INPUTS, toolchain.version, wasmBindgen(), wasmPack(), String(fast));
    if (stamp("package") === inputs && existsSync(join(pkg, "package.json"))) {
      linkPackage();
      return "nothing changed";
    }
    await compile(toolchain, fast, say);
    const size = await assemble();
    writeFileSync(join(fresh, "THIRD-PARTY-LICENSES.txt"), await thirdPartyLicences(toolchain.env));
    // Only now: until the new package is complete, whoever uses pkg/ keeps the old one.
    rmSync(pkg, { recursive: true, force: true });
    renameSync(fresh, pkg);
    linkPackage();
    setStamp("package", inputs);
    return `core.wasm ${kilobytes(size)}`;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() =>
    locked(async () => {
      await setup({ for: "build" });
      await buildPackage({ fast: process.argv.includes("--fast") });
    }),
  );
}
