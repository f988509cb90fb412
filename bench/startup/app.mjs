// A folder with an application: both SDKs installed in it, and a bundle of each for Node and for pages.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { at, pkg, target } from "../../scripts/paths.mjs";

export const folder = join(target, "startup");

export const PACKAGES = { ours: "opensandbox-wasm", official: "@alibaba-group/opensandbox" };

/** undici is CommonJS: without a `require` its bundle cannot load Node's modules, and the SDK quietly does without undici. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Bundles what the program uses of an SDK. Gives why that cannot be done, if so. */
async function bundle(name, platform) {
  try {
    await build({
      stdin: { contents: `export { SandboxManager } from "${PACKAGES[name]}";`, resolveDir: folder },
      outfile: join(folder, `${name}.${platform}.mjs`),
      bundle: true,
      minify: true,
      format: "esm",
      platform,
      banner: name === "official" && platform === "node" ? { js: REQUIRE } : {},
      logLevel: "silent",
      logLimit: 0,
    });
  } catch (error) {
    if (!error.errors?.length) throw error;
    const [{ text }] = error.errors;
    return `esbuild: ${error.errors.length} errors, the first: ${text}`;
  }
}

/** Makes it anew; gives the bundles that cannot be made: `{ "official.browser": "why" }`. */
export async function makeApp() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  cpSync(at("bench", "node_modules"), join(folder, "node_modules"), { recursive: true });
  cpSync(pkg, join(folder, "node_modules", PACKAGES.ours), { recursive: true });
  for (const name of ["program.mjs", "main.mjs"]) cpSync(at("bench", "startup", name), join(folder, name));
  const refused = {};
  for (const name of Object.keys(PACKAGES)) {
    for (const platform of ["node", "browser"]) {
      const why = await bundle(name, platform);
      if (why) refused[`${name}.${platform}`] = why;
    }
  }
  return refused;
}
