// The API reference in docs/api is what typedoc makes of the types now, and nothing of it depends on where it was made.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeReference } from "../../scripts/docs.mjs";
import { at, root } from "../../scripts/paths.mjs";

const folder = mkdtempSync(join(tmpdir(), "opensandbox-docs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Contents by path. */
const pages = (place) =>
  Object.fromEntries(
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort()
      .map((file) => [file.slice(place.length + 1), readFileSync(file, "utf8")]),
  );

test("docs/api is up to date, and typedoc has nothing to complain about", async () => {
  const fresh = join(folder, "fresh");
  await writeReference(fresh);
  const [now, committed] = [pages(fresh), pages(at("docs", "api"))];
  assert.ok(Object.keys(now).length > 100);
  const stale = [...new Set([...Object.keys(now), ...Object.keys(committed)])].filter(
    (name) => now[name] !== committed[name],
  );
  assert.deepEqual(stale, [], "run `make docs` and commit docs/api");
});

test("no page holds a path of this machine, and every link leads to a page", () => {
  const all = pages(at("docs", "api"));
  for (const [name, text] of Object.entries(all)) {
    for (const place of [root, homedir(), tmpdir()]) assert.ok(!text.includes(`${place}/`), `${name}: ${place}`);
    for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (!/^https?:/.test(target)) assert.ok(join(name, "..", target) in all, `${name}: ${target}`);
    }
  }
});

test("an export without a comment, and a link to nothing, are refused", async () => {
  for (const [name, text] of [
    ["bare", "/** Documented. */\nexport interface Documented {\n  bare: string;\n}\n"],
    ["broken", "/** See {@link Nothing}. */\nexport interface Documented {}\n"],
  ]) {
    // In the checkout: typedoc reads only what tsconfig.json includes.
    const file = at("pkg-template", `${name}-reference-test.d.ts`);
    writeFileSync(file, text);
    try {
      await assert.rejects(writeReference(join(folder, name), [file]), ({ details }) => /warning/.test(details));
    } finally {
      rmSync(file, { force: true });
    }
  }
});
