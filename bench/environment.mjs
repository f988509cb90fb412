// Where it was measured, and what was compared.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform, totalmem } from "node:os";
import { at } from "../scripts/paths.mjs";
import { packageVersion } from "../scripts/versions.mjs";

export function machine() {
  const processor = cpus()[0]?.model.trim() || "unknown processor";
  return `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}`;
}

/** The compared packages, as "name version". */
export function packages() {
  const { devDependencies } = JSON.parse(readFileSync(at("bench", "package.json"), "utf8"));
  const official = "@alibaba-group/opensandbox";
  const parser = "eventsource-parser";
  const undici = createRequire(at("bench", "package.json"))("undici/package.json").version;
  return {
    ours: `opensandbox-wasm ${packageVersion()}`,
    official: `${official} ${devDependencies[official]} (undici ${undici})`,
    parser: `${parser} ${devDependencies[parser]}`,
    node: `Node ${process.versions.node}`,
  };
}
