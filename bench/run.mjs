// `make bench`: measures everything, says which aims are met, and writes docs/bench/. ONLY=streams or startup: that part.
// ROUNDS=n: fewer rounds, nothing is written.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildPackage } from "../scripts/build-package.mjs";
import { locked } from "../scripts/lock.mjs";
import { at } from "../scripts/paths.mjs";
import { run } from "../scripts/process.mjs";
import { setup } from "../scripts/setup.mjs";
import { bold, green, main, red, Stop, step } from "../scripts/step.mjs";
import { PARTS } from "./parts.mjs";

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

function chosen(only) {
  if (!only) return Object.values(PARTS);
  if (!PARTS[only]) throw new Stop(`there is no part ${only}; there are ${Object.keys(PARTS).join(", ")}`);
  return [PARTS[only]];
}

function write(files) {
  mkdirSync(at("docs", "bench"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(at("docs", "bench", name), text);
  console.log(
    `\nwritten: ${Object.keys(files)
      .map((name) => `docs/bench/${name}`)
      .join(" ")}`,
  );
}

await main(async () => {
  const parts = chosen(process.env.ONLY);
  await locked(async () => {
    await setup({ for: "build" });
    await buildPackage();
    for (const { prepare } of parts) await prepare();
  });
  await install();
  for (const { rounds: enough, measure } of parts) {
    const rounds = Number(process.env.ROUNDS || enough);
    const { text, aims, files } = await measure(rounds);
    console.log(`\n${text}`);
    for (const { aim, limit, found, met } of aims) {
      console.log(`${met ? green("✓ met    ") : red("✗ not met")} ${aim}: ${bold(found)} (aim: ${limit})`);
    }
    if (rounds < enough) console.log(`\nnothing written: medians of fewer than ${enough} rounds are not worth keeping`);
    else write(files);
  }
});
