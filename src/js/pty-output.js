// What a terminal prints, for whoever reads it: bytes, or text that is decoded as it comes.

import { SandboxError, SandboxException } from "./errors.js";

/** What is held for a reader that has not come: all that the server keeps, which may come at once, and as much again. */
const UNTAKEN = 2 << 20;
/** Stands among the chunks for what is missing there. */
const GAP = null;
/** What a gap counts for among what is held, so that a server cannot fill the memory with them. */
const GAP_COST = 256;
/** When so many chunks wait, small ones are put together: as they are, each takes far more room than its bytes. */
const MANY = 64;
const BLOCK = 4096;

/** One output of a session. Can be read once. */
export class PtyOutput {
  #name;
  #drained;
  #chunks = [];
  /** What the last chunk is a part of, when there is room behind it. */
  #block;
  #held = 0;
  #taken = false;
  #closed = false;
  #ended = false;
  #failure;
  #waiting = [];

  constructor(name, drained) {
    this.#name = name;
    this.#drained = drained;
  }

  [Symbol.asyncIterator]() {
    this.#take();
    return {
      next: () => this.#next(false),
      return: async (value) => this.#leave(value),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** The same as text. A character that a chunk cuts is put together; what is no UTF-8, or cut by a gap, becomes U+FFFD. */
  text() {
    this.#take();
    let decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let ended = false;
    const next = async () => {
      while (!ended) {
        const { done, value } = await this.#next(true);
        ended = done;
        const whole = done || value === GAP;
        const text = whole ? decoder.decode() : decoder.decode(value, { stream: true });
        if (whole) decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        if (text !== "") return { done: false, value: text };
      }
      return { done: true, value: undefined };
    };
    // Calls that overlap are answered in their order, though one may take several chunks.
    let tail = Promise.resolve();
    return {
      next: () => {
        const step = tail.then(next);
        tail = step.catch(() => {});
        return step;
      },
      return: async (value) => {
        ended = true;
        return this.#leave(value);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #take() {
    if (this.#taken) throw new TypeError(`${this.#name} has been read already: it can be read only once`);
    this.#taken = true;
  }

  /** The next chunk, or, with `gaps`, a gap. Calls that overlap are answered in their order. */
  #next(gaps) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ gaps, resolve, reject });
      this.#serve();
    });
  }

  #serve() {
    while (this.#waiting.length > 0) {
      if (this.#chunks.length > 0) {
        const value = this.#chunks.shift();
        this.#held -= value?.length ?? GAP_COST;
        // What is given away is not ours to write behind.
        if (this.#chunks.length === 0) this.#block = undefined;
        if (value === GAP && !this.#waiting[0].gaps) continue;
        this.#waiting.shift().resolve({ done: false, value });
        this.#drained();
      } else if (this.#failure && !this.#closed) this.#waiting.shift().reject(this.#failure);
      else if (this.#ended || this.#closed) this.#waiting.shift().resolve({ done: true, value: undefined });
      else return;
    }
  }

  /** Nobody reads on. The program does not notice. */
  #leave(value) {
    this.#closed = true;
    this.#clear();
    this.#serve();
    this.#drained();
    return { done: true, value };
  }

  #add(chunk) {
    const last = this.#chunks.at(-1);
    if (chunk === GAP) {
      if (last === GAP) return;
      this.#block = undefined;
      this.#held += GAP_COST;
    } else {
      this.#held += chunk.length;
      const joined = last ? this.#join(last, chunk) : undefined;
      if (joined) {
        this.#chunks[this.#chunks.length - 1] = joined;
        return;
      }
      this.#block = undefined;
    }
    this.#chunks.push(chunk);
  }

  /** Both as one chunk, if they are small. */
  #join(last, chunk) {
    const length = last.length + chunk.length;
    if (this.#chunks.length < MANY || length > BLOCK) return undefined;
    if (!this.#block) {
      this.#block = new Uint8Array(BLOCK);
      this.#block.set(last);
    }
    this.#block.set(chunk, last.length);
    return this.#block.subarray(0, length);
  }

  #clear() {
    this.#chunks = [];
    this.#block = undefined;
    this.#held = 0;
  }

  /** For the session. */
  static internals = {
    push(output, chunk) {
      if (output.#closed || output.#ended) return;
      output.#add(chunk);
      if (!output.#taken && output.#held > UNTAKEN) {
        // Gives up alone: who only waits for the end needs no output.
        const message = `${output.#name} was not read: more than ${UNTAKEN} bytes have come`;
        output.#failure = new SandboxException({ message, error: new SandboxError("CONSUMER_TOO_SLOW", message) });
        output.#ended = true;
        output.#clear();
      }
      output.#serve();
    },
    /** After what is held, the end; or the error. */
    end(output, failure) {
      if (output.#ended) return;
      output.#ended = true;
      output.#failure = failure;
      output.#serve();
    },
    held: (output) => output.#held,
  };
}
export const { push, end, held } = PtyOutput.internals;
delete PtyOutput.internals;

export { GAP };
