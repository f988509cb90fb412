// `make fuzz`: looks for inputs that the stream core and the plain readers in fuzz/src/lib.rs disagree about, each target for
// SECONDS (30), or RUNS inputs. What is found goes to fuzz/corpus/, which `make test` replays. Arguments: names of targets.
import { mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { locked } from "./lock.mjs";
import { at, root, target, tools, toolsBin, which } from "./paths.mjs";
import { checkPrerequisites } from "./prerequisites.mjs";
import { capture, run } from "./process.mjs";
import { main, Stop, step } from "./step.mjs";

const CARGO_FUZZ = "0.13.1";
export const TARGETS = ["frames", "events", "capture"];
const env = { CARGO_TARGET_DIR: join(target, "fuzz") };
// No sanitizer: the core has no unsafe code, and so it is faster and stable Rust will do.
const options = ["--sanitizer", "none", "--features", "fuzzer"];

async function cargoFuzz() {
  await step("cargo-fuzz", async (say) => {
    if (which("cargo-fuzz")) return "ready";
    const folders = ["--root", join(tools, "cargo"), "--target-dir", join(tools, "build")];
    const args = ["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", ...folders];
    await run("installing cargo-fuzz", "cargo", args, {
      cwd: tools,
      log: "cargo-fuzz.log",
      network: true,
      onLine: say,
    });
    return `installed in ${relative(root, toolsBin)}`;
  });
}

/** Installs cargo-fuzz and builds the targets. */
export async function prepareFuzzing() {
  await locked(cargoFuzz);
  await step("fuzz targets", async (say) => {
    await run("building the fuzz targets", "cargo", ["fuzz", "build", ...options], {
      env,
      log: "fuzz-build.log",
      network: true,
      onLine: say,
    });
  });
}

/** Fuzzes one target for so many seconds, or inputs if `runs` is given; the inputs that lead anywhere new are kept in target/, so that the next time goes on from there. */
export async function fuzz(name, seconds, runs) {
  const seeds = at("fuzz", "corpus", name);
  const found = join(target, "fuzz-corpus", name);
  mkdirSync(found, { recursive: true });
  const known = new Set(readdirSync(seeds));
  let count = "";
  await step(`fuzzing ${name}, ${runs ? `${runs} inputs` : `${seconds} s`}`, async (say) => {
    const limits = [
      runs ? `-runs=${runs}` : `-max_total_time=${seconds}`,
      `-artifact_prefix=${seeds}/`,
      "-max_len=1024",
      "-print_final_stats=1",
    ];
    const { code, output, timedOut } = await capture(
      "cargo",
      ["fuzz", "run", ...options, name, found, seeds, "--", ...limits],
      { env, log: `fuzz-${name}.log`, onLine: say, timeout: runs ? undefined : seconds + 300 },
    );
    count = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? "no";
    if (code === 0) return `${Number(count).toLocaleString("en")} inputs`;
    const bad = readdirSync(seeds).filter((file) => !known.has(file));
    const said = output.split("\n").filter((line) => /panicked at|assertion|left:|right:|ERROR:/.test(line));
    throw new Stop(
      bad.length ? `${name} fails for fuzz/corpus/${name}/${bad.join(", ")}` : `fuzzing ${name} ended with ${code}`,
      {
        details: timedOut ? "it did not end" : said.slice(0, 12).join("\n"),
        log: `.tools/log/fuzz-${name}.log`,
      },
    );
  });
}

/** A whole number above 0 from the environment. */
function number(name) {
  const value = process.env[name];
  if (value && !(Number(value) > 0)) throw new Stop(`${name} wants a number`);
  return value ? Number(value) : undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const names = process.argv.slice(2);
    for (const name of names) {
      if (!TARGETS.includes(name)) throw new Stop(`there is no target ${name}; there are ${TARGETS.join(", ")}`);
    }
    const [seconds, runs] = [number("SECONDS") ?? 30, number("RUNS")];
    await checkPrerequisites();
    await prepareFuzzing();
    for (const name of names.length ? names : TARGETS) await fuzz(name, seconds, runs);
  });
}
