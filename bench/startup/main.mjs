// The program in a process of its own: `{ entry, domain, start }` as its argument, the times on its output.
import { readFileSync } from "node:fs";
import { first } from "./program.mjs";

const STARTS = {
  init: (sdk) => sdk.init(),
  initSync: (sdk) => sdk.initSync(readFileSync(new URL(import.meta.resolve("opensandbox-wasm/core.wasm")))),
};

const { start, ...options } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(await first(options, STARTS[start])));
