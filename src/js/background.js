// A handle on a background command. It reads the log that execd keeps of the output, from a byte offset on: connections may
// be lost in between, and so may the handle, because the offset is all that is needed to go on.

import { core } from "./core.js";
import { makeError } from "./errors.js";
import { timedOut, unexpected } from "./failure.js";
import { LOGS, Log, logOf } from "./log.js";
import { pauses } from "./poll.js";
import { end, statusOf } from "./program.js";
import { follow } from "./run.js";
import { RunReader } from "./run-reader.js";
import { brokenBody } from "./send.js";
import { onAbort } from "./signals.js";
import { ask } from "./wire.js";

/** Between two looks at one that prints, which could print something for each. */
const SPACE_MS = 50;
/** For how long execd may not know what it has just started. */
const EARLY_MS = 3_000;

/** Why a reading ends that its reader has left. */
const LEFT = new Error("left");

export class BackgroundCommand {
  #execd;
  #cursor;
  #reconnectMs;
  /** Headers, retries and time limit of its requests, where their own call says nothing. */
  #defaults;
  /** Whether execd has answered for the program. */
  #known = false;
  /** Its status, once it has ended. */
  #end;
  id;

  /** `reconnectMs`: how long lost connections are waited out; 0: not at all. */
  constructor(execd, id, cursor, reconnectMs, call) {
    this.#execd = execd;
    this.id = id;
    this.#cursor = cursor;
    this.#reconnectMs = reconnectMs;
    this.#defaults = call;
  }

  /** What `commands.attach` makes a handle of that goes on where this one is. */
  toJSON() {
    return { id: this.id, sandboxId: this.#execd.endpoints.sandboxId, cursor: this.#cursor };
  }

  [Symbol.asyncIterator]() {
    return this.read();
  }

  /** The output from here on as text, until the program has ended. Leaving the loop leaves the program alone. */
  read(options) {
    // Wrong options show here and not in the loop.
    const call = this.#call(options);
    const stop = new AbortController();
    const texts = this.#texts(call, stop);
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

  async *#texts({ signal, ...rest }, stop) {
    const pass = () => stop.abort(signal.reason);
    if (signal?.aborted) pass();
    const unlink = signal && onAbort(signal, pass);
    const call = { ...rest, signal: stop.signal };
    const reading = { call };
    let waits = pauses();
    try {
      for (;;) {
        const { text, final } = await this.#patiently(() => this.#next(reading), call);
        if (text !== "") {
          waits = pauses();
          yield text;
        } else if (final) {
          return;
        } else if ((await this.#patiently(() => this.#ask(call), call)).running) {
          await this.#execd.transport.sleep(waits.next().value, call);
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
        if (cause !== undefined) throw brokenBody(LOGS, cause);
        throw timedOut(`${LOGS}: nothing more came for ${Math.round(this.#limitMs(reading.call))} ms`);
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
    const { call, sentAt = Number.NEGATIVE_INFINITY } = reading;
    const early = sentAt + SPACE_MS - performance.now();
    if (early > 0 && !this.#end) await this.#execd.transport.sleep(early, call);
    reading.sentAt = performance.now();
    const request = { at: this.#cursor, final: this.#end !== undefined, limitMs: this.#limitMs(call) };
    const exchange = await this.#execd.send(logOf(this.id, request.at), call, "stream");
    try {
      reading.log = new Log(exchange, request);
    } catch (halt) {
      exchange.abort();
      throw brokenBody(LOGS, halt);
    }
    return reading.log;
  }

  #drop(reading) {
    reading.log?.close();
    reading.log = undefined;
  }

  /** Whether it runs, and how it ended. */
  async status(options) {
    const call = this.#call(options);
    return this.#patiently(() => this.#ask(call), call, 0);
  }

  /** Waits for the end of the program, whatever becomes of its output. */
  async wait(options) {
    const call = this.#call(options);
    for (const pause of pauses()) {
      const status = await this.#patiently(() => this.#ask(call), call);
      if (!status.running) return status;
      await this.#execd.transport.sleep(pause, call);
    }
  }

  /** Ends the program: SIGTERM to it and its children, SIGKILL after 3 s. Does nothing when it has ended. */
  async kill(options) {
    const call = this.#call(options);
    if (!this.#end) await end(this.#execd, this.id, call);
  }

  /** Its status. An end is remembered: it stays one, also when the sandbox is gone. */
  async #ask(call) {
    if (!this.#end) {
      const status = await ask(this.#execd, statusOf(this.id, "commandEnd"), call);
      if (status.running) return status;
      this.#end = status;
    }
    return { ...this.#end };
  }

  /** The result of `work`, which is tried again while the sandbox cannot be reached. */
  async #patiently(work, call, reconnectMs = this.#reconnectMs) {
    const limitMs = this.#limitMs(call) || Number.POSITIVE_INFINITY;
    let spent = 0;
    for (const pause of pauses()) {
      const from = performance.now();
      const known = this.#known;
      try {
        const result = await work();
        this.#known = true;
        return result;
      } catch (error) {
        // Where the clock has gone on while the machine slept, that was no time of trying.
        spent += Math.min(performance.now() - from, limitMs);
        const left = this.#patience(error, known, reconnectMs) - spent;
        if (!(left > 0)) throw error;
        const wait = Math.min(pause, left);
        await this.#execd.transport.sleep(wait, call);
        spent += wait;
      }
    }
  }

  /** Throws for call options that are none. */
  #call(options) {
    const call = core.callOptions(options);
    const { timeoutSeconds, headers, retry } = this.#defaults;
    return {
      ...call,
      timeoutSeconds: call.timeoutSeconds ?? timeoutSeconds,
      headers: call.headers.length > 0 ? call.headers : headers,
      retry: call.retry ?? retry,
    };
  }

  /** How long one request may take; 0: no limit. */
  #limitMs(call) {
    return this.#execd.transport.timeoutMs(call);
  }

  /** For how long an error may be no more than an accident. `known`: whether the program was when this was asked. */
  #patience(error, known, reconnectMs) {
    if (error?.isRetryable) return reconnectMs;
    // Of an id that it does not know yet execd says 404 (status) or 400 (log).
    const unknown = error?.statusCode === 404 || error?.statusCode === 400;
    return unknown && !known ? EARLY_MS : 0;
  }
}

/** Called from Rust, for one that is known from before. */
export const backgroundCommand = (...given) => new BackgroundCommand(...given);

/** Starts a command; resolves with its handle once execd has said that it runs. Called from Rust. */
export async function startBackground(execd, plan, reconnectMs) {
  return new BackgroundCommand(execd, await started(execd, plan), 0, reconnectMs, plan.call);
}

/** Its id. */
async function started(execd, plan) {
  const { what } = plan.wire;
  const reader = new RunReader(execd, plan);
  let execution;
  try {
    execution = await follow(reader, plan);
  } catch (error) {
    // With the id in hand nothing is lost: whether it runs is for the status to say.
    const lost = ["STREAM_INTERRUPTED", "STREAM_STALLED"].includes(error?.code);
    if (lost && error.executionId !== undefined) return error.executionId;
    throw error;
  }
  const { id, error } = execution;
  const { requestId } = reader;
  if (error) {
    // It came in a stream that had begun well: there is no status.
    const code = error.name || "UNEXPECTED_RESPONSE";
    throw makeError("SandboxApiException", code, error.value || what, { requestId });
  }
  if (id === undefined) throw unexpected(`${what}: the stream has no id`, { requestId });
  return id;
}
