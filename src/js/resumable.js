// A download that survives broken connections: it goes on where it was, as long as the file is still the same one.

import { concat, Meter } from "./download.js";
import { IdleWatch } from "./idle.js";

/** Waiting before a resume, in ms: the first time, and at most. */
const PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** Reads one file, over as many connections as it takes and is allowed. */
class Reader {
  #driver;
  #options;
  #meter;
  #file;
  #exchange;
  #body;
  #watch;
  #skip = 0;
  #resumes = 0;
  #resumed = false;
  #pause = PAUSE;
  #over = false;

  constructor(driver, options) {
    this.#driver = driver;
    this.#options = options;
  }

  /** The next chunk; `undefined` at the end. After an error there is nothing more. */
  async next() {
    if (this.#over) return undefined;
    try {
      const chunk = await this.#next();
      if (chunk) this.#meter.add(chunk.length);
      else this.stop();
      return chunk;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  stop() {
    if (this.#over) return;
    this.#over = true;
    this.#drop();
  }

  async #next() {
    if (!this.#file) {
      this.#file = this.#options.known ?? (await this.#driver.inspect());
      this.#meter = new Meter(this.#options.path, this.#options.onProgress, this.#file.size);
      // The first connection is an ordinary request: nothing is lost yet that could be resumed.
      await this.#open();
    }
    while (!this.#over) {
      try {
        if (!this.#exchange) await this.#open();
        if (this.#over) return undefined;
        const chunk = await this.#read();
        if (chunk) return chunk;
      } catch (error) {
        this.#drop();
        if (this.#over) return undefined;
        // It broke, but behind the last byte.
        if (this.#missing !== 0 || !error.isRetryable) {
          await this.#recover(error);
          continue;
        }
      }
      this.#drop();
      if (this.#missing > 0 && !this.#over) {
        await this.#recover(this.#driver.short(this.#meter.loaded, this.#file.size));
        continue;
      }
      // A file that was changed after the last look at it is not what was asked for.
      if (this.#resumed && !this.#over) await this.#compare().catch((error) => this.#recover(error));
      return undefined;
    }
    return undefined;
  }

  /**
   * How much is still to come; NaN where that is not known. What a list said may be old: it counts only when the file has
   * turned out to be the same still.
   */
  get #missing() {
    return this.#options.known && !this.#resumed ? NaN : this.#file.size - this.#meter.loaded;
  }

  async #open() {
    const exchange = await this.#driver.open(this.#meter.loaded, this.#file.size);
    // Nobody wants it any more.
    if (this.#over) return exchange.abort();
    this.#exchange = exchange;
    this.#skip = exchange.skip;
    this.#watch = new IdleWatch(this.#options.idleMs, () => exchange.abort());
    try {
      this.#body = exchange.reader();
    } catch (cause) {
      throw this.#driver.failure(cause);
    }
  }

  async #read() {
    for (;;) {
      let chunk;
      this.#watch.wait();
      try {
        const { done, value } = this.#body ? await this.#body.read() : { done: true };
        if (this.#exchange.halted) throw this.#exchange.halted;
        chunk = done ? undefined : value;
      } catch (cause) {
        throw this.#driver.failure(this.#exchange.halted ?? cause);
      } finally {
        this.#watch.rest();
      }
      if (this.#watch.fired) throw this.#driver.stalled();
      if (!chunk) return undefined;
      const skipped = Math.min(this.#skip, chunk.length);
      this.#skip -= skipped;
      chunk = chunk.subarray(skipped);
      if (chunk.length > this.#missing) throw this.#driver.changed(`it has more than ${this.#file.size} bytes`);
      if (chunk.length === 0) continue;
      this.#pause = PAUSE;
      return chunk;
    }
  }

  /** Waits until it makes sense to go on, or throws. */
  async #recover(error) {
    // What has no known size and time of change cannot be compared.
    if (!error.isRetryable || this.#file.stamp === undefined) throw error;
    for (let last = error; !this.#over; ) {
      if (this.#resumes >= this.#options.maxResumes) throw last;
      this.#resumes++;
      await this.#driver.sleep(this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      try {
        await this.#compare();
        this.#resumed = true;
        return;
      } catch (again) {
        if (!again.isRetryable) throw again;
        last = again;
      }
    }
  }

  async #compare() {
    const { size, stamp } = await this.#driver.inspect();
    if (size === this.#file.size && stamp === this.#file.stamp) return;
    throw this.#driver.changed(`it had ${this.#file.size} bytes and now has ${size}, changed at ${stamp}`);
  }

  #drop() {
    this.#watch?.stop();
    this.#exchange?.abort();
    this.#exchange = undefined;
  }
}

/** A file to be read, once, in one of three ways. Nothing is sent before it is. */
class FileDownload {
  #driver;
  #options;

  constructor(driver, options) {
    this.#driver = driver;
    this.#options = options;
  }

  #take() {
    const driver = this.#driver;
    if (!driver) throw new TypeError("This download has been read already: it can be read only once");
    this.#driver = undefined;
    return new Reader(driver, this.#options);
  }

  [Symbol.asyncIterator]() {
    const reader = this.#take();
    return (async function* () {
      try {
        for (let chunk = await reader.next(); chunk; chunk = await reader.next()) yield chunk;
      } finally {
        reader.stop();
      }
    })();
  }

  toReadableStream() {
    const reader = this.#take();
    return new ReadableStream(
      {
        async pull(controller) {
          const chunk = await reader.next();
          if (chunk) controller.enqueue(chunk);
          else controller.close();
        },
        cancel: () => reader.stop(),
      },
      { highWaterMark: 0 },
    );
  }

  async bytes() {
    const chunks = [];
    for await (const chunk of this) chunks.push(chunk);
    return concat(chunks);
  }
}

/** Called from Rust. `options`: `{ path, maxResumes, idleMs, onProgress, known }`; `known` is what a list said. */
export function fileDownload(driver, options) {
  return new FileDownload(driver, options);
}
