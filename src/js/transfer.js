// Bodies of uploads and downloads. File bytes never enter WebAssembly memory.

const isStream = (data) => typeof data?.getReader === "function";
const isBlob = (data) => typeof data?.arrayBuffer === "function" && typeof data.stream === "function";
const isBytes = (data) => ArrayBuffer.isView(data) || Object.prototype.toString.call(data) === "[object ArrayBuffer]";
const isIterable = (data) => typeof data?.[Symbol.asyncIterator] === "function";

/** The part's content type, by what was given. Throws for what cannot be uploaded. */
export function contentType(data) {
  if (data === undefined || data === null || typeof data === "string") return "text/plain; charset=utf-8";
  if (isBlob(data)) return data.type || "application/octet-stream";
  if (isBytes(data) || isStream(data) || isIterable(data)) return "application/octet-stream";
  throw new TypeError("data must be a string, Uint8Array, ArrayBuffer, Blob, ReadableStream or async iterable");
}

/**
 * The whole multipart body. A Blob of parts copies nothing and knows its length; FormData is not used because a fetch
 * from another package (npm undici) does not recognise the platform's. A stream stays a stream where the runtime can
 * send one: browsers over HTTP/1.1 fail or send "[object ReadableStream]", so there it is collected first.
 *
 * Gives `{ body, stop, failure }`: `body` is a promise, `stop()` ends the reading of the source when the request is over
 * (Node's fetch would go on pulling), `failure()` is the error of the source itself, if it had one.
 */
export function uploadBody(head, data, tail) {
  const streaming = isStream(data) || (isIterable(data) && !isBlob(data) && typeof data !== "string");
  if (!streaming) return { body: Promise.resolve(new Blob([head, data ?? "", tail])), stop() {}, failure() {} };
  const source = new Source(data);
  const body = canSendStreams() ? Promise.resolve(streamed(head, source, tail)) : collected(head, source, tail);
  return { body, stop: () => source.stop(), failure: () => source.failure };
}

async function collected(head, source, tail) {
  const parts = [head];
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) parts.push(chunk);
  return new Blob([...parts, tail]);
}

function streamed(head, source, tail) {
  const encoder = new TextEncoder();
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      if (!begun) {
        begun = true;
        return controller.enqueue(encoder.encode(head));
      }
      const chunk = await source.next();
      if (chunk !== undefined) return controller.enqueue(chunk);
      controller.enqueue(encoder.encode(tail));
      controller.close();
    },
    cancel: () => source.stop(),
  });
}

/** The caller's stream or iterable, chunk by chunk. */
class Source {
  #reader;
  #iterator;
  #stopped = false;
  failure;

  constructor(data) {
    // Not the stream's own iterator: WebKit's streams have none.
    if (isStream(data)) this.#reader = data.getReader();
    else this.#iterator = data[Symbol.asyncIterator]();
  }

  async next() {
    try {
      if (this.#stopped) throw new Error("The upload was stopped");
      const { done, value } = await (this.#reader ? this.#reader.read() : this.#iterator.next());
      if (this.#stopped) throw new Error("The upload was stopped");
      return done ? undefined : bytesOf(value);
    } catch (error) {
      if (!this.#stopped) this.failure = error;
      this.stop();
      throw error;
    }
  }

  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    // Of a generator, this waits behind a step that is under way; of a stream, it does not.
    (async () => (this.#reader ? this.#reader.cancel() : this.#iterator.return?.()))().catch(() => {});
  }
}

const bytesOf = (chunk) => {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (isBytes(chunk))
    return ArrayBuffer.isView(chunk)
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      : new Uint8Array(chunk);
  throw new TypeError("a stream to upload must give Uint8Array chunks");
};

/** The standard test: a runtime that reads `duplex` and sets no content type can send a stream; a page still cannot. */
function canSendStreams() {
  const { location } = globalThis;
  if (/^https?:$/.test(location?.protocol ?? "")) return false;
  let asked = false;
  try {
    const request = new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream(),
      get duplex() {
        asked = true;
        return "half";
      },
    });
    return asked && !request.headers.has("content-type");
  } catch {
    return false;
  }
}

/**
 * A download as an async iterable. The driver (Rust) sends the request when the first chunk is asked for and makes a typed
 * error of what breaks in the middle; leaving the loop closes the connection.
 */
export function byteStream(driver) {
  const chunks = (async function* () {
    const exchange = await driver.open();
    const cutter = exchange.lines && new LineCutter(...exchange.lines);
    try {
      const reader = exchange.reader();
      while (reader && !cutter?.done) {
        const { done, value } = await reader.read();
        if (exchange.halted) throw exchange.halted;
        if (done) return;
        const chunk = cutter ? cutter.cut(value) : value;
        if (chunk.length > 0) yield chunk;
      }
    } catch (cause) {
      throw driver.failure(exchange.halted ?? cause);
    } finally {
      exchange.abort();
      driver.free();
    }
  })();
  let taken = false;
  return {
    [Symbol.asyncIterator]() {
      if (taken) throw new TypeError("This stream has been read already: it can be iterated only once");
      taken = true;
      return chunks;
    },
  };
}

/** Cuts lines `offset` (from 1) to `offset + limit` out of chunks, for an execd that cannot. */
class LineCutter {
  #line = 1;
  #first;
  #end;

  constructor(offset, limit) {
    this.#first = Math.max(offset, 1);
    this.#end = this.#first + limit;
  }

  /** Whether all lines that are wanted have passed. */
  get done() {
    return this.#line >= this.#end;
  }

  cut(chunk) {
    let from = this.#line >= this.#first ? 0 : chunk.length;
    for (let at = 0; ; at++) {
      at = chunk.indexOf(10, at);
      if (at < 0) return chunk.subarray(from);
      this.#line++;
      if (this.#line === this.#first) from = at + 1;
      if (this.done) return chunk.subarray(from, at + 1);
    }
  }
}

export function cutLines(bytes, offset, limit) {
  return limit > 0 ? new LineCutter(offset, limit).cut(bytes).slice() : new Uint8Array();
}

export function bytesToText(bytes, encoding) {
  return new TextDecoder(encoding).decode(bytes);
}
