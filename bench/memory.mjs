// What is left in memory after 200,000 lines of 64 characters whose result is kept: each reader in a process of its own.
// As a script: measures one reader.
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { median } from "./numbers.mjs";

const EVENTS = 200_000;
const CHARACTERS = 64;
export const KEPT = {
  nothing: "the handler keeps nothing (opensandbox-wasm)",
  text: "opensandbox-wasm, the execution kept",
  logs: "opensandbox-wasm, and its `logs` looked at",
  nothingOfficial: "the handler keeps nothing (official SDK)",
  official: "official SDK, the execution kept",
};

async function child(kind) {
  const { body, cuts, fakeFetch } = await import("./source.mjs");
  let source;
  const fetch = fakeFetch(() => source);
  const theirs = kind.toLowerCase().includes("official");
  if (theirs) globalThis.fetch = fetch;
  const { Sandbox } = await import(theirs ? "@alibaba-group/opensandbox" : "opensandbox-wasm");
  const connectionConfig = { domain: "127.0.0.1:1", ...(theirs ? { disableMetrics: true } : { fetch }) };
  const sandbox = await Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });
  const use = (events) => {
    const bytes = body({ events, characters: CHARACTERS });
    source = { bytes, cuts: cuts(bytes, 65_536) };
  };
  let seen = 0;
  const onStdout = ({ text }) => {
    seen += text.length;
  };
  const handlers = kind.startsWith("nothing") ? { onStdout, skipAccumulation: true } : undefined;
  const now = () => {
    for (let i = 0; i < 3; i++) globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, rss };
  };
  use(100);
  await sandbox.commands.run("x", {}, handlers);
  use(EVENTS);
  const before = now();
  const execution = await sandbox.commands.run("x", {}, handlers);
  if (kind === "logs" && execution.logs.stdout.length !== EVENTS) throw new Error("lines are missing");
  const after = now();
  if (execution.exitCode !== 0 || (handlers && seen === 0)) throw new Error("wrong");
  console.log(JSON.stringify({ heap: after.heap - before.heap, rss: after.rss - before.rss }));
}

/** `[{ kind, heap, rss }]` in bytes over what the process had before. */
export function memory(rounds, say = () => {}) {
  const found = Object.keys(KEPT).map((kind) => ({ kind, heaps: [], rsses: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const { kind, heaps, rsses } of found) {
      say(`round ${round} of ${rounds}: ${KEPT[kind]}`);
      const args = ["--expose-gc", fileURLToPath(import.meta.url), kind];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      const { heap, rss } = JSON.parse(stdout);
      heaps.push(heap);
      rsses.push(rss);
    }
  }
  return found.map(({ kind, heaps, rsses }) => ({ kind, heap: median(heaps), rss: median(rsses) }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await child(process.argv[2]);
