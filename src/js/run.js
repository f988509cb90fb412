// Reads the stream of a run: pumps chunks from the network into the decoder (Rust, one crossing per chunk), watches the
// clock, and sees to it that every end is told apart: over, cut, silent, aborted, left. See docs/architecture.md, Streams.

import { SandboxException } from "./errors.js";
import { Batch, JSON_ROW, Recorder, ROW, STDERR, STDOUT } from "./execution.js";
import { onAbort } from "./signals.js";

const TAIL = 4;
const JUNK = 5;
const [INIT, COMPLETE, ERROR, REFUSED] = [0, 1, 2, 3];

// How long an aborted run may go on before `init` has told the id that an interrupt needs.
const LINGER_MS = 5_000;
// ignoreBOM: TextDecoder would drop a leading U+FEFF and shift every slice.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One run. `driver` is the Rust side: open, push, finish, views, note, ended, recover, interrupt, failure, free.
 * `options`: signals [[signal, kind]], interrupts (whether leaving ends the program too), startMs, idleMs.
 */
class RunReader {
  #driver;
  #memory;
  #options;
  #opening;
  #connection = new AbortController();
  #reader;
  #pending;
  #over = false;
  #halted;
  #halt;
  #stalled = false;
  #deferred;
  #lingering = false;
  #freed = false;
  #links = [];
  #startTimer;
  #idleTimer;
  #waitingSince = 0;
  #seen = { stdout: 0, stderr: 0 };
  id;
  lastEvent;
  exitCode;
  recovered = false;
  /** Rejects as soon as the run is aborted, closed or late, whatever else is going on. Never resolves. */
  whenHalted;

  constructor(driver, memory, options) {
    this.#driver = driver;
    this.#memory = memory;
    this.#options = options;
    this.whenHalted = new Promise((_, reject) => {
      this.#halt = reject;
    });
    this.whenHalted.catch(() => {});
  }

  /** Whether the run was aborted, closed or late: no handler may be called any more. */
  get halted() {
    return this.#halted !== undefined;
  }

