// A handle on a background command. It reads the log that execd keeps of the output, from a byte offset on: connections may
// be lost in between, and so may the handle, because the offset is all that is needed to go on.

import { Log } from "./log.js";
import { onAbort } from "./signals.js";

/** Between two looks at one that prints, which could print something for each. */
const SPACE_MS = 50;
/** For how long execd may not know what it has just started. */
const EARLY_MS = 3_000;

/** Why a reading ends that its reader has left. */
const LEFT = new Error("left");

/**
 * `driver` is the Rust side: ask, failure, limitMs. `options`: id, sandboxId, cursor, reconnectMs (how
 * long lost connections are waited out), pollMs (the shortest and the longest pause between two looks at a program that
 * prints nothing, and between two tries to reach the sandbox).
 */
export class BackgroundCommand {
  #driver;
  #sandboxId;
  #cursor;
  #reconnectMs;
  #firstPause;
  #lastPause;
  /** Whether execd has answered for the program. */
  #known = false;
  /** Its status, once it has ended. */
  #end;
  id;

  constructor(driver, { id, sandboxId, cursor, reconnectMs, pollMs }) {
    this.#driver = driver;
    this.#sandboxId = sandboxId;
    this.#cursor = cursor;
    this.#reconnectMs = reconnectMs;
    [this.#firstPause, this.#lastPause] = pollMs;
    this.id = id;
  }

  /** What `commands.attach` makes a handle of that goes on where this one is. */
  toJSON() {
    return { id: this.id, sandboxId: this.#sandboxId, cursor: this.#cursor };
  }

  [Symbol.asyncIterator]() {
    return this.read();
  }

  /** The output from here on as text, until the program has ended. Leaving the loop leaves the program alone. */
  read(options) {
    // Wrong options show here and not in the loop.
    const limitMs = this.#driver.limitMs(options);
    const stop = new AbortController();
    const texts = this.#texts(options, limitMs, stop);
    return {
      next: () => texts.next(),
      return: (value) => {
        stop.abort(LEFT);
        return texts.return(value);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#texts(options, limitMs, stop) {
    const signal = typeof options?.aborted === "boolean" ? options : options?.signal;
    const pass = () => stop.abort(signal.reason);
    if (signal?.aborted) pass();
    const unlink = signal && onAbort(signal, pass);
    const reading = { call: { ...options, signal: stop.signal }, limitMs };
    let pause = this.#firstPause;
    try {
      for (;;) {
        const { text, final } = await this.#patiently(() => this.#next(reading), reading);
        if (text !== "") {
          pause = this.#firstPause;
          yield text;
        } else if (final) {
          return;
        } else if ((await this.#patiently(() => this.#ask(reading.call), reading)).running) {
          await this.#driver.ask("sleep", reading.call, pause);
          pause = this.#longer(pause);
        }
      }
    } catch (error) {
      if (stop.signal.reason !== LEFT) throw error;
    } finally {
      unlink?.();
      reading.log?.close();
    }
  }

  /** The text that is next, "" when there is none now; `final`: nor will there be. It counts as read from here on. */
  async #next(reading) {
    for (;;) {
      const log = reading.log?.at === this.#cursor ? reading.log : await this.#open(reading);
      try {
        await log.fill();
      } catch (cause) {
        this.#drop(reading);
        throw this.#driver.failure(cause, reading.limitMs);
      }
      // Another reader of this handle may have been quicker.
      if (log.at !== this.#cursor) continue;
      const { text, length } = log.take();
      this.#cursor += length;
      if (log.spent) this.#drop(reading);
      return { text, final: log.final };
    }
  }

  async #open(reading) {
    this.#drop(reading);
    const { call, limitMs, sentAt = Number.NEGATIVE_INFINITY } = reading;
    const early = sentAt + SPACE_MS - performance.now();
    if (early > 0 && !this.#end) await this.#driver.ask("sleep", call, early);
    reading.sentAt = performance.now();
    const request = { at: this.#cursor, final: this.#end !== undefined, limitMs };
    const exchange = await this.#driver.ask("logs", call, request.at);
    try {
      reading.log = new Log(exchange, request);
    } catch (halt) {
      exchange.abort();
      throw this.#driver.failure(halt, limitMs);
    }
    return reading.log;
  }

  #longer(pause) {
    return Math.min(pause * 1.5, this.#lastPause);
  }

  #drop(reading) {
    reading.log?.close();
    reading.log = undefined;
  }

  /** Whether it runs, and how it ended. */
  async status(options) {
    const asking = { call: options, limitMs: this.#driver.limitMs(options) };
    return this.#patiently(() => this.#ask(options), asking, 0);
  }

  /** Waits for the end of the program, whatever becomes of its output. */
  async wait(options) {
    const asking = { call: options, limitMs: this.#driver.limitMs(options) };
    for (let pause = this.#firstPause; ; pause = this.#longer(pause)) {
      const status = await this.#patiently(() => this.#ask(options), asking);
      if (!status.running) return status;
      await this.#driver.ask("sleep", options, pause);
    }
  }

  /** Ends the program: SIGTERM to it and its children, SIGKILL after 3 s. Does nothing when it has ended. */
  async kill(options) {
    this.#driver.limitMs(options);
    if (!this.#end) await this.#driver.ask("kill", options);
  }

  /** Its status. An end is remembered: it stays one, also when the sandbox is gone. */
  async #ask(call) {
    if (!this.#end) {
      const status = await this.#driver.ask("status", call);
      if (status.running) return status;
      this.#end = status;
    }
    return { ...this.#end };
  }

  /** The result of `work`, which is tried again while the sandbox cannot be reached. */
  async #patiently(work, { call, limitMs }, reconnectMs = this.#reconnectMs) {
    let spent = 0;
    for (let pause = this.#firstPause; ; pause = this.#longer(pause)) {
      const from = performance.now();
      const known = this.#known;
      try {
        const result = await work();
        this.#known = true;
        return result;
      } catch (error) {
        // Where the clock has gone on while the machine slept, that was no time of trying.
        spent += Math.min(performance.now() - from, limitMs || Number.POSITIVE_INFINITY);
        const left = this.#patience(error, known, reconnectMs) - spent;
        if (!(left > 0)) throw error;
        const wait = Math.min(pause, left);
        await this.#driver.ask("sleep", call, wait);
        spent += wait;
      }
    }
  }

  /** For how long an error may be no more than an accident. `known`: whether the program was when this was asked. */
  #patience(error, known, reconnectMs) {
    if (error?.isRetryable) return reconnectMs;
    // Of an id that it does not know yet execd says 404 (status) or 400 (log).
    const unknown = error?.statusCode === 404 || error?.statusCode === 400;
    return unknown && !known ? EARLY_MS : 0;
  }
}

export function backgroundCommand(driver, options) {
  return new BackgroundCommand(driver, options);
}
