// How typedoc makes docs/api from the package's types: an entry of package.json, a module here. Everything that would differ from one
// machine or commit to the next is off, and every warning is an error.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const template = new URL("../../pkg-template/", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", template), "utf8"));
const types = Object.values(exports).flatMap((entry) => entry.types ?? []);

export default {
  entryPoints: types.map((file) => fileURLToPath(new URL(file, template))),
  tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)),
  name: "opensandbox-wasm",
  readme: "none",
  includeVersion: false,
  disableSources: true,
  disableGit: true,
  hideGenerator: true,
  alwaysCreateEntryPointModule: true,
  excludePrivate: true,
  excludeProtected: true,
  sort: ["source-order"],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
  plugin: ["typedoc-plugin-markdown"],
};
