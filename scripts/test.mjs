// `make test`: the same set-up as for the demo, then every suite, and one summary line at the end.
// Arguments: names of suites; `quick` for the inner loop. None: all of them.
import { existsSync, readFileSync } from "node:fs";
import { buildPage, buildServer } from "./build-local.mjs";
import { buildPackage } from "./build-package.mjs";
import { lint } from "./lint.mjs";
import { locked } from "./lock.mjs";
import { at } from "./paths.mjs";
import { setup } from "./setup.mjs";
import { bold, dim, main, red, Stop, seconds } from "./step.mjs";
import * as suites from "./suites.mjs";

/** All suites in the order in which they run; `build` marks those that need the package and the local server. */
function allSuites() {
  const wasm = suites.hasWasmTests()
    ? [
        { name: "wasm-node", run: suites.wasmNode },
        { name: "wasm-chromium", run: suites.wasmChromium },
      ]
    : [];
  return [
    { name: "lint", run: lint, build: true },
    { name: "core", run: suites.core },
    { name: "fuzz", run: suites.fuzz },
    { name: "server", run: suites.local, build: true },
    ...wasm,
    ...suites.nodeFolders().map((folder) => ({ name: folder, run: () => suites.node(folder), build: true })),
  ];
}

const quickSuites = () => [
  { name: "lint", run: () => lint({ quick: true }) },
  { name: "core", run: suites.core },
];

function chosenSuites(names) {
  if (names.includes("quick")) return quickSuites();
  const all = allSuites();
  for (const name of names) {
    if (!all.some((suite) => suite.name === name)) {
      throw new Stop(`there is no suite ${name}; there are ${all.map((suite) => suite.name).join(", ")}`);
    }
  }
  return names.length ? all.filter(({ name }) => names.includes(name)) : all;
}

/** The skips that CI accepts, one `suite: test` a line; `#` begins a comment. */
function allowedSkips() {
  const file = at("tests", "allowed-skips.txt");
  if (!existsSync(file)) return new Set();
  const lines = readFileSync(file, "utf8").split("\n");
  return new Set(lines.map((line) => line.replace(/(^|\s)#.*/, "").trim()).filter(Boolean));
}

async function build() {
  try {
    await locked(async () => {
      await buildPackage();
      await buildServer();
      await buildPage();
    });
    return true;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`${error.details ?? ""}\n${red("error:")} ${error.message}`);
    return false;
  }
}

async function runSuite(suite) {
  console.log(`\n${bold(suite.name)}`);
  const from = performance.now();
  const result = await suite.run();
  if (result.passed + result.failed + result.skipped === 0) {
    console.log("  ✗ no test ran");
    result.failed = 1;
  }
  console.log(dim(`  ${suite.name}: ${seconds(from)}`));
  return { name: suite.name, time: seconds(from), ...result };
}

function summary(results) {
  const sum = (what) => results.reduce((total, result) => total + result[what], 0);
  console.log(
    `\n${bold("suite".padEnd(16))}${["passed", "failed", "skipped", "time"].map((text) => text.padStart(10)).join("")}`,
  );
  for (const { name, passed, failed, skipped, time } of results) {
    console.log(name.padEnd(16) + [passed, failed, skipped, time].map((value) => String(value).padStart(10)).join(""));
  }
  if (sum("failed") > 0) process.exitCode = 1;
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
}

async function test(names) {
  const begin = performance.now();
  const quick = names.includes("quick");
  const chosen = chosenSuites(names);
  await locked(() => setup({ for: quick ? "quick" : "test" }));
  const results = [];
  const built = !chosen.some((suite) => suite.build) || (await build());
  if (!built) results.push({ name: "build", passed: 0, failed: 1, skipped: 0, time: seconds(begin), skips: [] });
  for (const suite of chosen) {
    if (suite.build && !built) continue;
    results.push(await runSuite(suite));
  }
  if (process.env.CI) {
    const allowed = allowedSkips();
    const surprising = results
      .flatMap(({ name, skips }) => skips.map((skip) => `${name}: ${skip}`))
      .filter((skip) => !allowed.has(skip));
    for (const skip of surprising)
      console.log(`${red("✗")} skipped, and not listed in tests/allowed-skips.txt: ${skip}`);
    if (surprising.length) {
      results.push({ name: "surprising skips", passed: 0, failed: surprising.length, skipped: 0, time: "", skips: [] });
    }
  }
  console.log(dim(`\nall of it: ${seconds(begin)}`));
  summary(results);
}

await main(() => test(process.argv.slice(2).filter(Boolean)));
