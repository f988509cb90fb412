// The types as applications see it: what must compile does, under each way to set TypeScript up, and what must not does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = (...names) => fileURLToPath(new URL(names.join("/"), import.meta.url));
const tsc = here("..", "..", "node_modules", "typescript", "bin", "tsc");

/** The diagnostics of a project as `file:line code`, and the whole output. */
function compile(project) {
  const { stdout, stderr, error } = spawnSync(process.execPath, [tsc, "--pretty", "false", "-p", here(project)], {
    encoding: "utf8",
    cwd: here("."),
  });
  assert.equal(error, undefined);
  const found = stdout.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+)/gm);
  return { found: [...found].map(([, file, line, code]) => `${file}:${line} ${code}`), output: stdout + stderr };
}

for (const project of readdirSync(here(".")).filter((name) => /^tsconfig\.\w+-\w+\.json$/.test(name))) {
  test(`good fixtures compile with ${project}`, () => {
    const { found, output } = compile(project);
    assert.deepEqual(found, [], output);
    assert.equal(output, "");
  });
}

test("bad fixtures are refused, each line with its code", () => {
  const wanted = readdirSync(here("bad")).flatMap((name) =>
    readFileSync(here("bad", name), "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const code = /\/\/ error: (TS\d+)$/.exec(line)?.[1];
        return code ? [`${join("bad", name)}:${i + 1} ${code}`] : [];
      }),
  );
  assert.ok(wanted.length > 30);
  const { found, output } = compile("tsconfig.bad.json");
  assert.deepEqual(found.sort(), wanted.sort(), output);
});
