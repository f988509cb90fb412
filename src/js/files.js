// Calls about many paths: one request after another, until one fails.

import { shapes } from "./shape.js";
import { ask } from "./wire.js";

/** Called from Rust. */
export async function askEach(execd, wires, call) {
  for (const wire of wires) await ask(execd, wire, call);
}

/** Called from Rust. */
export async function fileInfos(execd, wires, call) {
  const found = [];
  for (const wire of wires) {
    for (const [path, info] of Object.entries(await ask(execd, wire, call))) {
      if (typeof info === "object" && info !== null) shapes.file(info);
      found.push([path, info]);
    }
  }
  // Not set one by one: a path may be `__proto__`.
  return Object.fromEntries(found);
}
