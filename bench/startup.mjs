// From the start of the import to the first request: every SDK in every runtime, in turn, each time in a fresh process or page.
import { median, quartiles } from "./numbers.mjs";
import { makeApp, PACKAGES } from "./startup/app.mjs";
import { runners } from "./startup/runners.mjs";
import { serve } from "./startup/server.mjs";

const OURS = "opensandbox-wasm";
const OFFICIAL = "official SDK";
const everywhere = ["node", "deno", "bun", "chromium"];
const bundled = (name, platform) => ({ entry: `./${name}.${platform}.mjs`, bundle: `${name}.${platform}` });

/** What is imported, where. `start`: what the entry `slim` wants before its first use. */
const CONTENDERS = [
  { id: "official", name: OFFICIAL, entry: PACKAGES.official, runtimes: everywhere },
  { id: "ours", name: OURS, entry: PACKAGES.ours, runtimes: everywhere },
  { id: "slim", name: `${OURS}/slim, \`init()\``, entry: `${PACKAGES.ours}/slim`, start: "init", runtimes: everywhere },
  {
    id: "sync",
    name: `${OURS}/slim, \`initSync(bytes)\``,
    entry: `${PACKAGES.ours}/slim`,
    start: "initSync",
    runtimes: ["node"],
  },
  ...["node", "chromium"].flatMap((runtime) => {
    const platform = runtime === "node" ? "node" : "browser";
    return [
      { id: "officialBundle", name: `${OFFICIAL}, bundled`, ...bundled("official", platform), runtimes: [runtime] },
      { id: "oursBundle", name: `${OURS}, bundled`, ...bundled("ours", platform), runtimes: [runtime] },
    ];
  }),
];

/** One measurement; `{ called, arrived, all }` in milliseconds: from the import on, and from the start of the process or page. */
async function once(server, runner, { entry, start }) {
  const started = server.now();
  const { imported, called, error } = await runner.run(server, { entry, start });
  if (error) return { error };
  const arrived = server.arrived();
  // A clock that was set meanwhile; the two processes read it to some hundredths of a millisecond.
  if (!(started <= imported && imported <= called && called <= arrived + 1)) {
    throw new Error(`wrong order: ${JSON.stringify({ started, imported, called, arrived })}`);
  }
  return { called: called - imported, arrived: arrived - imported, all: arrived - started };
}

/**
 * `rows`: `{ runtime, id, name, called, arrived, all, spread }`, medians in milliseconds, or `refused` instead of them; `versions` of the
 * runtimes; `missing`, those that are not here.
 */
export async function startup(rounds, say = () => {}) {
  const refused = await makeApp();
  const { found, missing } = await runners();
  const server = await serve();
  try {
    const rows = Object.keys(found).flatMap((runtime) =>
      CONTENDERS.filter(({ runtimes }) => runtimes.includes(runtime)).map((contender) => ({
        ...contender,
        runtime,
        refused: refused[contender.bundle],
        times: [],
      })),
    );
    // The first round is for the caches of files, and for Deno's of compiled code.
    for (let round = 0; round <= rounds; round++) {
      for (const row of rows) {
        if (row.refused) continue;
        say(`round ${round} of ${rounds}: ${found[row.runtime].name}, ${row.name}`);
        const { error, ...times } = await once(server, found[row.runtime], row);
        // What ran once has to run each time.
        if (error && round > 0) throw new Error(`${found[row.runtime].name}, ${row.name}: ${error}`);
        row.refused = error;
        if (round > 0) row.times.push(times);
      }
    }
    const versions = {};
    for (const [runtime, { version }] of Object.entries(found)) versions[runtime] = await version();
    return { rows: rows.map(summed), names: names(found), versions, missing };
  } finally {
    for (const runner of Object.values(found)) await runner.stop();
    await server.stop();
  }
}

const names = (found) => Object.fromEntries(Object.entries(found).map(([runtime, { name }]) => [runtime, name]));

function summed({ runtime, id, name, refused, times }) {
  if (refused) return { runtime, id, name, refused };
  const all = (key) => times.map((one) => one[key]);
  return {
    runtime,
    id,
    name,
    called: median(all("called")),
    arrived: median(all("arrived")),
    spread: quartiles(all("arrived")),
    all: median(all("all")),
  };
}
