// Against the local server, which runs real programs: what a user waits for.
import * as official from "@alibaba-group/opensandbox";
import * as ours from "opensandbox-wasm";
import { startServer } from "../scripts/local-server.mjs";
import { stop } from "../scripts/process.mjs";
import { median } from "./numbers.mjs";

const IMAGE = "python:3.12-slim";
const LINES = 200_000;

/** `[{ what, ours, official }]`, medians in milliseconds. */
export async function real(rounds, say = () => {}) {
  const { child, domain, apiKey } = await startServer({ port: 0 });
  // Its log would stand between our lines.
  child.stderr.removeAllListeners("data").resume();
  const boxes = [];
  try {
    for (const [name, sdk, more] of [
      ["ours", ours, {}],
      ["official", official, { disableMetrics: true }],
    ]) {
      const connectionConfig = { domain, apiKey, ...more };
      const sandbox = await sdk.Sandbox.create({ connectionConfig, image: IMAGE });
      boxes.push({ name, sandbox });
    }
    const lines = async (sandbox) => {
      let count = 0;
      const onStdout = () => {
        count++;
      };
      await sandbox.commands.run(`seq ${LINES}`, {}, { onStdout, skipAccumulation: true });
      if (count !== LINES) throw new Error(`${count} lines instead of ${LINES}`);
    };
    const echo = async (sandbox) => {
      const { logs } = await sandbox.commands.run("echo hi");
      if (logs.stdout[0]?.text !== "hi") throw new Error("echo hi said something else");
    };
    const found = [];
    for (const [what, work] of [
      ["`echo hi`", echo],
      ["200,000 lines, a handler each", lines],
    ]) {
      const times = { ours: [], official: [] };
      for (let round = 0; round <= rounds; round++) {
        for (const { name, sandbox } of boxes) {
          say(`round ${round} of ${rounds}: ${what}, ${name}`);
          const from = performance.now();
          await work(sandbox);
          if (round > 0) times[name].push(performance.now() - from);
        }
      }
      found.push({ what, ours: median(times.ours), official: median(times.official) });
    }
    return found;
  } finally {
    for (const { sandbox } of boxes) await sandbox.kill().catch(() => {});
    await stop(child);
  }
}
