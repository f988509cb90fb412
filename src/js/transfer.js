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
 */
export async function uploadBody(head, data, tail) {
  const streaming = isStream(data) || (isIterable(data) && !isBlob(data) && typeof data !== "string");
  if (!streaming) return new Blob([head, data ?? "", tail]);
  const chunks = chunksOf(data);
  if (!canSendStreams()) {
    const parts = [head];
    for await (const chunk of chunks) parts.push(chunk);
    return new Blob([...parts, tail]);
  }
  const encoder = new TextEncoder();
  let stopped = false;
  let step = async () => {
    step = async () => {
      const { done, value } = await chunks.next();
      if (!done) return value;
      step = async () => undefined;
      return encoder.encode(tail);
    };
    return encoder.encode(head);
  };
  const stream = new ReadableStream({
    async pull(controller) {
      const chunk = stopped ? undefined : await step();
      if (stopped) controller.error(new Error("The upload was stopped"));
      else if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    // Tell the caller's source that nobody reads on.
    cancel: (reason) => chunks.return(reason),
  });
  stops.set(stream, () => {
    stopped = true;
    chunks.return().catch(() => {});
  });
  return stream;
}

const stops = new WeakMap();

/** Called when the request is over, in whatever way: nothing more is read from the source of a streamed body. */
export function stopUpload(body) {
  stops.get(body)?.();
}

async function* chunksOf(data) {
  if (!isStream(data)) {
    for await (const chunk of data) yield bytesOf(chunk);
    return;
  }
  // Not `for await`: WebKit's streams are not iterable.
  const reader = data.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield bytesOf(value);
    }
  } finally {
    // After the end it does nothing; on the way out early it stops the source.
    reader.cancel().catch(() => {});
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
    const reader = exchange.stream()?.getReader();
    try {
      while (reader) {
        const { done, value } = await Promise.race([exchange.stopped, reader.read()]).catch((cause) => {
          throw driver.failure(cause);
        });
        if (done || cutter?.done) return;
        const chunk = cutter ? cutter.cut(value) : value;
        if (chunk.length > 0) yield chunk;
      }
    } finally {
      reader?.cancel().catch(() => {});
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
