// How fast is a stream of output read? One program, one run, everything interleaved, the body from memory: 200,000 events
// of 64 characters, as execd sends them. Medians of 7. `make bench`.
import { cpus } from "node:os";
import { Sandbox } from "opensandbox-wasm";

const EVENTS = 200_000;
const ROUNDS = 7;

const line = "x".repeat(64);
const events = Array.from(
  { length: EVENTS },
  (_, i) => `{"type":"stdout","text":"${line}","timestamp":${1795402209570 + i}}\n\n`,
);
const body = new TextEncoder().encode(
  `{"type":"init","text":"a","timestamp":1}\n\n${events.join("")}{"type":"execution_complete","timestamp":2}\n\n`,
);

function stream(size) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.length) return controller.close();
      controller.enqueue(body.subarray(at, at + size));
      at += size;
    },
  });
}

/** A sandbox whose server is a function. */
async function sandbox(size) {
  const json = (value) => new Response(JSON.stringify(value));
  const fetch = async (url) => {
    if (url.endsWith("/sandboxes")) return json({ id: "s", createdAt: "2026-01-01T00:00:00Z" });
    if (url.includes("/endpoints/")) return json({ endpoint: "d:1" });
    return new Response(stream(size));
  };
  return Sandbox.create({ connectionConfig: { domain: "h:1", fetch }, image: "i", skipHealthCheck: true });
}

async function reading(size) {
  const reader = stream(size).getReader();
  while (!(await reader.read()).done);
}

/** What one would write by hand: no checks at all. */
async function bareLoop(size, onStdout) {
  const decoder = new TextDecoder();
  let rest = "";
  const reader = stream(size).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const text of lines) {
      if (text === "") continue;
      const event = JSON.parse(text);
      if (event.type === "stdout") onStdout({ text: event.text, timestamp: event.timestamp, isError: false });
    }
  }
}

let sum = 0;
const onStdout = (message) => {
  sum += message.text.length;
};

async function row(name, size, work) {
  const boxes = await sandbox(size);
  return { name, size, work: () => work(size, boxes), times: [] };
}

const rows = [];
for (const size of [65_536, 4_096]) {
  rows.push(
    await row("reading and nothing else", size, reading),
    await row("opensandbox-wasm, text only", size, async (_, box) => {
      const execution = await box.commands.run("x");
      if (execution.exitCode !== 0) throw new Error("wrong");
    }),
    await row("opensandbox-wasm, a handler per event", size, (_, box) =>
      box.commands.run("x", {}, { onStdout, skipAccumulation: true }),
    ),
    await row("a bare loop in JavaScript", size, (size) => bareLoop(size, onStdout)),
  );
}
for (let round = 0; round <= ROUNDS; round++) {
  for (const each of rows) {
    const from = performance.now();
    await each.work();
    // The first round is for the compilers.
    if (round > 0) each.times.push(performance.now() - from);
  }
}

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
console.log(
  `${EVENTS} events, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, medians of ${ROUNDS}\n`,
);
for (const size of [65_536, 4_096]) {
  const group = rows.filter((each) => each.size === size);
  const bare = median(group.at(-1).times);
  console.log(`in chunks of ${size / 1024} KiB`);
  for (const { name, times } of group) {
    console.log(
      `  ${name.padEnd(40)} ${median(times).toFixed(1).padStart(8)} ms  ${(bare / median(times)).toFixed(2).padStart(6)} × the bare loop's speed`,
    );
  }
}
if (sum === 0) throw new Error("nothing was read");
