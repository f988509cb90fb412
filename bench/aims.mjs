// What the numbers have to be, and what they are.
import { times } from "./numbers.mjs";

const atLeast = (aim, limit, ratio) => ({ aim, limit: `≥ ${limit} ×`, found: times(ratio), met: ratio >= limit });
const atMost = (aim, limit, ratio) => ({ aim, limit: `≤ ${limit} ×`, found: times(ratio), met: ratio <= limit });
const below = (aim, limit, ratio) => ({ aim, limit: `< ${limit} ×`, found: times(ratio), met: ratio < limit });

/** `{ matrices, long, real }` as measured; gives `[{ aim, limit, found, met }]`. */
export function streamAims({ matrices, long, real }) {
  const usual = matrices.find(({ characters }) => characters === 64).rows;
  const ms = (reader, size) => usual.find((row) => row.reader === reader && row.size === size).ms;
  const big = 65_536;
  const perByte = (megabytes) =>
    long.find((row) => row.reader === "handler" && row.megabytes === megabytes).ms / megabytes;
  const echo = real.find(({ what }) => what === "`echo hi`");
  return [
    atLeast("64 KiB: a handler per event, speed of the official SDK's", 5, ms("official", big) / ms("handler", big)),
    atLeast("64 KiB: a handler per event, speed of the bare loop", 1.5, ms("bare", big) / ms("handler", big)),
    atLeast("64 KiB: text only, speed of the official SDK", 12, ms("official", big) / ms("text", big)),
    atMost("64 KiB: text only, time of reading and nothing else", 3.5, ms("text", big) / ms("reading", big)),
    atMost(
      "one event per chunk: a handler, time of the bare loop, reading included",
      1.1,
      ms("handler", "event") / ms("bare", "event"),
    ),
    atMost("a line of 32 MB, time per byte of one of 8 MB", 1.5, perByte(32) / perByte(8)),
    atLeast("`echo hi` on the local server, speed of the official SDK", 20, echo.official / echo.ours),
  ];
}

/** `{ rows }` of startup(). */
export function startupAims({ rows }) {
  const ms = (id) => rows.find((row) => row.runtime === "node" && row.id === id).arrived;
  return [below("import to first request in Node, time of the official SDK", 1, ms("ours") / ms("official"))];
}
