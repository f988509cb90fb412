// The types as applications see them, with the oldest TypeScript that has `await using`, and the oldest types of Node that have a
// global `ReadableStream`.
import { fileURLToPath } from "node:url";
import { compileFixtures } from "../types/fixtures.mjs";

const MODULES =
  process.env.OPENSANDBOX_TEST_PACKAGES ??
  fileURLToPath(new URL("../../.tools/oldest-types/node_modules", import.meta.url));

/** "It does not fit", for all the ways in which later versions say why: a property that is missing, unknown or misspelt. */
const DOES_NOT_FIT = ["TS2322", "TS2345", "TS2353", "TS2561", "TS2739", "TS2741"];

compileFixtures(MODULES, { kind: (code) => (DOES_NOT_FIT.includes(code) ? "does not fit" : code) });
