// What is read: bodies as execd sends them, and streams that give them from memory.

const encode = (text) => new TextEncoder().encode(text);
const FRAME = (text) => `${text}\n\n`;

/** The body of a run with `events` lines of `characters` each. `sse`: with `data: `, for readers that know nothing else. */
export function body({ events, characters, sse = false }) {
  const line = "x".repeat(characters);
  const prefix = sse ? "data: " : "";
  const parts = [FRAME(`${prefix}{"type":"init","text":"a","timestamp":1}`)];
  for (let i = 0; i < events; i++) {
    parts.push(FRAME(`${prefix}{"type":"stdout","text":"${line}","timestamp":${1795402209570 + i}}`));
  }
  parts.push(FRAME(`${prefix}{"type":"execution_complete","execution_time":5,"timestamp":1795402209570}`));
  return encode(parts.join(""));
}

/** Where each event ends. */
function ends(bytes) {
  const found = [];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 2)) found.push(at + 2);
  return found;
}

/** Cuts a body: `size` bytes each, or one event each. */
export function cuts(bytes, size) {
  if (size === "event") return ends(bytes);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => Math.min((i + 1) * size, bytes.length));
}

/** As fetch gives it: a byte stream whose every chunk is a fresh copy, made when it is asked for. */
export function stream({ bytes, cuts }) {
  let at = 0;
  let next = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (next === cuts.length) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(bytes.slice(at, cuts[next]));
      at = cuts[next++];
    },
  });
}

/** A server that is a function: `source()` says what the next run sends. */
export function fakeFetch(source) {
  const json = (value) => new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
  return async (input) => {
    const { pathname } = new URL(typeof input === "string" ? input : input.url);
    if (pathname.endsWith("/sandboxes")) return json({ id: "s", createdAt: "2026-01-01T00:00:00Z" });
    if (pathname.includes("/endpoints/")) return json({ endpoint: "127.0.0.1:1" });
    return new Response(stream(source()), { headers: { "content-type": "text/event-stream" } });
  };
}
