// A line of more than a megabyte, put together here and not in WebAssembly memory, which would never shrink again.

const [LF, CR] = [10, 13];

export class LongLine {
  // Broken UTF-8 is replaced per line, as for all others.
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #text = "";
  #length = 0;
  #limit;

  /** `start`: what the decoder had of it. `limit`: how many bytes it may have. */
  constructor(start, limit) {
    this.#limit = limit;
    this.#append(start);
  }

  #append(bytes) {
    this.#length += bytes.length;
    // Decoded as it comes: pieces of text are joined for nothing.
    if (!this.isTooLong) this.#text += this.#decoder.decode(bytes, { stream: true });
  }

  get isTooLong() {
    return this.#length > this.#limit;
  }

  /** Gives what follows the line, its end first, or `undefined` when that has not come yet. */
  add(chunk) {
    const ends = [chunk.indexOf(LF), chunk.indexOf(CR)].filter((at) => at >= 0);
    const end = Math.min(...ends, chunk.length);
    this.#append(chunk.subarray(0, end));
    return ends.length > 0 ? chunk.subarray(end) : undefined;
  }

  text() {
    return this.#text + this.#decoder.decode();
  }
}
