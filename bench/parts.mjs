// What can be measured on its own. Each part: the rounds that a number worth keeping needs, what it needs built and installed, and
// `measure(rounds)`, which gives its page as Markdown, its aims, and the files for docs/bench/.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { buildServer } from "../scripts/build-local.mjs";
import { Stop, step } from "../scripts/step.mjs";
import { installPackages } from "../scripts/test-packages.mjs";
import { startupAims, streamAims } from "./aims.mjs";
import { chart } from "./chart.mjs";
import { machine, packages } from "./environment.mjs";

async function streams(rounds) {
  // As --expose-gc does.
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
  // Only now: what they import has just been built and installed.
  const { LINES, longLines, matrix } = await import("./streams.mjs");
  const { memory } = await import("./memory.mjs");
  const { real } = await import("./real.mjs");
  const { bars, markdown } = await import("./report.mjs");

  const { ours, official, parser, node } = packages();
  const environment = { machine: machine(), versions: [ours, official, parser, node].join(", "), rounds };
  const found = { matrices: [], environment };
  for (const [characters, events] of LINES) {
    await step(`${events.toLocaleString("en")} lines of ${characters} characters`, async (say) => {
      found.matrices.push({ characters, events, rows: await matrix(characters, events, rounds, say) });
    });
  }
  await step("one very long line", async (say) => {
    found.long = await longLines(rounds, say);
  });
  await step("memory", async (say) => {
    found.memory = memory(rounds, say);
  });
  await step("the local server", async (say) => {
    found.real = await real(rounds, say);
  });
  found.aims = streamAims(found);
  const text = markdown(found);
  return {
    text,
    aims: found.aims,
    files: { "streams.md": text, "streams.svg": chart(bars(found.matrices[0]), environment) },
  };
}

async function startup(rounds) {
  const { startup: measure } = await import("./startup.mjs");
  const { bars, markdown } = await import("./startup-report.mjs");
  const found = {};
  await step("from import to the first request", async (say) => {
    Object.assign(found, await measure(rounds, say));
  });
  found.aims = startupAims(found);
  const { ours, official } = packages();
  const runtimes = Object.entries(found.versions).map(([id, version]) => `${found.names[id]} ${version}`);
  found.environment = { machine: machine(), versions: [ours, official, ...runtimes].join(", "), rounds };
  const text = markdown(found);
  return {
    text,
    aims: found.aims,
    files: { "startup.md": text, "startup.svg": chart(bars(found), found.environment) },
  };
}

/** Deno and Bun. Where they cannot be had, the others are measured. */
async function runtimes() {
  await installPackages("runtimes").catch((error) => {
    if (!(error instanceof Stop)) throw error;
  });
}

export const PARTS = {
  streams: { rounds: 7, measure: streams, prepare: buildServer },
  startup: { rounds: 21, measure: startup, prepare: runtimes },
};
