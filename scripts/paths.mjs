// Where things lie. Every other script takes its paths from here.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const at = (...parts) => join(root, ...parts);

/** Tools that the project builds for itself: nothing outside the checkout is touched. */
export const tools = resolve(process.env.OPENSANDBOX_TOOLS || at(".tools"));
export const toolsBin = join(tools, "cargo", "bin");
export const wasmRust = join(tools, "wasm-rust");

export const target = at("target");
export const pkg = at("pkg");
export const page = at("www", "dist");
export const localServer = join(target, "local", "opensandbox-local");

/** PATH with the project's own tools first: wasm-bindgen and wasm-pack, wasm-opt and the other npm tools. */
export const searchPath = [toolsBin, at("node_modules", ".bin"), process.env.PATH].join(delimiter);

/** The full path of a program on PATH, or undefined. */
export function which(name, path = searchPath) {
  for (const folder of path.split(delimiter)) {
    const file = join(folder || ".", name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {}
  }
}
