// npm packages that only one suite needs, or one measurement, too heavy for everybody's `npm install`: the package.json and the lock file
// in tests/<suite> (or another folder) say which, and they lie in .tools/<suite>.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, tools } from "./paths.mjs";
import { run } from "./process.mjs";
import { hash } from "./stamp.mjs";
import { step } from "./step.mjs";

const FILES = ["package.json", "package-lock.json"];

export const hasPackages = (suite) => existsSync(at("tests", suite, "package-lock.json"));
export const packagesOf = (suite) => join(tools, suite);

/** What is there costs nothing and needs no network. Their install scripts are not run: what they would fetch is a package, too. */
export async function installPackages(name, source = join("tests", name)) {
  await step(`npm packages of ${source}`, async (say) => {
    const folder = packagesOf(name);
    // Inside node_modules, so that it goes when that goes.
    const stampFile = join(folder, "node_modules", ".installed");
    const wanted = hash(FILES.map((file) => join(source, file)));
    if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return "ready";
    mkdirSync(folder, { recursive: true });
    for (const file of FILES) copyFileSync(at(source, file), join(folder, file));
    const retries = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    await run(`npm packages of ${source}`, "npm", ["ci", ...quiet, ...retries], {
      cwd: folder,
      log: `npm-${name}.log`,
      network: true,
      onLine: say,
      timeout: 600,
    });
    writeFileSync(stampFile, wanted);
    return "installed";
  });
}
