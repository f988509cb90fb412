// The readers that are compared. Each reads one whole run and returns how many characters of output it saw, so that none
// can skip anything.
import * as official from "@alibaba-group/opensandbox";
import { createParser } from "eventsource-parser";
import * as ours from "opensandbox-wasm";
import { fakeFetch, stream } from "./source.mjs";

export const OURS = "opensandbox-wasm";
export const OFFICIAL = "official SDK";

/** What the next run sends: set before each one. */
let current;
const fetch = fakeFetch(() => current);

const create = {
  connectionConfig: { domain: "127.0.0.1:1", fetch },
  image: "i",
  skipHealthCheck: true,
};

/** The official SDK takes `globalThis.fetch` as it is when the sandbox is made. */
async function officialSandbox() {
  const real = globalThis.fetch;
  globalThis.fetch = fetch;
  try {
    const connectionConfig = { domain: "127.0.0.1:1", disableMetrics: true };
    return await official.Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });
  } finally {
    globalThis.fetch = real;
  }
}

const theirs = await officialSandbox();
const box = await ours.Sandbox.create(create);

const succeeded = (execution) => {
  if (execution.exitCode !== 0) throw new Error(`exit code ${execution.exitCode}`);
  return execution;
};

/** Counts the characters that a handler gets. */
function counter() {
  let seen = 0;
  const onStdout = (message) => {
    seen += message.text.length;
  };
  return { onStdout, seen: () => seen };
}

const handlerOf = (sandbox) => async () => {
  const { onStdout, seen } = counter();
  succeeded(await sandbox.commands.run("x", {}, { onStdout, skipAccumulation: true }));
  return seen();
};

const read = () => new Response(stream(current)).body.getReader();

async function nothingElse({ characters }) {
  const reader = read();
  while (!(await reader.read()).done);
  return characters;
}

/** What one would write by hand: no checks, no ends, no abort. */
async function bareLoop() {
  const { onStdout, seen } = counter();
  const decoder = new TextDecoder();
  let rest = "";
  const reader = read();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const text of lines) {
      if (text === "") continue;
      const event = JSON.parse(text);
      if (event.type === "stdout") onStdout({ text: event.text, timestamp: event.timestamp, isError: false });
    }
  }
  return seen();
}

async function eventsourceParser() {
  const { onStdout, seen } = counter();
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent({ data }) {
      const event = JSON.parse(data);
      if (event.type === "stdout") onStdout({ text: event.text, timestamp: event.timestamp, isError: false });
    },
  });
  const reader = read();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    parser.feed(decoder.decode(value, { stream: true }));
  }
  return seen();
}

/** By short name. `sse`: knows only Server-Sent Events, so it gets the same events with `data: ` before each. */
export const readers = {
  reading: { name: "reading and nothing else", run: nothingElse },
  text: {
    name: `${OURS}, text only`,
    // The text is there, as one string per chunk; nothing is made of it.
    async run({ characters }) {
      succeeded(await box.commands.run("x"));
      return characters;
    },
  },
  stdout: {
    name: `${OURS}, text joined (\`stdout\`)`,
    async run({ events }) {
      // A line break for each line.
      return succeeded(await box.commands.run("x")).stdout.length - events;
    },
  },
  handler: { name: `${OURS}, a handler per event`, run: handlerOf(box) },
  iterator: {
    name: `${OURS}, \`for await\``,
    async run() {
      let seen = 0;
      for await (const event of box.commands.runStream("x")) if (event.type === "stdout") seen += event.text.length;
      return seen;
    },
  },
  bare: { name: "a bare loop in JavaScript", run: bareLoop },
  eventsource: { name: "eventsource-parser and JSON.parse", run: eventsourceParser, sse: true },
  official: { name: `${OFFICIAL}, a handler per event`, run: handlerOf(theirs) },
  collected: {
    name: `${OFFICIAL}, no handler`,
    async run() {
      return succeeded(await theirs.commands.run("x")).logs.stdout.reduce((sum, { text }) => sum + text.length, 0);
    },
  },
};

/** Runs one reader over one source, `{ bytes, cuts, events, characters }`, and gives the milliseconds. */
export async function time({ run }, source) {
  current = source;
  // What others left behind is not this one's to sweep.
  globalThis.gc?.();
  const from = performance.now();
  const seen = await run(source);
  const took = performance.now() - from;
  if (seen !== source.characters) throw new Error(`${seen} characters instead of ${source.characters}`);
  return took;
}
