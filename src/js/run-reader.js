// Reads the stream of a run: pumps chunks from the network into the decoder (Rust, one crossing per chunk), watches the
// clock, and sees to it that every end is told apart: over, cut, silent, aborted, left. See docs/architecture.md, Streams.

import { asText, Batch, JSON_ROW, ROW, STDERR, STDOUT } from "./execution.js";
import { onAbort } from "./signals.js";
import { after } from "./timers.js";

const TAIL = 4;
const JUNK = 5;
const [INIT, COMPLETE, ERROR, REFUSED] = [0, 1, 2, 3];

// How long an aborted run may go on before `init` has told the id that an interrupt needs.
const LINGER_MS = 5_000;
// ignoreBOM: TextDecoder would drop a leading U+FEFF and shift every slice.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One run. `driver` is the Rust side: open, abandon, push, finish, views, note, ended, recover, interrupt, failure, free.
 * `options`: signals [[signal, kind]], interrupts (whether leaving ends the program too), startMs, idleMs.
 *
 * Three things end, each once: the run on the server (`#settled`: nothing is left to interrupt), the consumer's interest
 * (`#gone`: the driver may be freed, so nobody touches it after an await without looking), and, perhaps, the caller's
 * patience (`#halted`: an abort, a close, a late start).
 */
export class RunReader {
  #driver;
  #memory;
  #options;
  #opening;
  #connection = new AbortController();
  #reader;
  #pending;
  #settled = false;
  #gone = false;
  #halted;
  #halt;
  #told = false;
  #stalled = false;
  #deferred;
  #started = false;
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

  /** Whether the run was aborted, closed or late: no handler may be called and no event be given any more. */
  get halted() {
    return this.#halted !== undefined;
  }

  /** The next events, or `undefined` when the run is over. Throws a typed error, once, for every other end. */
  async next() {
    try {
      for (;;) {
        if (this.#halted) throw this.#halted;
        if (this.#gone) return undefined;
        if (this.#deferred) throw this.#deferred;
        if (this.#settled) {
          this.leave();
          return undefined;
        }
        if (!this.#opening) await this.#open();
        const batch = await this.#step();
        if (batch?.length > 0 && !this.#halted) return batch;
      }
    } catch (error) {
      // What breaks after a halt, or after the consumer has left, is a consequence of it.
      const reason = this.#halted ?? (this.#gone ? undefined : error);
      this.leave();
      if (reason === undefined || (reason === this.#halted && this.#told)) return undefined;
      this.#told = reason === this.#halted;
      throw reason;
    }
  }

  async #open() {
    for (const [signal, kind] of this.#options.signals) {
      if (signal.aborted) throw this.#driver.failure(kind, signal.reason);
      this.#links.push(onAbort(signal, () => this.#stop(kind, signal.reason)));
    }
    const { startMs } = this.#options;
    if (startMs > 0) this.#startTimer = after(startMs, () => this.#stop("start", startMs));
    this.#opening = this.#driver.open(this.#connection.signal).then(
      (exchange) => {
        try {
          this.#reader = exchange.reader();
        } catch (halt) {
          throw this.#driver.failure("body", halt.cause);
        }
      },
      (error) => {
        this.#settled = true;
        throw error;
      },
    );
    await Promise.race([this.#opening, this.whenHalted]);
  }

  #stop(kind, detail) {
    if (this.#gone || this.#halted) return;
    const error = this.#driver.failure(kind, detail);
    // Closing a sandbox's handle lets go of it. Nothing more can be sent then, and nothing should be.
    if (kind === "closed") this.#options.interrupts = false;
    this.#halted = error;
    this.#halt(error);
    this.leave();
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
    if (!(idleMs > 0) || !this.#started || this.#idleTimer !== undefined) return;
    const check = () => {
      this.#idleTimer = undefined;
      if (this.#gone || this.#settled || this.#waitingSince === 0) return;
      const left = this.#waitingSince + idleMs - Date.now();
      if (left > 0) this.#idleTimer = after(left, check);
      else {
        this.#stalled = true;
        this.#reader.cancel().catch(() => {});
      }
    };
    this.#idleTimer = after(idleMs, check);
  }

  async #step() {
    if (this.#gone) return undefined;
    let chunk;
    try {
      chunk = await this.#read();
    } catch (cause) {
      return this.#gone ? undefined : this.#recover("interrupted", cause);
    }
    if (this.#gone) return undefined;
    if (this.#stalled) return this.#recover("stalled");
    if (!chunk.done) return this.#batch(this.#driver.push(chunk.value));
    const batch = this.#batch(this.#driver.finish());
    // A torn last line is no event: the body simply ended too early.
    if (this.#driver.ended()) this.#settle();
    else if (batch.length === 0 && !this.#deferred) return this.#recover("interrupted");
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
    if (table.length > 0 && !this.#started) {
      // Whatever it is, something has started.
      this.#started = true;
      clearTimeout(this.#startTimer);
    }
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
          this.#settle();
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
        return this.#driver.note(INIT);
      case "execution_complete":
        return this.#driver.note(COMPLETE);
      case "error":
        this.exitCode = this.#driver.exitCode(asText(event.error?.evalue ?? event.error?.value ?? event.value));
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
      if (this.#gone) return undefined;
      // The program goes on, for all we know: losing sight of it is no reason to end it.
      this.#settled = true;
      throw Object.assign(error, { executionId: this.id, lastEvent: this.lastEvent });
    }
    if (this.#gone) return undefined;
    this.recovered = true;
    return this.#batch(specials);
  }

  /** The run is over on the server. Its consumer may still have much to do. */
  #settle() {
    this.#settled = true;
    this.#letGo();
  }

  /** Gives the connection back before anything else is sent: browsers allow six of them per origin. */
  #letGo() {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#idleTimer);
    this.#reader?.cancel().catch(() => {});
    this.#connection.abort();
  }

  /** Ends the program and waits until it has ended; the stream then tells how. */
  async kill() {
    if (!this.#gone && !this.#settled) await this.#driver.kill(this.id);
  }

  /** The consumer wants no more: at the end, after an abort or an error, or just so. */
  leave() {
    if (this.#gone) return;
    this.#gone = true;
    for (const unlink of this.#links.splice(0)) unlink();
    const interrupts = this.#options.interrupts && !this.#settled && this.#opening !== undefined;
    if (interrupts && this.id === undefined) {
      // The program may have been started or be about to: somebody has to stay for its id.
      this.#linger();
      return;
    }
    this.#letGo();
    if (interrupts) this.#driver.interrupt(this.id);
    this.#driver.free();
  }

  /** Reads on until `init` tells the id, then interrupts. Nobody waits for this. */
  async #linger() {
    clearTimeout(this.#startTimer);
    const timer = setTimeout(() => this.#letGo(), LINGER_MS);
    // What has not been sent yet need not be.
    this.#driver.abandon();
    try {
      await this.#opening;
      while (this.id === undefined) {
        const { done, value } = await (this.#pending ?? this.#reader.read());
        this.#pending = undefined;
        if (done) return;
        this.#batch(this.#driver.push(value));
      }
      this.#letGo();
      if (!this.#settled) this.#driver.interrupt(this.id);
    } catch {
      // The connection is gone, and with it all knowledge of the run.
    } finally {
      clearTimeout(timer);
      this.#letGo();
      this.#driver.free();
    }
  }
}
