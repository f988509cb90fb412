// The versions of the build tools, each from the one place where it is written down.
import { readFileSync } from "node:fs";
import { at } from "./paths.mjs";
import { Stop } from "./step.mjs";

const read = (file, pattern, what) => {
  const found = pattern.exec(readFileSync(at(file), "utf8"));
  if (!found) throw new Stop(`${file} does not say ${what}`);
  return found[1];
};

/** wasm-bindgen's CLI must be exactly as new as the crate in Cargo.lock. */
export const wasmBindgen = () =>
  read("Cargo.lock", /name = "wasm-bindgen"\nversion = "([^"]+)"/, "which wasm-bindgen is used");
export const wasmPack = () =>
  read("Cargo.toml", /\[workspace\.metadata\.tools\][^[]*?\nwasm-pack = "([^"]+)"/, "which wasm-pack is used");
export const packageVersion = () =>
  read("Cargo.toml", /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/, "which version the package has");
export const oldestRust = () => read("Cargo.toml", /\nrust-version = "([^"]+)"/, "which Rust is needed");
export const oldestNode = () => read("package.json", /"node": ">=([^"]+)"/, "which Node is needed");

/** Is version `a` at least version `b`? Numbers only: "1.95.0-nightly" counts as 1.95.0. */
export function atLeast(a, b) {
  const numbers = (text) => text.split(/[.-]/).slice(0, 3).map(Number);
  const [have, want] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (have[i] || 0) - (want[i] || 0);
    if (difference) return difference > 0;
  }
  return true;
}
