// What can be uploaded, and reading it: the caller's stream or iterable, chunk by chunk.

const isStream = (data) => typeof data?.getReader === "function";
const isIterable = (data) => typeof data?.[Symbol.asyncIterator] === "function";

export const isBlob = (data) => typeof data?.arrayBuffer === "function" && typeof data.stream === "function";
export const isBytes = (data) =>
  ArrayBuffer.isView(data) || Object.prototype.toString.call(data) === "[object ArrayBuffer]";

/** Whether it comes bit by bit. */
export const isSource = (data) => isStream(data) || (isIterable(data) && !isBlob(data) && typeof data !== "string");

export class Source {
  #reader;
  #iterator;
  #stopped = false;
  /** What the source itself threw. */
  failure;

  constructor(data) {
    // Not the stream's own iterator: WebKit's streams have none.
    if (isStream(data)) this.#reader = data.getReader();
    else this.#iterator = data[Symbol.asyncIterator]();
  }

  /** The next chunk as bytes; `undefined` at the end. */
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
