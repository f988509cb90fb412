// The test suites: each runs one kind of tests and returns `{ passed, failed, skipped, skips }`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepareFuzzing, fuzz as runFuzz, TARGETS } from "./fuzz.mjs";
import { kernelEnvironment } from "./kernels.mjs";
import { locked } from "./lock.mjs";
import { at, localServer, pkg, target } from "./paths.mjs";
import { capture } from "./process.mjs";
import { Stop } from "./step.mjs";
import { browserEnvironment, chromium } from "./system-packages.mjs";
import { hasPackages, installPackages, packagesOf } from "./test-packages.mjs";
import { nativeEnv, wasmToolchain } from "./toolchain.mjs";

/** No suite may hold up the others for ever. */
const SUITE_SECONDS = 1800;
const TEST_MILLISECONDS = 300_000;

const nothing = () => ({ passed: 0, failed: 0, skipped: 0, skips: [] });
const skippedSuite = (name, reason) => {
  console.log(`  - skipped: ${name} (${reason})`);
  return { ...nothing(), skipped: 1, skips: [name] };
};

/** Runs `cargo test …` and adds up what the test harnesses (libtest or wasm-bindgen's) say. */
export async function cargo(args, env) {
  const result = nothing();
  let program = "";
  let lines = [];
  const onLine = (line) => {
    const running = /^\s*(?:Running (?:unittests )?(\S+) \(|Doc-tests (\S+))/.exec(line);
    if (running) {
      program = running[1] ?? `documentation of ${running[2]}`;
      lines = [];
      return;
    }
    const ignored = /^test (.+?) \.\.\. (?:ignored|SKIP)/.exec(line);
    if (ignored) result.skips.push(ignored[1]);
    const end = /^test result: (ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;.*?(?:finished in (\S+))?$/.exec(
      line,
    );
    if (!end) {
      if (!/^test .+ \.\.\. ok$/.test(line)) lines.push(line);
      return;
    }
    const [passed, failed, skipped] = end.slice(2, 5).map(Number);
    result.passed += passed;
    result.failed += failed;
    result.skipped += skipped;
    if (failed) console.log(lines.join("\n"));
    if (passed + failed + skipped > 0) {
      const parts = [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`, end[5]];
      console.log(`  ${failed ? "✗" : "✓"} ${program}: ${parts.filter(Boolean).join(", ")}`);
    }
    lines = [];
  };
  // Through a shell: only with both outputs in one pipe do the lines come in order.
  const command = ["-c", 'exec cargo "$@" 2>&1', "sh", "test", "--no-fail-fast", ...args];
  const { code, timedOut } = await capture("sh", command, {
    env,
    onLine,
    timeout: SUITE_SECONDS,
    log: "cargo-test.log",
  });
  if (code !== 0 && result.failed === 0) {
    // It did not compile, or a test program died.
    console.log(lines.slice(-150).join("\n"));
    if (timedOut) console.log(`  ✗ not finished after ${SUITE_SECONDS} s`);
    result.failed = 1;
  }
  return result;
}

export const core = () =>
  cargo(
    ["--profile", "local", "-p", "opensandbox-wasm", "-p", "opensandbox-core", "-p", "opensandbox-decoder"],
    nativeEnv,
  );
export const local = () =>
  cargo(["--profile", "local", "-p", "opensandbox-local"], { ...nativeEnv, OPENSANDBOX_LOCAL_BIN: localServer });

/** How long each target looks for new inputs; `make fuzz` does it for longer. */
const FUZZ_SECONDS = 10;
/** What was once found, and what a few seconds find. */
export async function fuzz() {
  const folder = ["--manifest-path", at("fuzz", "Cargo.toml")];
  const result = await cargo([...folder, "--profile", "release"], { CARGO_TARGET_DIR: join(target, "fuzz") });
  try {
    await prepareFuzzing();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    // Whoever cannot install it can still work: what was once found has been replayed.
    skippedSuite("fuzzing", error.message);
    return { ...result, skipped: 1, skips: ["fuzzing"] };
  }
  for (const name of TARGETS) {
    try {
      await runFuzz(name, FUZZ_SECONDS);
      result.passed++;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      console.log(`  ✗ ${error.message}\n${error.details ?? ""}`);
      result.failed++;
    }
  }
  return result;
}

/** Tests of the bindings, by wasm-bindgen-test: tests/wasm*.rs and tests/wasm/. */
const wasmTests = () =>
  existsSync(at("tests")) ? readdirSync(at("tests")).filter((name) => /^wasm\w*(\.rs)?$/.test(name)) : [];
export const hasWasmTests = () => wasmTests().length > 0;

export async function wasmNode() {
  const toolchain = await wasmToolchain();
  return cargo(["-p", "opensandbox-wasm", "--target", "wasm32-unknown-unknown", "--test", "wasm*"], {
    ...toolchain.env,
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner",
    WASM_BINDGEN_TEST_TIMEOUT: "120",
    WASM_BINDGEN_USE_NODE_EXPERIMENTAL: "1",
  });
}
export async function wasmChromium() {
  if (!chromium()) return skippedSuite("wasm-chromium", "chromium is not installed");
  // Not at the top: this module is loaded before the npm packages are there.
  const { wasmInChromium } = await import("./wasm-chromium.mjs");
  return wasmInChromium(chromium(), (await wasmToolchain()).env);
}

/** Folders under tests/ with *.test.mjs files, each one a suite; these first, in this order. */
const FIRST = ["replay", "local", "package", "types", "e2e", "page"];
function testFiles(folder) {
  const all = readdirSync(at("tests", folder), { recursive: true }).map(String);
  return all
    .filter((name) => name.endsWith(".test.mjs") && !name.includes("node_modules"))
    .sort()
    .map((name) => join("tests", folder, name));
}
export function nodeFolders() {
  if (!existsSync(at("tests"))) return [];
  const folders = readdirSync(at("tests"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => FIRST.includes(name) || testFiles(name).length > 0);
  const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

export async function node(folder) {
  const files = testFiles(folder);
  if (files.length === 0) return nothing();
  try {
    if (hasPackages(folder)) await locked(() => installPackages(folder));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return skippedSuite(folder, error.message);
  }
  const report = join(target, "test-report.json");
  mkdirSync(target, { recursive: true });
  rmSync(report, { force: true });
  const args = [
    "--test",
    "--test-concurrency=1",
    `--test-timeout=${TEST_MILLISECONDS}`,
    `--test-reporter=${at("scripts", "test-reporter.mjs")}`,
    "--test-reporter-destination=stdout",
    ...files,
  ];
  const { code, timedOut } = await capture(process.execPath, args, {
    onLine: (line) => console.log(line),
    timeout: SUITE_SECONDS,
    env: {
      OPENSANDBOX_LOCAL_BIN: localServer,
      OPENSANDBOX_PKG: pkg,
      ...kernelEnvironment(),
      ...browserEnvironment(),
      ...(hasPackages(folder) && { OPENSANDBOX_TEST_PACKAGES: join(packagesOf(folder), "node_modules") }),
      TEST_REPORT: report,
    },
  });
  const result = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : nothing();
  if (timedOut) console.log(`  ✗ not finished after ${SUITE_SECONDS} s`);
  if (code !== 0 && result.failed === 0) result.failed = 1;
  return result;
}
