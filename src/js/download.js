// Reading a file in one request. File bytes never enter WebAssembly memory.

import { LineCutter } from "./lines.js";

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

/** `Content-Length` as a number. */
function lengthOf(exchange) {
  const text = exchange.header("content-length");
  return text === undefined || text === "" ? undefined : Number(text);
}

/**
 * The whole body, or some of its lines, with progress, within the limit of the request. What `onProgress` throws rejects as
 * it is.
 */
export async function gather(exchange, lines, path, onProgress) {
  const cutter = lines && new LineCutter(...lines);
  const meter = new Meter(path, onProgress, cutter ? undefined : lengthOf(exchange));
  const chunks = [];
  let thrown;
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
  if (thrown) throw thrown.error;
  return concat(chunks);
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

/**
 * A download as an async iterable. The driver (Rust) sends the request when the first chunk is asked for and makes a typed
 * error of what breaks in the middle; leaving the loop closes the connection.
 */
export function byteStream(driver, path, onProgress) {
  const chunks = async function* () {
    const exchange = await driver.open();
    const cutter = exchange.lines && new LineCutter(...exchange.lines);
    const meter = new Meter(path, onProgress, cutter ? undefined : lengthOf(exchange));
    let reader;
    const next = async () => {
      try {
        reader ??= exchange.reader();
        const { done, value } = reader ? await reader.read() : { done: true };
        if (exchange.halted) throw exchange.halted;
        return done ? undefined : value;
      } catch (cause) {
        throw driver.failure(exchange.halted ?? cause);
      }
    };
    try {
      while (!cutter?.done) {
        const value = await next();
        if (value === undefined) return;
        const chunk = cutter ? cutter.cut(value) : value;
        meter.add(chunk.length);
        if (chunk.length > 0) yield chunk;
      }
    } finally {
      exchange.abort();
      driver.free();
    }
  };
  return once(chunks());
}

export function bytesToText(bytes, encoding) {
  return new TextDecoder(encoding).decode(bytes);
}
