// `make bench`: measures everything, says which aims are met, and writes docs/bench/. ROUNDS=n: fewer rounds, nothing is written.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform, totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { buildServer } from "../scripts/build-local.mjs";
import { buildPackage } from "../scripts/build-package.mjs";
import { locked } from "../scripts/lock.mjs";
import { at } from "../scripts/paths.mjs";
import { run } from "../scripts/process.mjs";
import { setup } from "../scripts/setup.mjs";
import { bold, green, main, red, step } from "../scripts/step.mjs";
import { packageVersion } from "../scripts/versions.mjs";

const ROUNDS = 7;
const rounds = Number(process.env.ROUNDS || ROUNDS);

/** The readers that ours is compared with: not among the workspaces, so that nobody else installs them. */
async function install() {
  await step("npm packages to compare with", async (say) => {
    const wanted = JSON.parse(readFileSync(at("bench", "package.json"), "utf8")).devDependencies;
    const there = Object.entries(wanted).every(([name, version]) => {
      const file = at("bench", "node_modules", name, "package.json");
      return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
    });
    if (there) return "ready";
    await run("npm packages", "npm", ["ci", "--prefer-offline"], {
      cwd: at("bench"),
      log: "npm-bench.log",
      network: true,
      onLine: say,
    });
    return "installed";
  });
}

function environment() {
  const { devDependencies } = JSON.parse(readFileSync(at("bench", "package.json"), "utf8"));
  const official = "@alibaba-group/opensandbox";
  const parser = "eventsource-parser";
  const undici = createRequire(at("bench", "package.json"))("undici/package.json").version;
  const processor = cpus()[0]?.model.trim() || "unknown processor";
  return {
    command: "make bench",
    rounds,
    machine: `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}`,
    versions: [
      `opensandbox-wasm ${packageVersion()}`,
      `${official} ${devDependencies[official]} (undici ${undici})`,
      `${parser} ${devDependencies[parser]}`,
      `Node ${process.versions.node}`,
    ].join(", "),
  };
}

await main(async () => {
  await locked(async () => {
    await setup({ for: "build" });
    await buildPackage();
    await buildServer();
  });
  await install();
  // As --expose-gc does.
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
  // Only now: what they import has just been built and installed.
  const { LINES, longLines, matrix } = await import("./streams.mjs");
  const { memory } = await import("./memory.mjs");
  const { real } = await import("./real.mjs");
  const { aims } = await import("./aims.mjs");
  const { markdown } = await import("./report.mjs");
  const { chart } = await import("./chart.mjs");

  const found = { matrices: [], environment: environment() };
  for (const [characters, events] of LINES) {
    await step(`${events.toLocaleString("en")} lines of ${characters} characters`, async (say) => {
      found.matrices.push({ characters, events, rows: await matrix(characters, events, rounds, say) });
    });
  }
  await step("one very long line", async (say) => {
    found.long = await longLines(rounds, say);
  });
  await step("memory", async (say) => {
    found.memory = memory(rounds, say);
  });
  await step("the local server", async (say) => {
    found.real = await real(rounds, say);
  });
  found.aims = aims(found);
  const text = markdown(found);
  console.log(`\n${text}`);
  for (const { aim, limit, found: is, met } of found.aims) {
    console.log(`${met ? green("✓ met    ") : red("✗ not met")} ${aim}: ${bold(is)} (aim: ${limit})`);
  }
  if (rounds < ROUNDS) {
    console.log(`\nnothing written: medians of fewer than ${ROUNDS} rounds are not worth keeping`);
    return;
  }
  mkdirSync(at("docs", "bench"), { recursive: true });
  writeFileSync(at("docs", "bench", "streams.md"), text);
  writeFileSync(at("docs", "bench", "streams.svg"), chart(found.matrices[0], found.environment));
  console.log("\nwritten: docs/bench/streams.md docs/bench/streams.svg");
});
