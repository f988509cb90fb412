// What the set-up takes for a lock file that does not match.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changedVersions } from "../../scripts/setup.mjs";

const here = { version: "1.0.0", dev: true };
const foreign = { version: "1.0.0", optional: true };

test("a variant for another system that the registry has only now is no change", () => {
  assert.deepEqual(changedVersions({ a: here }, { a: here, "a-darwin": foreign }), []);
  assert.deepEqual(changedVersions({ a: here, "a-darwin": foreign }, { a: here }), []);
});

test("another version, a new package and a missing one are changes", () => {
  assert.deepEqual(changedVersions({ a: here }, { a: { ...here, version: "1.0.1" } }), ["a"]);
  assert.deepEqual(changedVersions({ b: foreign }, { b: { ...foreign, version: "2.0.0" } }), ["b"]);
  assert.deepEqual(changedVersions({}, { a: here }), ["a"]);
  assert.deepEqual(changedVersions({ a: here }, {}), ["a"]);
});
