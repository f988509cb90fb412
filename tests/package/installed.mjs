// Packs pkg/ and installs the tarball into a folder of its own, as a user would have it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PKG = process.env.OPENSANDBOX_PKG ?? fileURLToPath(new URL("../../pkg", import.meta.url));

/** `files`: what the tarball holds; `tarball`: where it is; `folder`: where the package is installed; `remove`. */
export function install() {
  const folder = mkdtempSync(join(tmpdir(), "opensandbox-wasm-"));
  // Tries again: a browser that has it as its home may still write its last file.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  try {
    const options = { cwd: folder, encoding: "utf8", env: { ...process.env, npm_config_update_notifier: "false" } };
    const packed = execFileSync("npm", ["pack", PKG, "--json", "--offline", "--ignore-scripts"], options);
    const [{ filename, files, size }] = JSON.parse(packed);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    execFileSync("npm", ["install", ...flags, join(folder, filename)], options);
    const installed = join(folder, "node_modules", "opensandbox-wasm");
    return {
      folder,
      installed,
      tarball: join(folder, filename),
      files: files.map(({ path }) => path).sort(),
      size,
      manifest: JSON.parse(readFileSync(join(installed, "package.json"), "utf8")),
      /** Runs a module there; gives what it printed as JSON. */
      run(code, env = {}) {
        const file = join(folder, `run-${Math.random().toString(36).slice(2)}.mjs`);
        writeFileSync(file, code);
        const printed = execFileSync(process.execPath, [file], { ...options, env: { PATH: process.env.PATH, ...env } });
        return JSON.parse(printed);
      },
      /** The file of the package and all that it imports, and they. */
      reached(file) {
        const seen = new Set();
        const visit = (name) => {
          if (seen.has(name)) return;
          seen.add(name);
          const text = readFileSync(join(installed, name), "utf8");
          for (const [, specifier] of text.matchAll(/(?:^import |\bfrom )["'](\.[^"']+)["']/gm))
            visit(join(name, "..", specifier));
        };
        visit(file);
        return [...seen];
      },
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
