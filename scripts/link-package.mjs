// A bare import or require of the package from anywhere in the checkout finds pkg/. npm removes the link at each install.
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { at, pkg } from "./paths.mjs";

export function linkPackage() {
  const modules = at("node_modules");
  const link = join(modules, "opensandbox-wasm");
  if (!existsSync(modules) || existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync(join("..", basename(pkg)), link, "dir");
}
