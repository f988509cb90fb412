// The README shows what works: the example is the file that `make demo` runs, the commands and the error codes are those of the
// code, and its links lead somewhere.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sizeLimits } from "../../scripts/sizes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (name) => readFileSync(join(root, name), "utf8");
const readme = read("README.md");
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));

test("the first program is examples/hello.mjs, to the letter", () => {
  assert.equal(blocks.find(({ language }) => language === "js").text, read("examples/hello.mjs"));
});

test("every make command exists", () => {
  const targets = new Set([...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
  const commands = [...(readme + read("CONTRIBUTING.md")).matchAll(/^make ([a-z-]+)|`make ([a-z-]+)/gm)];
  assert.ok(commands.length > 2);
  for (const [, first, second] of commands) assert.ok(targets.has(first ?? second), `make ${first ?? second}`);
});

// tests/package holds the package to that limit, so that the README is never below what is true.
test("the size is the limit of the default entry", () => {
  const [, kilobytes] = /at most ([\d.]+) kB on its way \(brotli\)/.exec(readme);
  assert.equal(Number(kilobytes) * 1000, sizeLimits()["default entry"].brotli);
});

/** The arms of a match in a function of src/core/error.rs, as pairs of a variant and the string that it gives. */
function arms(name) {
  const source = read("src/core/error.rs");
  const [body] = source.slice(source.indexOf(`pub fn ${name}(`)).split("\n    }\n");
  const arm = /((?:\|?\s*Self::\w+(?:\([^)]*\)|\s*\{[^}]*\})?\s*)+)=>\s*\{?\s*"(\w+)"/g;
  return [...body.matchAll(arm)].flatMap(([, left, text]) =>
    [...left.matchAll(/Self::(\w+)/g)].map(([, variant]) => [variant, text]),
  );
}

test("the table of errors has every code that the code has, under its class", () => {
  const classes = new Map(arms("class"));
  const inCode = arms("code").map(([variant, code]) => `${classes.get(variant)} ${code}`);
  assert.ok(inCode.length >= 12, `${inCode}`);
  // From the loader, the handle and the end of a run, which are JavaScript.
  inCode.push("SandboxException WASM_UNAVAILABLE", "SandboxException CONSUMER_TOO_SLOW");
  // For answers without a code of their own.
  inCode.push("SandboxApiException NOT_SUPPORTED");
  inCode.push("CommandExitException NON_ZERO_EXIT");

  const inTable = [];
  let current;
  const [section] = readme.slice(readme.indexOf("\n## Errors")).split("\n## Limits");
  for (const line of section.split("\n").filter((text) => text.startsWith("| "))) {
    const [, first, second] = line.split("|").map((cell) => cell.trim());
    current = /^`(\w+)`$/.exec(first)?.[1] ?? current;
    // The server's own codes are an example.
    for (const [, code] of second.matchAll(/`([A-Z_]{3,})`/g)) inTable.push(`${current} ${code}`);
  }
  assert.deepEqual(inTable.sort(), [...new Set(inCode)].sort());
  const types = read("pkg-template/types/errors.d.ts");
  for (const code of inTable.map((line) => line.split(" ")[1])) assert.ok(types.includes(`| "${code}"`), code);
});

test("the types explain every code that answers of the egress sidecar get", () => {
  const codes = [...read("src/core/egress.rs").matchAll(/"([A-Z]+_[A-Z_]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length >= 12, `${codes}`);
  const types = read("pkg-template/types/egress.d.ts") + read("pkg-template/types/vault.d.ts");
  for (const code of codes) assert.ok(types.includes(`\`${code}\``), code);
});

const documents = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));
for (const name of documents) {
  test(`links of ${name}`, () => {
    for (const [, target] of read(name).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, anchor] = target.split("#");
      const path = file ? join(dirname(name), file) : name;
      assert.ok(existsSync(join(root, path)), target);
      if (!anchor) continue;
      const anchors = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      assert.ok(anchors.includes(anchor), target);
    }
  });
}
