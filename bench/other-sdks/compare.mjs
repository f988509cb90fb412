// `make size COMPARE=1`: other SDKs measured as the package itself is, and the table of them in docs/bench/size.md.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { locked } from "../../scripts/lock.mjs";
import { at, pkg } from "../../scripts/paths.mjs";
import { bundle, sizesOf } from "../../scripts/sizes.mjs";
import { step } from "../../scripts/step.mjs";
import { installPackages, packagesOf } from "../../scripts/test-packages.mjs";
import { packageVersion } from "../../scripts/versions.mjs";
import { table } from "../table.mjs";

const FOLDER = "other-sdks";
const DOCUMENT = at("docs", "bench", "size.md");
const BEGIN = "<!-- Other SDKs: written by make size COMPARE=1 -->\n";
const END = "<!-- The end of other SDKs -->\n";

/** What is left out of a bundle, and why; of all others nothing is. */
const LEFT_OUT = {
  "@alibaba-group/opensandbox": ["undici", "which it uses in Node"],
  "@cloudflare/sandbox": ["cloudflare:*", "which the runtime brings"],
};

const isBuiltin = (name) => name.startsWith("node:") || builtinModules.includes(name);

/** `imports`: one name for each place. */
function modulesOfNode(imports) {
  const names = [...new Set(imports)].sort();
  if (names.length <= 6) return names.map((name) => `\`${name}\``).join(", ");
  return `${names.length} of Node's modules, in ${imports.length} places`;
}

/** Bundles it for browsers, or where that fails for Node: `{ sizes, platform, refusal }`. */
async function measure(folder, name) {
  const external = LEFT_OUT[name]?.slice(0, 1) ?? [];
  try {
    return { sizes: sizesOf(await bundle(folder, name, { external })), platform: "browsers" };
  } catch (error) {
    const missing = (error.errors ?? []).map(({ text }) => /^Could not resolve "(.+)"$/.exec(text)?.[1]);
    // Anything else is a mistake of ours, or of the package.
    if (missing.length === 0 || !missing.every((module) => module && isBuiltin(module))) throw error;
    const sizes = sizesOf(await bundle(folder, name, { external, platform: "node" }));
    return { sizes, platform: "Node", refusal: `does not bundle for browsers: it imports ${modulesOfNode(missing)}` };
  }
}

/** The bytes of a package's own files. */
function ownBytes(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.slice(folder.length).includes("node_modules"))
    .reduce((bytes, file) => bytes + statSync(file).size, 0);
}

/** What npm installs for a package: not the peers that it can do without. */
function dependenciesOf({ dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/** What npm installs with a package, itself included, as paths below the folder; from what npm noted there. */
function installedWith(folder, name) {
  const { packages } = JSON.parse(readFileSync(join(folder, "node_modules", ".package-lock.json"), "utf8"));
  const found = new Set();
  const add = (dependency, from) => {
    // As Node looks for it: beside who needs it, then further up.
    for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf("/node_modules/")))) {
      const path = `${place}${place && "/"}node_modules/${dependency}`;
      if (found.has(path)) return;
      if (packages[path]) {
        found.add(path);
        for (const next of dependenciesOf(packages[path])) add(next, path);
        return;
      }
      // Optional, and not for this system.
      if (!place) return;
    }
  };
  add(name, "");
  return [...found];
}

const number = (value) => value.toLocaleString("en");
const row = (name, version, platform, { raw, gzip, brotli }, installed, bytes) => [
  name,
  version,
  platform,
  ...[raw, gzip, brotli, installed, bytes].map(number),
];

async function markdown(ours) {
  const folder = packagesOf(FOLDER);
  const { dependencies } = JSON.parse(readFileSync(at("bench", FOLDER, "package.json"), "utf8"));
  const version = packageVersion();
  const rows = [
    row("opensandbox-wasm", version, "browsers", ours["default entry"], 1, ownBytes(pkg)),
    row("opensandbox-wasm/slim with core.wasm", version, "browsers", ours["/slim with core.wasm"], 1, ownBytes(pkg)),
  ];
  const notes = [];
  for (const name of Object.keys(dependencies)) {
    const { sizes, platform, refusal } = await measure(folder, name);
    const installed = installedWith(folder, name);
    const bytes = installed.reduce((all, path) => all + ownBytes(join(folder, path)), 0);
    rows.push(row(name, dependencies[name], platform, sizes, installed.length, bytes));
    const [left, why] = LEFT_OUT[name] ?? [];
    const remarks = [refusal, left && `bundled without \`${left}\`, ${why}`].filter(Boolean);
    if (remarks.length > 0) notes.push(`- \`${name}\` ${remarks.join("; ").replace(/^bundled/, "is bundled")}.`);
  }
  const { version: esbuild } = await import("esbuild");
  const date = new Date().toISOString().slice(0, 10);
  const head = ["bytes", "version", "bundled for", "raw", "gzip", "brotli", "packages installed", "their files"];
  return `Measured on ${date} with esbuild ${esbuild}, in Node ${process.versions.node}.

${table(head, rows)}

${notes.join("\n")}
`;
}

/** `ours`: what `packageSizes` gives. */
export async function compare(ours) {
  await locked(() => installPackages(FOLDER, join("bench", FOLDER)));
  let text;
  await step("other SDKs, bundled", async () => {
    text = await markdown(ours);
  });
  console.log(`\n${text}`);
  const document = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has lost its markers`);
  writeFileSync(DOCUMENT, `${document.slice(0, begin + BEGIN.length)}\n${text}\n${document.slice(end)}`);
  console.log("written: docs/bench/size.md");
}
