// What an application downloads: entries of npm packages, bundled and minified by esbuild, and how large that is on its way.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const LIMITS = new URL("./size-limits.json", import.meta.url);

export const sizesOf = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
});

/** Everything that a package exports, as one module. `folder`: from where it is imported. Throws what esbuild does. */
export async function bundle(folder, name, options = {}) {
  // Not at the top: scripts are loaded before the npm packages are there.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
    ...options,
  });
  return Buffer.from(outputFiles[0].contents);
}

const sum = (a, b) => ({ raw: a.raw + b.raw, gzip: a.gzip + b.gzip, brotli: a.brotli + b.brotli });

/** The sizes of this package by what is loaded; `folder`: from where it is imported. */
export async function packageSizes(folder) {
  const entry = async (name) => sizesOf(await bundle(folder, name));
  const wasm = sizesOf(readFileSync(join(folder, "node_modules", "opensandbox-wasm", "core.wasm")));
  const slim = await entry("opensandbox-wasm/slim");
  return {
    "core.wasm": wasm,
    "default entry": await entry("opensandbox-wasm"),
    "/slim, its JavaScript": slim,
    // Two files: each is compressed by itself.
    "/slim with core.wasm": sum(slim, wasm),
    "/xterm": await entry("opensandbox-wasm/xterm"),
  };
}

/** The largest that each may be: `{ name: { raw, brotli } }`. */
export const sizeLimits = () => JSON.parse(readFileSync(LIMITS, "utf8"));

/** What is over its limit, as sentences. */
export function overLimit(sizes, limits = sizeLimits()) {
  return Object.entries(limits).flatMap(([name, kinds]) =>
    Object.entries(kinds)
      .filter(([kind, limit]) => !(sizes[name][kind] <= limit))
      .map(([kind, limit]) => `${name}: ${sizes[name][kind]} bytes (${kind}), ${limit} are allowed`),
  );
}