  /** The next events, or `undefined` when the run is over. Throws a typed error for every other end. */
  async next() {
    try {
      for (;;) {
        if (this.#halted ?? this.#deferred) throw this.#halted ?? this.#deferred;
        if (this.#over) return this.#free();
        if (!this.#opening) await this.#open();
        const batch = await this.#step();
        if (batch?.length > 0) return batch;
      }
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  async #open() {
    for (const [signal, kind] of this.#options.signals) {
      const listener = () => this.#stop(kind, signal.reason);
      if (signal.aborted) {
        this.#over = true;
        throw this.#driver.failure(kind, signal.reason);
      }
      this.#links.push(onAbort(signal, listener));
    }
    const { startMs } = this.#options;
    if (startMs > 0) this.#startTimer = setTimeout(() => this.#stop("start", startMs), startMs);
    this.#opening = this.#driver.open(this.#connection.signal).then(
      (exchange) => {
        this.#reader = exchange.stream()?.getReader();
      },
      (error) => {
        this.#finish();
        throw error;
      },
    );
    await Promise.race([this.#opening, this.whenHalted]);
  }

  #stop(kind, detail) {
    if (this.#over || this.#halted) return;
    const error = this.#driver.failure(kind, detail);
    // Closing a sandbox's handle lets go of it. Nothing more can be sent then, and nothing should be.
    if (kind === "closed") this.#options.interrupts = false;
    this.#halted = error;
    this.#halt(error);
    // Cancelling resolves a read that is under way. Before `init` the connection is still needed: see #linger.
    if (this.id !== undefined || !this.#options.interrupts) this.#letGo();
  }

  async #read() {
    if (!this.#reader) return { done: true };
    this.#waitingSince = Date.now();
    this.#watch();
    try {
      this.#pending ??= this.#reader.read();
      // Racing each read of a long stream would pile up reactions on one promise; once there is an id, cancelling does.
      const chunk = await (this.id === undefined ? Promise.race([this.#pending, this.whenHalted]) : this.#pending);
      this.#pending = undefined;
      return chunk;
    } finally {
      this.#waitingSince = 0;
    }
  }

  /** The clock runs only while we wait on the network, and only once pings are due. One timer serves all reads. */
  #watch() {
    const { idleMs } = this.#options;
    if (!(idleMs > 0) || this.id === undefined || this.#idleTimer !== undefined) return;
    const check = () => {
      this.#idleTimer = undefined;
      if (this.#over || this.#waitingSince === 0) return;
      const left = this.#waitingSince + idleMs - Date.now();
      if (left > 0) this.#idleTimer = setTimeout(check, left);
      else {
        this.#stalled = true;
        this.#reader.cancel().catch(() => {});
      }
    };
    this.#idleTimer = setTimeout(check, idleMs);
  }

  async #step() {
    let chunk;
    try {
      chunk = await this.#read();
    } catch (cause) {
      if (this.#halted || this.#over) return undefined;
      return this.#recover("interrupted", cause);
    }
    if (this.#halted || this.#over) return undefined;
    if (this.#stalled) return this.#recover("stalled");
    if (!chunk.done) return this.#batch(this.#driver.push(chunk.value));
    const batch = this.#batch(this.#driver.finish());
    // A torn last line is no event: the body simply ended too early.
    if (this.#driver.ended()) this.#finish();
    else if (batch.length === 0) return this.#recover("interrupted");
    return batch;
  }

  /** What the decoder holds now. `specials` is the number of rows that are not plain output, -1 for an oversized event. */
  #batch(specials) {
    if (specials < 0) {
      // What came before the oversized event is delivered first.
      this.#deferred = this.#failed("too-large");
      specials = -1 - specials;
    }
    const [stdout, stderr, textAt, textLength, tableAt, tableLength] = this.#driver.views();
    const { buffer } = this.#memory;
    const text = decoder.decode(new Uint8Array(buffer, textAt, textLength));
    let table = new Float64Array(buffer, tableAt, tableLength).slice();
    if (specials === 0) {
      this.#seen.stdout += stdout;
      this.#seen.stderr += stderr;
      return new Batch(text, table);
    }
    const parsed = new Map();
    let at = 0;
    for (let row = 0; row * ROW < table.length; row++) {
      const kind = table[row * ROW];
      const length = table[row * ROW + 1];
      if (kind === JSON_ROW || kind === TAIL || kind === JUNK) {
        const event = this.#parse(kind, text.slice(at, at + length));
        if (event === undefined) {
          // What came before it is delivered first.
          table = table.slice(0, row * ROW);
          break;
        }
        table[row * ROW] = JSON_ROW;
        parsed.set(row, event);
        if (this.#note(event)) {
          // Over. A ping, or anything else after it, is nothing.
          table = table.slice(0, (row + 1) * ROW);
          this.#finish();
          break;
        }
      }
      at += length;
    }
    return this.#counted(new Batch(text, table, parsed));
  }

  /** Remembers how much output was passed on: what a recovery must not repeat. */
  #counted(batch) {
    for (let row = 0; row < batch.length; row++) {
      const kind = batch.table[row * ROW];
      if (kind === JSON_ROW) {
        const { type } = batch.parsed.get(row);
        if (type === "stdout" || type === "stderr") this.#seen[type]++;
      } else if (kind === STDOUT) this.#seen.stdout++;
      else if (kind === STDERR) this.#seen.stderr++;
    }
    return batch;
  }

  #parse(kind, text) {
    if (kind !== JUNK) {
      try {
        const event = JSON.parse(text);
        if (typeof event === "object" && event !== null && !Array.isArray(event)) return event;
      } catch {
        if (kind === TAIL) return undefined;
      }
    }
    this.#deferred = this.#failed("malformed", text.slice(0, 200));
    return undefined;
  }

  #note(event) {
    this.lastEvent = event;
    switch (event.type) {
      case "init":
        if (typeof event.text === "string" && event.text !== "") this.id = event.text;
        clearTimeout(this.#startTimer);
        return this.#driver.note(INIT);
      case "execution_complete":
        return this.#driver.note(COMPLETE);
      case "error":
        this.exitCode = this.#driver.exitCode(String(event.error?.evalue ?? event.error?.value ?? event.value ?? ""));
        return this.#driver.note(ERROR);
      case undefined:
        return typeof event.code === "string" && this.#driver.note(REFUSED);
      default:
        return false;
    }
  }

  #failed(kind, detail) {
    return Object.assign(this.#driver.failure(kind, detail), { executionId: this.id, lastEvent: this.lastEvent });
  }

  /** Asks the sandbox how the run went on, and delivers what is missing. */
  async #recover(kind, cause) {
    this.#letGo();
    const { stdout, stderr } = this.#seen;
    let specials;
    try {
      specials = await Promise.race([this.#driver.recover(kind, cause, this.id, stdout, stderr), this.whenHalted]);
    } catch (error) {
      if (error === this.#halted) throw error;
      // The program goes on, for all we know: losing sight of it is no reason to end it.
      this.#finish();
      throw Object.assign(error, { executionId: this.id, lastEvent: this.lastEvent });
    }
    this.recovered = true;
    return this.#batch(specials);
  }

  /** Over, in the proper way. */
  #finish() {
    this.#over = true;
    this.#letGo();
    for (const unlink of this.#links.splice(0)) unlink();
  }

  /** Gives the connection back before anything else is sent: browsers allow six of them per origin. */
  #letGo() {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#idleTimer);
    this.#reader?.cancel().catch(() => {});
    this.#connection.abort();
  }

  /** Stops before the end, because of an abort, an error, or because nobody wants more. */
  leave() {
    if (this.#over) return this.#free();
    const { interrupts } = this.#options;
    if (interrupts && this.id === undefined && this.#opening) {
      // The program may have been started or be about to: somebody has to stay for its id.
      this.#over = true;
      this.#lingering = true;
      for (const unlink of this.#links.splice(0)) unlink();
      this.#linger();
      return undefined;
    }
    this.#finish();
    if (interrupts && this.id !== undefined) this.#driver.interrupt(this.id);
    return this.#free();
  }

  /** Reads on until `init` tells the id, then interrupts. Nobody waits for this. */
  async #linger() {
    clearTimeout(this.#startTimer);
    const timer = setTimeout(() => this.#letGo(), LINGER_MS);
    try {
      await this.#opening;
      while (this.id === undefined) {
        const { done, value } = await (this.#pending ?? this.#reader.read());
        this.#pending = undefined;
        if (done) return;
        this.#batch(this.#driver.push(value));
      }
      this.#letGo();
      this.#driver.interrupt(this.id);
    } catch {
      // The connection is gone, and with it all knowledge of the run.
    } finally {
      clearTimeout(timer);
      this.#letGo();
      this.#lingering = false;
      this.#free();
    }
  }

  /** Gives the Rust side its memory back, as soon as nothing can need it any more. */
  #free() {
    for (const unlink of this.#links.splice(0)) unlink();
    if (!this.#lingering && !this.#freed) {
      this.#freed = true;
      this.#driver.free();
    }
    return undefined;
  }
}

/** Runs to the end. Resolves with the Execution. */
export async function drive(driver, memory, options) {
  const reader = new RunReader(driver, memory, options);
  const recorder = new Recorder(options);
  const all = async () => {
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next())
      await recorder.take(batch, reader);
  };
  try {
    // The race is for the handlers: one that never settles must not stand between an abort and its rejection.
    await Promise.race([all(), reader.whenHalted]);
  } catch (error) {
    reader.leave();
    // Whatever ended it, nothing that had arrived is lost. An error of the caller's own handler is passed on untouched.
    if (error instanceof SandboxException) {
      if ("exitCode" in error) {
        recorder.execution.exitCode = error.exitCode;
        delete error.exitCode;
      }
      if (reader.id !== undefined || error.name === "SandboxStreamException")
        Object.assign(error, { execution: recorder.execution, executionId: reader.id });
    }
    throw error;
  }
  if (reader.recovered) recorder.recovered();
  return recorder.execution;
}

/** The raw events of a run as an async iterable. Starts with the first `next()`; can be iterated once. */
export class EventStream {
  #reader;
  #events;
  #taken = false;
  #tail = Promise.resolve();

  constructor(driver, memory, options) {
    this.#reader = new RunReader(driver, memory, options);
  }

  [Symbol.asyncIterator]() {
    if (this.#taken) throw new TypeError("This stream has been read already: it can be iterated only once");
    this.#taken = true;
    return this;
  }

  next() {
    // Calls that overlap are answered in their order.
    const result = this.#tail.then(() => this.#next());
    this.#tail = result.catch(() => {});
    return result;
  }

  async #next() {
    for (;;) {
      const step = this.#events?.next();
      if (step && !step.done) return step;
      this.#events = (await this.#reader.next())?.events();
      if (this.#events === undefined) return { done: true, value: undefined };
    }
  }

  async return(value) {
    this.#reader.leave();
    return { done: true, value };
  }
}

export function eventStream(driver, memory, options) {
  return new EventStream(driver, memory, options);
}
