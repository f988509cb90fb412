// Every recorded stream through the whole client: cut in two at every place it gives the same execution as in one piece, and
// every event is what the host's JSON.parse makes of its line.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { noUnhandledRejections, outcome } from "./fault-server.mjs";

noUnhandledRejections();
const folder = new URL("../fixtures/execd/", import.meta.url);
const json = (value) => new Response(JSON.stringify(value));

/** What the next run gets: pieces of a body. */
let pieces;
const fetch = async (url) => {
  const { pathname } = new URL(url);
  if (pathname.endsWith("/sandboxes")) return json({ id: "s", createdAt: "2026-01-01T00:00:00Z" });
  if (pathname.includes("/endpoints/")) return json({ endpoint: "127.0.0.1:1" });
  if (pathname === "/command" || pathname.endsWith("/run")) {
    return new Response(ReadableStream.from(pieces.filter((piece) => piece.length > 0).map((piece) => piece.slice())));
  }
  return new Response('{"code":"NOT_FOUND","message":"no"}', { status: 404 });
};
const connectionConfig = { domain: "127.0.0.1:1", fetch };
const { commands } = await Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });

/** How each endpoint's streams are consumed. */
const ENDPOINTS = {
  command: () => commands.run("x"),
  // The events are the same, which is what counts here.
  code: () => commands.run("x"),
  background: () => commands.run("x", { background: true }),
  session: () => commands.runInSession("s", "x"),
};

/** The recordings of streams, with the endpoint that sent them. */
function recordings() {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((file) => {
      const { request, headers, status } = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
      if (status !== 200 || !headers?.["content-type"]?.startsWith("text/event-stream")) return [];
      const body = readFileSync(new URL(file.replace(".json", ".body"), folder));
      const background = request.json?.background ? "background" : "command";
      const endpoint =
        request.path === "/command" ? background : request.path.startsWith("/session/") ? "session" : "code";
      return [{ name: file.replace(".json", ""), endpoint, body }];
    });
}

const plain = (error) => ({ ...error.toJSON(), requestId: undefined, stillRunning: error.stillRunning });

/** How a run of these pieces ends, as data. */
async function end(endpoint, cut) {
  pieces = cut;
  const { execution, error } = await outcome(ENDPOINTS[endpoint]());
  const seen = execution ?? error.execution;
  // A bare error object has no time stamp: it gets the clock's.
  if (seen?.error && !Buffer.concat(cut).includes(String(seen.error.timestamp))) seen.error.timestamp = "now";
  return {
    execution: seen && { ...seen.toJSON(), output: seen.output, ok: seen.ok, recovered: seen.recovered },
    error: error && plain(error),
  };
}

describe("a recording cut in two anywhere", () => {
  for (const { name, endpoint, body } of recordings()) {
    // The long ones are cut around their first and last events only.
    if (name === "metrics-watch") continue;
    const near = (cut) => body.length < 2_000 || cut < 300 || cut > body.length - 300;
    test(`${name}, ${endpoint}`, async () => {
      const whole = await end(endpoint, [body]);
      for (let cut = 1; cut < body.length; cut++) {
        if (!near(cut)) continue;
        assert.deepEqual(await end(endpoint, [body.subarray(0, cut), body.subarray(cut)]), whole, `cut at ${cut}`);
      }
      if (body.length < 2_000) {
        const bytes = Array.from({ length: body.length }, (_, at) => body.subarray(at, at + 1));
        assert.deepEqual(await end(endpoint, bytes), whole, "byte by byte");
      }
    });
  }
});

describe("events are what JSON.parse makes of them", () => {
  const same = async (lines) => {
    pieces = [Buffer.from(`${lines.join("\n\n")}\n\n`)];
    const events = [];
    for await (const event of commands.runStream("x")) events.push(event);
    assert.deepEqual(
      events,
      lines.map((line) => JSON.parse(line)),
    );
  };
  const END = '{"type":"execution_complete","timestamp":1}';

  test("all that was recorded", async () => {
    for (const { name, endpoint, body } of recordings()) {
      if (endpoint !== "command" || name === "command-background") continue;
      const lines = body.toString().split("\n").filter(Boolean);
      // What follows the end is not read.
      const over = lines.findIndex((line) => /^\{"type":"(execution_complete|error)"/.test(line));
      await same(lines.slice(0, over + 1));
    }
  });

  const ODD = [
    String.raw`{"type":"stdout","text":"\u0041\u00e9\ud83d\ude00\n\t\"\\\/\b\f\r","timestamp":5}`,
    String.raw`{"type":"stdout","text":"\ud800 alone, \udc00 alone, \udc00\ud800 reversed","timestamp":5}`,
    String.raw`{"type":"stdout","text":"\u0000\u001b[31m\u2028\u2029\ufeff","timestamp":5}`,
    '{"type":"stdout","text":"\ufeffa BOM in the middle\u0085\u007f","timestamp":5}',
    '{"type":"stdout","text":"a","timestamp":123456789012345}',
    '{"type":"stdout","text":"a","timestamp":1234567890123456}',
    '{"type":"stdout","text":"a","timestamp":12345678901234567890}',
    '{"type":"stdout","text":"a","timestamp":1e999}',
    '{"type":"stdout","text":"a","timestamp":1E3}',
    '{"type":"stdout","text":"a","timestamp":-0}',
    '{"type":"stdout","text":"a","timestamp":0}',
    '{"type":"stdout","text":"first","text":"second","timestamp":5}',
    '{"type":"stdout","type":"stderr","text":"a","timestamp":5}',
    '{"type":"stdout","text":"a","timestamp":5,"timestamp":6}',
    '{"type":"stderr","text":"","timestamp":5}',
    '{"type":"stdout","timestamp":5}',
    '{"type":"stdout","text":null,"timestamp":5}',
    '{"type":"stdout","text":{"deep":[1,{"x":null}]},"timestamp":5}',
    '{"text":"a","timestamp":5,"type":"stdout"}',
    '  {\t"type" : "stdout" , "text" : "spaces" , "timestamp" : 5 }  ',
    '{"type":"__proto__","text":"a","timestamp":5}',
    `{"type":"odd","value":${"[".repeat(1_000)}${"]".repeat(1_000)}}`,
    '{"type":"result","results":{"text/html":"<b>x</b>","application/json":{"k":[1,2.5,-3e-7]}},"timestamp":5}',
  ];
  for (const line of ODD) test(line.slice(0, 90), () => same([line, END]));
});
