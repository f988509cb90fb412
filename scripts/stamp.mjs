// "Has anything that this was made from changed?" Contents are compared, not times: a checkout changes the times of equal files.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { at, root, target } from "./paths.mjs";

const SKIPPED = new Set(["node_modules", "dist", "target", ".git"]);

function* files(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info?.isFile()) yield path;
  if (!info?.isDirectory()) return;
  for (const name of readdirSync(path).sort()) if (!SKIPPED.has(name)) yield* files(join(path, name));
}

/** One hash over files and folders (paths relative to the root) and further text. */
export function hash(paths, ...text) {
  const sum = createHash("sha256");
  for (const path of paths) {
    for (const file of files(at(path))) {
      sum.update(`${relative(root, file)}\0`);
      sum.update(createHash("sha256").update(readFileSync(file)).digest());
    }
  }
  for (const one of text) sum.update(`\0${one}`);
  return sum.digest("hex");
}

const stampFile = (name) => join(target, "stamps", name);
export function stamp(name) {
  try {
    return readFileSync(stampFile(name), "utf8");
  } catch {
    return "";
  }
}
export function setStamp(name, value) {
  mkdirSync(dirname(stampFile(name)), { recursive: true });
  writeFileSync(stampFile(name), value);
}
