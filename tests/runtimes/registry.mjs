// A registry of one package, on loopback: for a program that fetches from npm what the set-up has already installed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../page/site.mjs";

/** Packs what is installed in `installed` into `folder` and serves it. NPM_CONFIG_REGISTRY takes the `origin` that it gives. */
export async function registryOf(installed, folder) {
  const args = ["pack", installed, "--json", "--offline", "--ignore-scripts"];
  const env = { ...process.env, npm_config_update_notifier: "false" };
  const [packed] = JSON.parse(execFileSync("npm", args, { cwd: folder, encoding: "utf8", env }));
  const { name, version, filename, integrity } = packed;
  const registry = await serve((request, response) => {
    if (request.url === `/${filename}`) return response.end(readFileSync(join(folder, filename)));
    if (decodeURIComponent(request.url) !== `/${name}`) return response.writeHead(404).end();
    const dist = { tarball: `${registry.origin}/${filename}`, integrity };
    const about = { name, "dist-tags": { latest: version }, versions: { [version]: { name, version, dist } } };
    response.setHeader("content-type", "application/json").end(JSON.stringify(about));
  });
  return registry;
}
