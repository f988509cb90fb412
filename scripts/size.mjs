// What an application downloads: the wasm, and the default entry bundled and minified with the wasm inside.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildPackage } from "./build-package.mjs";
import { locked } from "./lock.mjs";
import { pkg } from "./paths.mjs";
import { setup } from "./setup.mjs";
import { main } from "./step.mjs";

async function size() {
  await locked(async () => {
    await setup({ for: "build" });
    await buildPackage();
  });
  const { build } = await import("esbuild");
  const entry = await build({
    entryPoints: [join(pkg, "index.js")],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    write: false,
    logLevel: "error",
  });
  const rows = [
    ["core.wasm", readFileSync(join(pkg, "core.wasm"))],
    ["default entry, bundled and minified", Buffer.from(entry.outputFiles[0].contents)],
  ];
  console.log(`\n${"bytes".padEnd(38)}${["raw", "gzip", "brotli"].map((name) => name.padStart(10)).join("")}`);
  for (const [name, bytes] of rows) {
    const sizes = [bytes, gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)].map(({ length }) => length);
    console.log(name.padEnd(38) + sizes.map((length) => String(length).padStart(10)).join(""));
  }
}

await main(size);
