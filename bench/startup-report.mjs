// The numbers of startup() as Markdown and as bars.
import { three } from "./numbers.mjs";
import { aimsTable, table } from "./table.mjs";

const HEAD = ["milliseconds", "`fetch` is called", "at the server", "half of them", "with the start"];

function runtimeTable(rows) {
  return table(
    HEAD,
    rows.map(({ name, refused, called, arrived, spread, all }) =>
      refused
        ? [name, "–", "–", "–", "–"]
        : [name, three(called), three(arrived), spread.map(three).join("–"), three(all)],
    ),
  );
}

const refusals = (rows) =>
  rows.filter(({ refused }) => refused).map(({ name, refused }) => `\n${name}: does not load. ${refused}\n`);

/** `found` of startup(), with `aims` and `environment`: `{ machine, versions, rounds }`. */
export function markdown({ rows, names, missing, aims, environment }) {
  const { machine, versions, rounds } = environment;
  return `# From the import to the first request

Written by \`make bench\` (this page alone: \`make bench ONLY=startup\`): every row in turn, each time in a fresh process or a fresh
context of the browser, medians of ${rounds} rounds after one for the caches of files.

- Machine: ${machine}
- Versions: ${versions}

![Times from the import to the first request as bars](startup.svg)

The program imports the SDK, makes a \`SandboxManager\` and lists the sandboxes of a server on the loopback device. All times begin
with the \`import\`, but for the last column, which begins before the process is started or the page opened.

- **\`fetch\` is called**: what the SDK itself needs: loading its modules, starting its WebAssembly, making the request.
- **at the server**: the request has come. The aim is about this one, as some of the runtime's own \`fetch\` is loaded by its first
  use, which for one SDK is before the call and for the other in it.
- **half of them**: between these two lies half of the times at the server.
- **bundled**: by esbuild, minified, with what the program uses. The official SDK gets a \`require\` for Node; without it its bundle
  could not load undici. In Bun undici is the runtime's own, and loads nothing.

## Aims

${aimsTable(aims)}

${Object.entries(names)
  .map(([runtime, name]) => {
    const own = rows.filter((row) => row.runtime === runtime);
    return `## ${name}\n\n${runtimeTable(own)}\n${refusals(own).join("")}`;
  })
  .concat(Object.entries(missing).map(([name, why]) => `## ${name}\n\nNot measured: ${why}.\n`))
  .join("\n")}
In Chromium the modules come over HTTP from the loopback device, uncompressed and without a cache, and an import map names them. Rows
that are not bundled load one file after the other, as they find each other.
`;
}

/** What chart() draws: one panel for each runtime. */
export const bars = ({ rows, names }) => ({
  title: "From the import to the first request",
  text: "Milliseconds until it is at the server, medians; shorter is better.",
  description: "for each SDK in each runtime. The numbers are in startup.md.",
  panels: Object.entries(names).map(([runtime, head]) => ({
    head,
    bars: rows
      .filter((row) => row.runtime === runtime && !row.refused)
      .map(({ id, name, arrived }) => ({ name, kind: id.startsWith("official") ? "official" : "ours", ms: arrived })),
  })),
});
