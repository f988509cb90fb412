// The numbers of the streams as Markdown, which reads as well on a terminal, and as bars.
import { KEPT } from "./memory.mjs";
import { megabytes, milliseconds, three, times } from "./numbers.mjs";
import { readers } from "./readers.mjs";
import { LONG, SIZES } from "./streams.mjs";
import { aimsTable, table } from "./table.mjs";

const SIZE_NAMES = { 65536: "64 KiB", 4096: "4 KiB", event: "one event" };

function matrixTable({ rows }) {
  const of = (reader, size) => rows.find((row) => row.reader === reader && row.size === size).ms;
  return table(
    ["milliseconds", ...SIZES.map((size) => SIZE_NAMES[size])],
    Object.entries(readers).map(([reader, { name }]) => [name, ...SIZES.map((size) => three(of(reader, size)))]),
  );
}

/** What is left when the time for reading is taken off: the bare loop's against ours. */
function parsing({ rows }) {
  const of = (reader, size) => rows.find((row) => row.reader === reader && row.size === size).ms;
  const ratio = (reader, size) =>
    times((of("bare", size) - of("reading", size)) / (of(reader, size) - of("reading", size)));
  return table(
    ["speed of parsing alone, the bare loop's = 1", ...SIZES.map((size) => SIZE_NAMES[size])],
    ["text", "handler"].map((reader) => [readers[reader].name, ...SIZES.map((size) => ratio(reader, size))]),
  );
}

function longTable(long) {
  const names = [...new Set(long.map(({ reader }) => reader))];
  const of = (reader, size) => long.find((row) => row.reader === reader && row.megabytes === size).ms;
  const [small, large] = LONG;
  return table(
    ["one line of", ...LONG.map((size) => `${size} MB`), "time per byte"],
    names.map((reader) => [
      readers[reader].name,
      ...LONG.map((size) => milliseconds(of(reader, size))),
      times(of(reader, large) / large / (of(reader, small) / small)),
    ]),
  );
}

/** `environment`: `{ machine, versions, rounds }`. */
export function markdown({ matrices, long, memory, real, aims, environment }) {
  const { machine, versions, rounds } = environment;
  return `# How fast a stream is read

Written by \`make bench\` (this page alone: \`make bench ONLY=streams\`): one program, one run, every row in turn, medians of ${rounds}
rounds after one for the compilers. The garbage is collected before each measurement, outside of its time.

- Machine: ${machine}
- Versions: ${versions}

![Times of the readers as bars](streams.svg)

The body comes from memory, as \`fetch\` would give it: a byte stream whose chunks are fresh copies. All rows read the same stream,
so "reading and nothing else" is the least that any of them can take. opensandbox-wasm and the official SDK do a whole
\`commands.run\`, with all of their checks; eventsource-parser reads the same events with \`data: \` before each, as it knows nothing
else. "Text only" has the output as one string per chunk; \`stdout\` joins it.

## Aims

Lines of 64 characters, if nothing else is said.

${aimsTable(aims)}

${matrices
  .map(
    (matrix) => `## ${matrix.events.toLocaleString("en")} lines of ${matrix.characters.toLocaleString("en")} characters

Chunks of 64 KiB, of 4 KiB, and one for each event.

${matrixTable(matrix)}

${parsing(matrix)}
`,
  )
  .join("\n")}
## One very long line

In chunks of 64 KiB. The last column: what a byte of the longer line costs beside a byte of the shorter one.

${longTable(long)}

## Memory

What 200,000 lines of 64 characters (12.8 MB) leave behind after a collection of the garbage, each reader in a process of its
own. Heap: JavaScript's and what it holds outside, WebAssembly's memory among it.

${table(
  ["", "heap", "RSS"],
  memory.map(({ kind, heap, rss }) => [KEPT[kind], megabytes(heap), megabytes(rss)]),
)}

## On the local server

Real programs, over the loopback device.

${table(
  ["", "opensandbox-wasm", "official SDK", "faster"],
  real.map(({ what, ours, official }) => [what, milliseconds(ours), milliseconds(official), times(official / ours)]),
)}

execd keeps the response of a foreground command open for a second after its end. The official SDK waits for that;
opensandbox-wasm knows that the run is over.
`;
}

const kind = (reader) =>
  ({ reading: "limit", official: "official", collected: "official", bare: "other", eventsource: "other" })[reader] ??
  "ours";

/** What chart() draws of a matrix: one panel for each size of chunks. */
export const bars = ({ rows, events, characters }) => ({
  title: `Time to read ${events.toLocaleString("en")} lines of ${characters} characters`,
  text: "Milliseconds, medians; shorter is better. The body comes from memory.",
  description: "for each reader and three sizes of chunks. The numbers are in streams.md.",
  panels: SIZES.map((size) => ({
    head: `chunks: ${SIZE_NAMES[size]}`,
    bars: Object.entries(readers).map(([reader, { name }]) => ({
      name,
      kind: kind(reader),
      ms: rows.find((row) => row.reader === reader && row.size === size).ms,
    })),
  })),
});
