// A release up to the point of no return: builds, checks and packs into dist/, and publishes nothing.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { kilobytes } from "./build-package.mjs";
import { at, pkg } from "./paths.mjs";
import { capture, run } from "./process.mjs";
import { main, Stop, step } from "./step.mjs";
import { packageVersion } from "./versions.mjs";

const SUITES = ["lint", "core", "types", "docs", "package", "js"];

await main(async () => {
  const version = packageVersion();
  const { code } = await capture(process.execPath, [at("scripts", "test.mjs"), ...SUITES], { onLine: console.log });
  if (code !== 0) throw new Stop("a check failed: there is nothing to release");
  const dist = at("dist");
  await step("packing", async () => {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist);
    const args = ["pack", pkg, "--json", "--ignore-scripts", "--pack-destination", dist];
    const { stdout } = await run("npm pack", "npm", args);
    const [packed] = JSON.parse(stdout);
    if (packed.version !== version) throw new Stop(`pkg/ is of version ${packed.version}, Cargo.toml says ${version}`);
    for (const { path, size } of packed.files) console.log(`    ${kilobytes(size).padStart(10)}  ${path}`);
    return `dist/${packed.filename}, ${kilobytes(packed.size)}, unpacked ${kilobytes(packed.unpackedSize)}`;
  });
  if (!readFileSync(at("CHANGELOG.md"), "utf8").includes(`\n## ${version}`)) {
    console.log(`! CHANGELOG.md has no section "## ${version}" yet: rename "## Unreleased" before you publish`);
  }
  const { stdout: changes } = await capture("git", ["status", "--porcelain"], { cwd: at() });
  if (changes.trim()) console.log("! there are changes that are not committed");
  console.log(`Nothing was published. To do it: npm publish dist/*.tgz, and tag v${version}`);
});
