// The fixtures under each way to set TypeScript up, with one version of it: what must compile does, and what must not does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = (...names) => fileURLToPath(new URL(names.join("/"), import.meta.url));

const RESOLUTIONS = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  node16: { module: "Node16", moduleResolution: "node16" },
};
const PLATFORMS = {
  "the DOM": { lib: ["ES2022", "DOM"], types: [] },
  "types of Node": { lib: ["ES2022"], types: ["node"] },
};
/** `modules`: the `node_modules` with TypeScript and the types of Node. Gives the diagnostics as `{ place, code }`, and all of the output. */
function compile(modules, folder, options) {
  const config = mkdtempSync(join(tmpdir(), "opensandbox-types-"));
  try {
    const compilerOptions = { ...options, typeRoots: [join(modules, "@types")] };
    const fields = { extends: here("tsconfig.json"), compilerOptions, include: [here(folder)] };
    writeFileSync(join(config, "tsconfig.json"), JSON.stringify(fields));
    const args = [join(modules, "typescript", "bin", "tsc"), "--pretty", "false", "-p", config];
    const { stdout, stderr, error } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: here(".") });
    assert.equal(error, undefined);
    const found = [...stdout.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+)/gm)];
    return {
      found: found.map(([, file, line, code]) => ({ place: `${file}:${line}`, code })),
      output: stdout + stderr,
    };
  } finally {
    rmSync(config, { recursive: true, force: true });
  }
}

/** The lines that must be refused, as they say themselves. */
function refused() {
  return readdirSync(here("bad")).flatMap((name) =>
    readFileSync(here("bad", name), "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const code = /\/\/ error: (TS\d+)$/.exec(line)?.[1];
        return code ? [{ place: `${join("bad", name)}:${i + 1}`, code }] : [];
      }),
  );
}

/** `kind` of a code: what it is compared as, for versions that say the same with other codes. */
export function compileFixtures(modules, { kind = (code) => code } = {}) {
  const list = (diagnostics) => diagnostics.map(({ place, code }) => `${place} ${kind(code)}`).sort();
  for (const [resolution, resolving] of Object.entries(RESOLUTIONS)) {
    for (const [platform, providing] of Object.entries(PLATFORMS)) {
      const options = { ...resolving, ...providing };
      test(`what must compile does: ${resolution}, ${platform}`, () => {
        const { found, output } = compile(modules, "good", { ...options, exactOptionalPropertyTypes: true });
        assert.deepEqual(found, [], output);
        assert.equal(output, "");
      });
      test(`what must not is refused, each line with its code: ${resolution}, ${platform}`, () => {
        const wanted = refused();
        assert.ok(wanted.length > 30);
        const { found, output } = compile(modules, "bad", options);
        assert.deepEqual(list(found), list(wanted), output);
      });
    }
  }
}
