// The methods of the exported classes, as the tables `methods!` in src/api list them: their numbers are what JavaScript calls them by.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "./paths.mjs";
import { Stop } from "./step.mjs";

/** `{ class: ["name", "get name", …] }` */
export function methodNames() {
  const tables = {};
  for (const file of readdirSync(at("src", "api")).sort()) {
    const code = readFileSync(join(at("src", "api"), file), "utf8");
    for (const [, name, lines] of code.matchAll(/^methods! \{ (\w+):\n([^}]*)^\}/gm)) {
      // What only src/js calls has its names in the wasm: see src/api/decisions.rs.
      if (name === "Core") continue;
      tables[name] = [...lines.matchAll(/^ {4}(get )?"(\w+)" => /gm)].map(([, get = "", method]) => get + method);
      if (tables[name].length !== lines.trimEnd().split("\n").length)
        throw new Stop(`src/api/${file}: the table of ${name} has a line that is none: see src/api/methods.rs`);
    }
  }
  return tables;
}
