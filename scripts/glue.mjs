// The JavaScript around the wasm: one file, and short names for what the two call each other by.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { methodNames } from "./method-names.mjs";
import { capture } from "./process.mjs";
import { Stop } from "./step.mjs";

/** What is called before anything was started and gives a Promise: it must reject and not throw. */
const ASYNC = /^sandbox_(create|connect|resumeById)/i;

/**
 * The wasm with short names of imports and exports. wasm-bindgen's have hashes in them, which do not compress: 5 kB on the wire.
 * `names`: `{ imports: [[module, name, short], …], exports: { name: short } }`; the wasm imports all from the module "a".
 */
export async function shorten(file) {
  const out = `${file}.short`;
  const args = ["--minify-imports-and-exports-and-modules", file, "-o", out];
  const { code, stdout, output } = await capture("wasm-opt", args);
  if (code !== 0) throw new Stop("wasm-opt could not shorten the names", { details: output });
  const { imports, exports } = JSON.parse(stdout);
  return { wasm: readFileSync(out), names: { imports, exports: Object.fromEntries(exports) } };
}

/** The glue of wasm-pack in `folder`, by the short names of the exports. */
function renamed(folder, exports) {
  const glue = readFileSync(join(folder, "core_bg.js"), "utf8");
  return glue.replace(/\bwasm(?:\.(\w+)|\[)/g, (found, name) => {
    if (!name || !exports[name]) throw new Error(`the glue uses ${found}, which the wasm does not export`);
    return `wasm.${exports[name]}`;
  });
}

/**
 * A module with all that the glue exports; `imports`: what the wasm imports; `build`: of which build core.wasm must be; `METHODS`: the
 * methods of each class, in the order of their numbers (see src/api/methods.rs); `START`: the export to call first; and `ASYNC`.
 */
function entry({ imports, exports }, build) {
  const modules = [...new Set(imports.map(([module]) => module))];
  const short = imports.map(([module, name, key]) => `${key}: m${modules.indexOf(module)}.${name}`);
  const waiting = Object.keys(exports).filter((name) => ASYNC.test(name));
  return [
    'export * from "./core_bg.js";',
    ...modules.map((module, i) => `import * as m${i} from ${JSON.stringify(module)};`),
    `export const imports = { a: { ${short.join(", ")} } };`,
    `export const build = ${JSON.stringify(build)};`,
    `export const METHODS = ${JSON.stringify(methodNames())};`,
    `export const START = ${JSON.stringify(exports.__wbindgen_start)};`,
    `export const ASYNC = ${JSON.stringify(waiting.map((name) => exports[name]))};`,
  ].join("\n");
}

/**
 * Writes the glue and all snippets as one file: each file of an import costs a millisecond in Node and a request in a page without a
 * bundler. By rolldown, as esbuild renames classes that name themselves, and a user sees their names.
 */
export async function writeGlue(folder, names, build, file) {
  const { rolldown } = await import("rolldown");
  writeFileSync(join(folder, "core_bg.js"), renamed(folder, names.exports));
  const input = join(folder, "entry.js");
  writeFileSync(input, entry(names, build));
  // A name that is not there is a warning only.
  const onLog = (_, { message }) => {
    throw new Error(message);
  };
  const bundle = await rolldown({ input, cwd: folder, platform: "neutral", onLog });
  const { output } = await bundle.write({ file, format: "esm" });
  await bundle.close();
  if (output.length !== 1) throw new Error(`the glue is ${output.length} files`);
}
