// The licences of what is compiled into the WebAssembly, as one text: they ask to be kept with every copy.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture } from "./process.mjs";
import { Stop } from "./step.mjs";

/** Crates of others that `opensandbox-wasm` links, without those that only run in the compiler. From `cargo metadata`. */
export function linkedCrates({ packages, resolve }) {
  const crates = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      const runs = crates.get(pkg).targets.some(({ kind }) => kind.includes("proc-macro"));
      if (!runs && kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(packages.find(({ name }) => name === "opensandbox-wasm").id);
  return [...found]
    .map((id) => crates.get(id))
    .filter(({ source }) => source)
    .sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * The texts to go with a crate: where one may choose, that of MIT; what is asked for beside it, too. A crate that brings no text and
 * may be used under the package's own licence goes under that.
 */
function texts({ name, license, authors, manifest_path: manifest }) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter((file) => /^(licen[sc]e|copying)/i.test(file));
  const wanted = files.includes("LICENSE-MIT") ? ["LICENSE-MIT"] : files.filter((file) => !/apache/i.test(file));
  if (/ AND Unicode/.test(license)) wanted.push("LICENSE-UNICODE");
  if (wanted.length === 0 && /Apache-2\.0/.test(license)) {
    return [
      `Copyright ${authors.join(", ") || `the authors of ${name}`}. Under the Apache License 2.0, as this package is: see LICENSE.`,
    ];
  }
  if (wanted.length === 0)
    throw new Stop(`the crate ${name} (${license}) has no licence that could go with the package`);
  return [...new Set(wanted)].map((file) => readFileSync(join(folder, file), "utf8").trim());
}

/** The whole text. The same licence of several crates stands there once. */
export async function thirdPartyLicences(env) {
  const args = ["metadata", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown", "--locked"];
  const { code, stdout, output } = await capture("cargo", args, { env });
  if (code !== 0) throw new Stop("the licences of the crates cannot be read", { details: output });
  const users = new Map();
  for (const crate of linkedCrates(JSON.parse(stdout))) {
    for (const text of texts(crate))
      users.set(text, [...(users.get(text) ?? []), `${crate.name} ${crate.version} (${crate.license})`]);
  }
  const parts = [...users].map(([text, names]) => `${names.join("\n")}\n\n${text}`);
  const head =
    "opensandbox-wasm contains, compiled to WebAssembly, the software below, and parts of the standard library of Rust\n" +
    "(MIT OR Apache-2.0, copyright The Rust Project Contributors), whose terms are those of the MIT licence below.";
  return `${[head, ...parts].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
