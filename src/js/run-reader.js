// Reads the stream of a run: pumps chunks from the network into the decoder (Rust, one crossing per chunk), watches the
// clock, and sees to it that every end is told apart: over, cut, silent, aborted, left. See docs/architecture.md, Streams.

import { forOthers } from "./call.js";
import { CodeRun, isBusy } from "./code-run.js";
import { core, memory } from "./core.js";
import { asText, Batch, isThenable, JSON_ROW, ROW, STDERR, STDOUT } from "./execution.js";
import { aborted } from "./failure.js";
import { LongLine } from "./long-line.js";
import { end, interruptCode } from "./program.js";
import { givenUp, recover } from "./recovery.js";
import { failures } from "./run-failures.js";
import { onAbort } from "./signals.js";
import { after } from "./timers.js";

const TAIL = 4;
const JUNK = 5;
const [INIT, COMPLETE, ERROR, REFUSED] = [0, 1, 2, 3];
// The driver's header: numbers of stdout and stderr events; where text and table are and how long; bytes of the line that is
// not complete yet.
const HEADER = 7;
const CARRIED = 6;

// How long an aborted run may go on before `init` has told the id that an interrupt needs.
const LINGER_MS = 5_000;
// How much is decoded at once, and how long a line may get before it is put together outside of WebAssembly memory, which
// never shrinks.
const PIECE = 1 << 20;
// ignoreBOM: TextDecoder would drop a leading U+FEFF and shift every slice.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One run. `plan`: see run.js. The driver is the Rust side, see src/api/run.rs.
 *
 * Three things end, each once: the run on the server (`#settled`: nothing is left to interrupt), the consumer's interest
 * (`#gone`: the driver may be freed, so nobody touches it after an await without looking), and, perhaps, the caller's
 * patience (`#halted`: an abort, a close, a late start).
 */
export class RunReader {
  #execd;
  #plan;
  #driver;
  /** Whether leaving ends the program too. */
  #interrupts;
  #opening;
  /** Left before the request was sent: it shall not be. */
  #abandoned = false;
  #connection = new AbortController();
  #reader;
  #pending;
  /** What was read and not yet decoded: the rest of a large chunk, or what follows a long line. */
  #rest;
  /** A line of more than `PIECE`, while it grows. */
  #long;
  // WebAssembly memory as JavaScript sees it. Made anew when the memory grows: the old ones are empty then.
  #buffer;
  #bytes;
  #numbers;
  #header;
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
  /** For runs of code. */
  #code;
  #waitingSince = 0;
  #seen = { stdout: 0, stderr: 0 };
  id;
  /** Of the request that opened the stream. */
  requestId;
  lastEvent;
  exitCode;
  recovered = false;
  /** Rejects as soon as the run is aborted, closed or late, whatever else is going on. Never resolves. */
  whenHalted;

