// What the set-up writes for the kernels of the local server.
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findPython, kernelspecs, writeKernelspecs } from "../../scripts/kernels.mjs";

test("a kernel for each language that can be had, each with a place for its connection file", () => {
  const names = (found) => Object.keys(kernelspecs(found));
  assert.deepEqual(names({}), []);
  assert.deepEqual(names({ python: { prefix: "/usr" } }), ["python", "bash"]);
  assert.deepEqual(names({ deno: "/deno" }), ["javascript", "typescript"]);
  for (const [name, spec] of Object.entries(kernelspecs({ python: { prefix: "/opt/python" }, deno: "/deno" }))) {
    assert.equal(spec.language, name);
    assert.ok(spec.argv.includes("{connection_file}"));
    const { readOnly } = spec.metadata.opensandbox;
    assert.ok(readOnly.includes(spec.argv[0]) || readOnly.some((folder) => spec.argv[0].startsWith(`${folder}/`)));
    if (spec.argv[0] !== "/deno") assert.ok(readOnly.includes("/opt/python"));
  }
});

test("what is right stays as it is, what is wrong is written, what is gone is removed", () => {
  const folder = mkdtempSync(join(tmpdir(), "kernelspecs-"));
  try {
    const file = (name) => join(folder, name, "kernel.json");
    writeKernelspecs(folder, { a: { language: "a" }, b: { language: "b" } });
    for (const name of ["a", "b"]) utimesSync(file(name), 1, 1);
    mkdirSync(join(folder, "old"));
    writeFileSync(file("old"), "{}");
    writeKernelspecs(folder, { a: { language: "a" }, b: { language: "c" } });
    assert.deepEqual(readdirSync(folder).sort(), ["a", "b"]);
    assert.equal(statSync(file("a")).mtimeMs, 1000);
    assert.deepEqual(JSON.parse(readFileSync(file("b"), "utf8")), { language: "c" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is no Python, or cannot make environments, is not taken", () => {
  assert.equal(findPython([undefined, "/no/such", "/bin/false", "/bin/echo"]), undefined);
});
