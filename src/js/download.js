// Reading a file in one request. File bytes never enter WebAssembly memory.

import { InvalidArgumentException } from "./errors.js";
import { LineCutter } from "./lines.js";
import { brokenBody, failed } from "./send.js";

/** Says how far a download is. `total` is left out where it is not known, or turns out to be wrong: a gateway may compress. */
export class Meter {
  #path;
  #onProgress;
  loaded = 0;
  total;

  constructor(path, onProgress, total) {
    this.#path = path;
    this.#onProgress = onProgress;
    this.total = total;
  }

  add(bytes) {
    this.loaded += bytes;
    if (this.#onProgress) this.#onProgress(progress(this.#path, this.loaded, this.total));
  }
}

export const progress = (path, loaded, total) => (total >= loaded ? { path, loaded, total } : { path, loaded });

export function concat(chunks) {
  if (chunks.length === 1) return chunks[0].slice();
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Called from Rust: a request for a file's bytes. With lines, counted from 1, it has both `offset` and `limit`. */
export const downloadOf = (path, range, offset, limit, call, onProgress) => ({
  path,
  range,
  lines: offset && [offset, limit],
  call,
  onProgress,
});

/** `reader`: who reads the answer, see send.js. */
function open(execd, { path, range, lines, call }, what, reader) {
  const query = [["path", path]];
  if (lines) query.push(["offset", lines[0]], ["limit", lines[1]]);
  const headers = range === undefined ? [] : [["Range", range]];
  return execd.send({ method: "GET", url: "/files/download", query, what, headers }, call, reader);
}

/**
 * Cuts the lines out if that is still to be done. An execd that reads lines says text/plain; one that does not ignores what it does
 * not know and sends the whole file as octets.
 */
const cutterFor = (exchange, lines) =>
  lines && !exchange.header("content-type")?.startsWith("text/plain") ? new LineCutter(...lines) : undefined;

function meterFor(exchange, cutter, { path, onProgress }) {
  const length = cutter ? "" : exchange.header("content-length");
  return new Meter(path, onProgress, length ? Number(length) : undefined);
}

/** Called from Rust. What `onProgress` throws rejects as it is. */
export async function readBytes(execd, download) {
  // What is cut or counted as it comes cannot be taken back: asked for again only before that.
  const whole = !download.lines && !download.onProgress;
  const exchange = await open(execd, download, "Download failed", whole ? "whole" : "taken");
  if (whole) return exchange.whole;
  const cutter = cutterFor(exchange, download.lines);
  const meter = meterFor(exchange, cutter, download);
  const chunks = [];
  let thrown;
  try {
    await exchange.pour((value) => {
      const chunk = cutter ? cutter.cut(value) : value;
      chunks.push(chunk);
      try {
        meter.add(chunk.length);
      } catch (error) {
        thrown = { error };
      }
      return thrown !== undefined || cutter?.done;
    });
  } catch (halt) {
    throw failed(halt, exchange.what, exchange.url, exchange.limitMs, exchange.requestId);
  }
  if (thrown) throw thrown.error;
  return concat(chunks);
}

/** Called from Rust. */
export async function readText(execd, download, encoding) {
  // Before anything is sent: does the runtime know it?
  const decoder = decoderOf(encoding);
  return decoder.decode(await readBytes(execd, download));
}

function decoderOf(encoding) {
  try {
    return new TextDecoder(encoding);
  } catch (cause) {
    throw new InvalidArgumentException({ message: "encoding is not one that TextDecoder knows", cause });
  }
}

/** An async iterable over `chunks` that can be iterated once. */
export function once(chunks) {
  let taken = false;
  return {
    [Symbol.asyncIterator]() {
      if (taken) throw new TypeError("This stream has been read already: it can be iterated only once");
      taken = true;
      return chunks;
    },
  };
}

/** What a reader of a body gives next; `undefined` at the end. `reader`: none where there is no body. */
export async function nextChunk(exchange, reader, what) {
  try {
    const { done, value } = reader ? await reader.read() : { done: true };
    if (exchange.halted) throw exchange.halted;
    return done ? undefined : value;
  } catch (cause) {
    throw brokenBody(what, exchange.halted ?? cause);
  }
}

/** The reader of a body. */
export function readerOf(exchange, what) {
  try {
    return exchange.reader();
  } catch (cause) {
    throw brokenBody(what, cause);
  }
}

/**
 * Called from Rust: a download as an async iterable. The request is sent when the first chunk is asked for; leaving the loop closes
 * the connection.
 */
export function byteStream(execd, download) {
  const what = "Download stream failed";
  const chunks = async function* () {
    const exchange = await open(execd, download, what, "stream");
    const cutter = cutterFor(exchange, download.lines);
    const meter = meterFor(exchange, cutter, download);
    try {
      const reader = readerOf(exchange, what);
      while (!cutter?.done) {
        const value = await nextChunk(exchange, reader, what);
        if (value === undefined) return;
        const chunk = cutter ? cutter.cut(value) : value;
        meter.add(chunk.length);
        if (chunk.length > 0) yield chunk;
      }
    } finally {
      exchange.abort();
    }
  };
  return once(chunks());
}
