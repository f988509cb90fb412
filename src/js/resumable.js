// A download that survives broken connections: it goes on where it was, as long as the file is still the same one.

import { core } from "./core.js";
import { concat, Meter, nextChunk, readerOf } from "./download.js";
import { InvalidArgumentException, makeError } from "./errors.js";
import { refusedWith, timedOut, unreached } from "./failure.js";
import { IdleWatch } from "./idle.js";
import { ask } from "./wire.js";

const WHAT = "Download failed";

/** Waiting before a resume, in ms: the first time, and at most. */
const PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** What size and time say of a file, as execd wrote them: a Date has milliseconds only. `undefined` without both. */
export const known = ({ size, modified_at: stamp }) =>
  typeof size === "number" && typeof stamp === "string" ? { size, stamp } : undefined;

/** Asks for what execd says of the paths that `path` stands for. */
export const inspect = (execd, path, call, what) =>
  ask(execd, { method: "GET", url: "/files/info", query: [["path", path]], what, answer: "object" }, call);

/** Reads one file, over as many connections as it takes and is allowed. */
class Reader {
  #plan;
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

  constructor(plan) {
    this.#plan = plan;
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
      this.#file = this.#plan.known ?? (await this.#inspect());
      this.#meter = new Meter(this.#plan.path, this.#plan.onProgress, this.#file.size);
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
        const { loaded } = this.#meter;
        await this.#recover(unreached(`${WHAT}: the connection ended after ${loaded} of ${this.#file.size} bytes`));
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
    return this.#plan.known && !this.#resumed ? NaN : this.#file.size - this.#meter.loaded;
  }

  /** How long nothing may come. */
  get #idleMs() {
    const { execd, call } = this.#plan;
    return execd.transport.timeoutMs(call);
  }

  /** `{ size, stamp }` of the file; neither for what is no plain file: of a link execd describes the link. */
  async #inspect() {
    const { execd, path, call } = this.#plan;
    const infos = Object.values(await inspect(execd, path, call, "Get file info failed"));
    const info = infos.find((each) => typeof each === "object" && each !== null);
    // An execd that does not tell types is taken to speak of a file.
    const type = typeof info?.type === "string" ? info.type : "file";
    if (type === "directory") {
      throw new InvalidArgumentException({ message: `${path} is a directory: downloadDirectory() reads those` });
    }
    return (info && type === "file" && known(info)) || {};
  }

  /** Asks for all that is still to come. How much at the beginning of it is known already is in `#skip`. */
  async #open() {
    const { execd, path, call } = this.#plan;
    const from = this.#meter.loaded;
    const headers = from > 0 ? [["Range", `bytes=${from}-`]] : [];
    const request = { method: "GET", url: "/files/download", query: [["path", path]], what: WHAT, headers };
    const exchange = await execd.send(request, call, "stream").catch((error) => {
      if (from === 0 || refusedWith(error) !== 416) throw error;
      throw this.#changed("it ends before the place where the connection broke");
    });
    // Nobody wants it any more.
    if (this.#over) return exchange.abort();
    this.#exchange = exchange;
    try {
      this.#skip = core.resumeSkip(from, this.#file.size ?? 0, exchange.status, exchange.header("content-range"));
    } catch (problem) {
      throw this.#changed(problem);
    }
    this.#watch = new IdleWatch(this.#idleMs, () => exchange.abort());
    this.#body = readerOf(exchange, WHAT);
  }

  async #read() {
    for (;;) {
      this.#watch.wait();
      let chunk = await nextChunk(this.#exchange, this.#body, WHAT).finally(() => this.#watch.rest());
      if (this.#watch.fired) throw timedOut(`${WHAT}: nothing came for ${Math.trunc(this.#idleMs)} ms`);
      if (!chunk) return undefined;
      const skipped = Math.min(this.#skip, chunk.length);
      this.#skip -= skipped;
      chunk = chunk.subarray(skipped);
      if (chunk.length > this.#missing) throw this.#changed(`it has more than ${this.#file.size} bytes`);
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
      if (this.#resumes >= this.#plan.maxResumes) throw last;
      this.#resumes++;
      const { execd, call } = this.#plan;
      await execd.transport.sleep(this.#pause, call);
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
    const { size, stamp } = await this.#inspect();
    if (size === this.#file.size && stamp === this.#file.stamp) return;
    throw this.#changed(`it had ${this.#file.size} bytes and now has ${size}, changed at ${stamp}`);
  }

  #changed(how) {
    const { path } = this.#plan;
    const message = `${path} was changed while it was being read: ${how}`;
    return makeError("SandboxException", "FILE_CHANGED", message, { path });
  }

  #drop() {
    this.#watch?.stop();
    this.#exchange?.abort();
    this.#exchange = undefined;
  }
}

/** A file to be read, once, in one of three ways. Nothing is sent before it is. */
class FileDownload {
  #plan;

  constructor(plan) {
    this.#plan = plan;
  }

  #take() {
    const plan = this.#plan;
    if (!plan) throw new TypeError("This download has been read already: it can be read only once");
    this.#plan = undefined;
    return new Reader(plan);
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

/** Called from Rust. `known`: what a list said. */
export const fileDownload = (execd, path, call, maxResumes, onProgress, known) =>
  new FileDownload({ execd, path, call, maxResumes, onProgress, known });
