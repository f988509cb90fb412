// Rows of times: every reader over the same bodies, in turn, `rounds` times after one for the compilers.
import { median } from "./numbers.mjs";
import { readers, time } from "./readers.mjs";
import { body, cuts } from "./source.mjs";

export const SIZES = [65_536, 4_096, "event"];
/** Characters of a line, and how many lines make a body of about 20 MB. */
export const LINES = [
  [64, 200_000],
  [20, 200_000],
  [4_000, 5_000],
];

/** `rows`: `{ reader, source, … }`. Adds `ms`, the median. */
export async function measure(rows, rounds, say = () => {}) {
  for (const row of rows) row.times = [];
  for (let round = 0; round <= rounds; round++) {
    for (const row of rows) {
      say(`round ${round} of ${rounds}: ${readers[row.reader].name}`);
      const took = await time(readers[row.reader], row.source);
      if (round > 0) row.times.push(took);
    }
  }
  for (const row of rows) row.ms = median(row.times);
  return rows;
}

/** The table: chunk sizes × readers for lines of one length. */
export function matrix(characters, events, rounds, say) {
  const plain = body({ events, characters });
  const sse = body({ events, characters, sse: true });
  const rows = SIZES.flatMap((size) =>
    Object.entries(readers).map(([reader, { sse: needs }]) => {
      const bytes = needs ? sse : plain;
      return { reader, size, source: { bytes, cuts: cuts(bytes, size), events, characters: events * characters } };
    }),
  );
  return measure(rows, rounds, say);
}

/** One line of 8 MB and one of 32 MB, in chunks of 64 KiB. */
export const LONG = [8, 32];
export function longLines(rounds, say) {
  const rows = LONG.flatMap((megabytes) => {
    const characters = megabytes << 20;
    const bytes = body({ events: 1, characters });
    const source = { bytes, cuts: cuts(bytes, 65_536), events: 1, characters };
    return ["reading", "stdout", "handler", "bare", "official"].map((reader) => ({ reader, megabytes, source }));
  });
  return measure(rows, rounds, say);
}