  constructor(execd, plan) {
    this.#execd = execd;
    this.#plan = plan;
    this.#interrupts = plan.interrupts;
    this.#driver = core.newRun(plan.endpoint, plan.maxEventBytes);
    this.whenHalted = new Promise((_, reject) => {
      this.#halt = reject;
    });
    this.whenHalted.catch(() => {});
    if (plan.code) {
      this.#code = new CodeRun(plan.timeoutMs, {
        interrupt: () => this.id !== undefined && this.#interrupt(),
        giveUp: () => {
          this.#interrupts = false;
          this.#stop("unresponsive", this.id);
        },
        isWaiting: () => this.#waitingSince > 0,
        output: () => this.#seen.stdout + this.#seen.stderr,
        lastEvent: () => this.lastEvent,
      });
    }
  }

  /** Whether code was interrupted because its time was over. */
  get overdue() {
    return this.#code?.overdue ?? false;
  }

  /** Whether the run was aborted, closed or late: no handler may be called and no event be given any more. */
  get halted() {
    return this.#halted !== undefined;
  }

  /** The next events, or `undefined` when the run is over. Throws a typed error, once, for every other end. */
  async next() {
    let next;
    await this.pump((batch) => {
      next = batch;
      return true;
    });
    return next;
  }

  /**
   * Gives `take` one batch after another, until the run is over or `take` gives (or promises) `true`: no more for now. One
   * loop with one await per chunk: where each event is a chunk of its own, another layer of promises is what one notices.
   */
  async pump(take) {
    try {
      for (;;) {
        if (this.#halted) throw this.#halted;
        if (this.#gone) return;
        if (this.#deferred) throw this.#deferred;
        if (this.#settled) {
          this.leave();
          return;
        }
        if (!this.#opening) await this.#open();
        let chunk;
        let broken;
        try {
          chunk = this.#rest ?? (await this.#chunk());
        } catch (cause) {
          broken = { cause };
        }
        this.#waitingSince = 0;
        if (this.#gone) continue;
        this.#rest = undefined;
        let batch = broken ? this.#recover(false, broken.cause) : this.#decoded(chunk);
        if (batch instanceof Promise) batch = await batch;
        if (!(batch?.length > 0) || this.#halted) continue;
        let enough = take(batch);
        if (isThenable(enough)) enough = await enough;
        if (enough) return;
      }
    } catch (error) {
      // What breaks after a halt, or after the consumer has left, is a consequence of it.
      const reason = this.#halted ?? (this.#gone ? undefined : error);
      this.leave();
      if (reason === undefined || (reason === this.#halted && this.#told)) return;
      this.#told = reason === this.#halted;
      throw reason;
    }
  }

  async #open() {
    for (const [signal, kind] of this.#execd.transport.signals(this.#plan.call)) {
      if (signal.aborted) throw this.#failure(kind, signal.reason);
      this.#links.push(onAbort(signal, () => this.#stop(kind, signal.reason)));
    }
    const { startMs } = this.#plan;
    if (startMs > 0) this.#startTimer = after(startMs, () => this.#stop("start"));
    this.#opening = this.#send().then(
      (exchange) => {
        try {
          this.#reader = exchange.reader();
        } catch (halt) {
          throw this.#failure("body", halt.cause);
        }
      },
      (error) => {
        this.#settled = true;
        throw error;
      },
    );
    await Promise.race([this.#opening, this.whenHalted]);
  }

  /** Resolves with the exchange when the headers have come. */
  async #send() {
    // The caller's own signal is our business: an abort must not cut the connection before the id is known.
    const call = { ...this.#plan.call, signal: undefined };
    const endpoint = await this.#execd.endpoint(call);
    if (this.#abandoned) throw aborted();
    const signals = [[this.#connection.signal, "closed"]];
    const exchange = await this.#execd.open(endpoint, this.#plan.wire, call, signals);
    this.requestId = exchange.requestId;
    return exchange;
  }

  #stop(kind, detail) {
    if (this.#gone || this.#halted) return;
    const error = this.#failure(kind, detail);
    // Closing a sandbox's handle lets go of it. Nothing more can be sent then, and nothing should be.
    if (kind === "closed") this.#interrupts = false;
    this.#halted = error;
    this.#halt(error);
    this.leave();
  }

  /** The next chunk as `{ done, value }`, once it comes. */
  #chunk() {
    if (!this.#reader) return { done: true };
    this.#waitingSince = Date.now();
    this.#watch();
    this.#pending ??= this.#reader.read();
    // Racing each read of a long stream would pile up reactions on one promise. Cancelling ends a read as well, unless
    // somebody has to stay for the id.
    const stays = this.id === undefined && this.#interrupts;
    return stays ? Promise.race([this.#pending, this.whenHalted]) : this.#pending;
  }

  /** The clock runs only while we wait on the network, and only once pings are due. One timer serves all reads. */
  #watch() {
    const { idleMs } = this.#plan;
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

  /** The events of what was read; a promise of them where the run has to be recovered. */
  #decoded({ done, value }) {
    this.#pending = undefined;
    if (this.#stalled) return this.#recover(true);
    if (done) return this.#end();
    if (this.#long) return this.#goOn(value);
    if (value.length > PIECE) {
      this.#rest = { done: false, value: value.subarray(PIECE) };
      return this.#push(value.subarray(0, PIECE));
    }
    return this.#push(value);
  }

  #push(chunk) {
    const { length } = chunk;
    // May make the memory grow: the views come after it.
    const at = this.#driver.input(length);
    this.#look();
    this.#bytes.set(chunk, at);
    const batch = this.#batch(this.#driver.push(length));
    if (this.#header[CARRIED] > PIECE && !this.#deferred) {
      this.#long = new LongLine(this.#driver.takeLine(), this.#plan.maxEventBytes);
    }
    return batch;
  }

  /** More of a long line, or its end. */
  #goOn(chunk) {
    const rest = this.#long.add(chunk);
    if (this.#long.isTooLong) {
      this.#deferred = this.#failed("tooLarge");
      return undefined;
    }
    if (rest === undefined) return undefined;
    // With the line's end, which the decoder takes for that of an empty line.
    this.#rest = { done: false, value: rest };
    return this.#whole(JSON_ROW);
  }

  /** The one event of the long line. */
  #whole(kind) {
    const event = this.#parse(kind, this.#long.text());
    this.#long = undefined;
    if (event === undefined) return undefined;
    this.#begin();
    if (this.#note(event)) {
      this.#rest = undefined;
      this.#settle();
    }
    return this.#counted(new Batch("", Float64Array.of(JSON_ROW, 0, 0), new Map([[0, event]])));
  }

  /** The body has ended. */
  #end() {
    const batch = this.#long ? this.#whole(TAIL) : this.#batch(this.#driver.finish());
    // A torn last line is no event: the body simply ended too early.
    if (this.#driver.ended()) this.#settle();
    else if (!(batch?.length > 0) && !this.#deferred) return this.#recover(false);
    return batch;
  }

  /** Looks at the memory of the decoder, wherever it has moved. */
  #look() {
    const { buffer } = memory;
    if (this.#buffer === buffer) return;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#numbers = new Float64Array(buffer);
    this.#header = new Uint32Array(buffer, this.#driver.header(), HEADER);
  }

  /** What the decoder holds now. `specials` is the number of rows that are not plain output, -1 for an oversized event. */
  #batch(specials) {
    if (specials < 0) {
      // What came before the oversized event is delivered first.
      this.#deferred = this.#failed("tooLarge");
      specials = -1 - specials;
    }
    this.#look();
    const header = this.#header;
    // Not by destructuring: that would make an iterator.
    const textAt = header[2];
    const tableAt = header[4] / 8;
    const text = decoder.decode(this.#bytes.subarray(textAt, textAt + header[3]));
    let table = this.#numbers.slice(tableAt, tableAt + header[5]);
    if (table.length > 0) this.#begin();
    if (specials === 0) {
      this.#seen.stdout += header[0];
      this.#seen.stderr += header[1];
      return new Batch(text, table);
    }
    const parsed = new Map();
    let at = 0;
    for (let row = 0; row * ROW < table.length; row++) {
      const kind = table[row * ROW];
      const length = table[row * ROW + 1];
      if (kind === JSON_ROW || kind === TAIL || kind === JUNK) {
        const event = this.#parse(kind, text.slice(at, at + length));
        if (event === undefined || this.#isBusy(event)) {
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

  /** Whatever has come, something has started. */
  #begin() {
    if (this.#started) return;
    this.#started = true;
    clearTimeout(this.#startTimer);
    this.#code?.begin();
  }

  /** Code may not have begun when we leave it: stays until it has ended. Nobody waits for this. */
  async #interruptUntilOver() {
    clearTimeout(this.#idleTimer);
    const drain = async () => {
      for (;;) {
        const { done } = await (this.#pending ?? this.#reader.read());
        this.#pending = undefined;
        if (done) return true;
      }
    };
    await this.#code.interruptUntil(drain().catch(() => true));
    this.#letGo();
    this.#driver.free();
  }

  /** The context runs something else: nothing of ours has begun, and an interrupt would hit the other. */
  #isBusy(event) {
    if (!this.#code || !isBusy(event)) return false;
    this.#deferred = this.#failed("busy", this.id);
    this.#settle();
    return true;
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

  /** The exception for an end of a kind. */
  #failure(kind, detail) {
    const error = failures[kind](this.#plan.wire.what, detail, this.#plan);
    return Object.assign(error, { requestId: this.requestId });
  }

  #failed(kind, detail) {
    return this.#placed(this.#failure(kind, detail));
  }

  #placed(error) {
    return Object.assign(error, { executionId: this.id, lastEvent: this.lastEvent });
  }

  /** Asks the sandbox how the run went on, and delivers what is missing. */
  async #recover(stalled, cause) {
    this.#letGo();
    const recoverable = this.#driver.recoverable();
    const { id, requestId } = this;
    const lost = { execd: this.#execd, plan: this.#plan, id, requestId, cause, stalled, recoverable };
    try {
      const found = await Promise.race([recover(lost), this.whenHalted]);
      if (this.#gone) return undefined;
      this.#replay(found, lost);
    } catch (error) {
      if (this.#gone) return undefined;
      // The program goes on, for all we know: losing sight of it is no reason to end it.
      this.#settled = true;
      throw this.#placed(error);
    }
    this.recovered = true;
    // The end is the one event that is no output.
    return this.#batch(1);
  }

  /** Decodes what is missing. */
  #replay({ status, stdout, stderr }, lost) {
    const exitCode = typeof status.exit_code === "number" ? status.exit_code : undefined;
    const said = typeof status.error === "string" ? JSON.stringify(status.error) : "";
    const { stdout: out, stderr: err } = this.#seen;
    if (stdout && stderr && this.#driver.replay(stdout, stderr, out, err, exitCode, said, Date.now())) return;
    const error = givenUp(lost, "The program has ended, but its output could not be read back", false);
    // The recorder moves it to the error's execution.
    throw Object.assign(error, { exitCode: exitCode ?? null });
  }

  /** The run is over on the server. Its consumer may still have much to do. */
  #settle() {
    this.#settled = true;
    this.#letGo();
  }

  /** Gives the connection back before anything else is sent: browsers allow six of them per origin. */
  #letGo() {
    clearTimeout(this.#startTimer);
    this.#code?.end();
    clearTimeout(this.#idleTimer);
    this.#reader?.cancel().catch(() => {});
    this.#connection.abort();
  }

  /** Ends the program and waits until it has ended; the stream then tells how. */
  async kill(options) {
    if (this.#gone || this.#settled) return;
    const call = core.callOptions(options);
    // Those of the run, for a gateway, unless they are said anew.
    const headers = [...this.#plan.call.headers, ...call.headers];
    await end(this.#execd, this.id, { ...call, headers });
  }

  /** Ends the program. Nobody waits for it. */
  #interrupt() {
    const interrupt = this.#plan.code ? interruptCode : end;
    // The abort that led here must not stop this request, and closing the sandbox meanwhile may.
    interrupt(this.#execd, this.id, forOthers(this.#plan.call)).catch(() => {});
  }

  /** The consumer wants no more: at the end, after an abort or an error, or just so. */
  leave() {
    if (this.#gone) return;
    this.#gone = true;
    for (const unlink of this.#links.splice(0)) unlink();
    const interrupts = this.#interrupts && !this.#settled && this.#opening !== undefined;
    if (interrupts && this.id === undefined) {
      // The program may have been started or be about to: somebody has to stay for its id.
      this.#linger();
      return;
    }
    if (interrupts && this.#code?.isEarly) {
      this.#interruptUntilOver();
      return;
    }
    this.#letGo();
    if (interrupts) this.#interrupt();
    this.#driver.free();
  }

  /** Reads on until `init` tells the id, then interrupts. Nobody waits for this. */
  async #linger() {
    clearTimeout(this.#startTimer);
    this.#code?.end();
    const timer = setTimeout(() => this.#letGo(), LINGER_MS);
    // What has not been sent yet need not be.
    this.#abandoned = true;
    try {
      await this.#opening;
      while (this.id === undefined) {
        const { done, value } = await (this.#pending ?? this.#reader.read());
        this.#pending = undefined;
        if (done) return;
        this.#push(value.subarray(0, PIECE));
      }
      this.#letGo();
      if (!this.#settled) this.#interrupt();
    } catch {
      // The connection is gone, and with it all knowledge of the run.
    } finally {
      clearTimeout(timer);
      this.#letGo();
      this.#driver.free();
    }
  }
}
