// Which Rust compiles to WebAssembly: rustup's own where it has the target, else one made from Debian's packages.
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root, target, wasmRust, which } from "./paths.mjs";
import { capture, run } from "./process.mjs";
import { Stop, step } from "./step.mjs";

const TARGET = "wasm32-unknown-unknown";
/** OPENSANDBOX_WASM_RUST=rustup|debian forces one of the two, for tests of the set-up itself. */
const forced = process.env.OPENSANDBOX_WASM_RUST;

const rustc = async (args, env) => {
  const { code, stdout } = await capture("rustc", args, { env });
  return code === 0 ? stdout.trim() : "";
};

const hasTarget = (sysroot) => {
  const folder = join(sysroot, "lib", "rustlib", TARGET, "lib");
  return existsSync(folder) && readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));
};

async function debianToolchain(say) {
  const script = join(root, "scripts", "wasm-toolchain.sh");
  const { code } = await capture("sh", [script, "--check", wasmRust]);
  if (code === 0) return "ready";
  if (!which("apt-get") || !which("dpkg-deb")) {
    throw new Stop(
      `Rust's ${TARGET} target is missing: run "rustup target add ${TARGET}" where its server can be reached`,
    );
  }
  await run("making the wasm toolchain from Debian packages", "sh", [script, wasmRust], {
    log: "wasm-toolchain.log",
    network: true,
    onLine: say,
  });
}

/** Makes sure that a toolchain for wasm is there. */
export async function installToolchain() {
  await step(`Rust for ${TARGET}`, async (say) => {
    const sysroot = await rustc(["--print", "sysroot"]);
    if (forced !== "debian") {
      if (hasTarget(sysroot)) return "rustup's";
      // The network is tried once: a toolchain that was made from packages stays in use.
      if (!existsSync(join(wasmRust, "ready")) || forced === "rustup") {
        say("rustup target add");
        await capture("rustup", ["target", "add", TARGET], { timeout: 60, log: "rustup.log", onLine: say });
        if (hasTarget(sysroot)) return "added by rustup";
        if (forced === "rustup")
          throw new Stop(`"rustup target add ${TARGET}" failed`, { log: ".tools/log/rustup.log" });
      }
    }
    await debianToolchain(say);
    return "made from Debian packages";
  });
}

/** The toolchain's environment: `{ kind, targetDir, version, env }`, for cargo, wasm-pack and clippy alike. */
export async function wasmToolchain() {
  const own = forced === "debian" || !hasTarget(await rustc(["--print", "sysroot"]));
  const home = process.env.CARGO_HOME || join(homedir(), ".cargo");
  // Otherwise the wasm carries the builder's home folder in its panic messages.
  const flags = `--remap-path-prefix=${join(home, "registry", "src")}=/cargo`;
  // One target folder for each compiler: sharing one would rebuild everything at each change between them.
  const targetDir = own ? join(target, "wasm") : target;
  const env = {
    ...(own && { RUSTUP_TOOLCHAIN: join(wasmRust, "usr") }),
    CARGO_TARGET_DIR: targetDir,
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flags,
    // RUSTFLAGS would win over the line above.
    ...(process.env.RUSTFLAGS && { RUSTFLAGS: `${process.env.RUSTFLAGS} ${flags}` }),
  };
  return { kind: own ? "debian" : "rustup", targetDir, env, version: await rustc(["-V"], env) };
}

/** The environment of native builds: the user's own toolchain, this checkout's target folder. */
export const nativeEnv = { CARGO_TARGET_DIR: target };
