// What the package's types declare, read line by line. That is enough for files that the formatter has laid out, and every
// line that is not understood is an error.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const NAME = String.raw`[\w$]+|\[Symbol\.\w+\]`;

/** Reads one member at the indentation of two spaces. */
function member(line) {
  if (/^ {2}(protected )?constructor\(/.test(line)) return undefined;
  const method = new RegExp(`^ {2}(static )?(get )?(${NAME})[(<]`).exec(line);
  if (method) return { name: method[3], static: Boolean(method[1]), kind: method[2] ? "getter" : "method" };
  const field = new RegExp(`^ {2}(static )?(readonly )?(${NAME})(\\?)?:`).exec(line);
  if (field)
    return {
      name: field[3],
      static: Boolean(field[1]),
      kind: "field",
      readonly: Boolean(field[2]),
      optional: Boolean(field[4]),
    };
  throw new Error(`not understood: ${line}`);
}

/** All files of the folder: `{ values: Map(name → type of a constant or "class"), blocks: Map(name → { kind, base, members }) }` */
export function declared(folder) {
  const values = new Map();
  const blocks = new Map();
  let block;
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  for (const line of files.join("\n").split("\n")) {
    // Comments, and what is indented further: the rest of something that began above.
    if (/^\s*(\/\/|\/\*\*|\*)/.test(line) || line === "") continue;
    const constant = /^export declare const (\w+): (.+);$/.exec(line);
    if (constant) values.set(constant[1], constant[2]);
    const opened = /^export (?:declare )?(class|interface) (\w+)(?: extends ([\w<>, ]+))? \{(\})?$/.exec(line);
    if (opened) {
      const [, kind, name, base, empty] = opened;
      block = { kind, base, members: [] };
      blocks.set(name, block);
      if (empty) block = undefined;
      if (kind === "class") values.set(name, "class");
    } else if (/^export (declare )?(class|interface|function|enum|let|var|default)\b/.test(line)) {
      throw new Error(`not understood: ${line}`);
    } else if (line === "}") block = undefined;
    else if (block && /^ {2}[^ )|}]/.test(line)) block.members.push(member(line));
  }
  for (const { members } of blocks.values()) members.splice(0, members.length, ...members.filter(Boolean));
  return { values, blocks };
}
