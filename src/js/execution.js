// Execution: what a run has produced. Text is kept as it came out of the decoder, one string per chunk; the official
// arrays of messages are made from it when somebody looks at `logs`.

import { Capture } from "./capture.js";
import { SandboxException } from "./errors.js";
import { ExecutionError, ExecutionResult } from "./results.js";

// The rows of a batch: kind, length of the text, timestamp. Shared with src/core/events.rs.
export const ROW = 3;
export const JSON_ROW = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const PING = 3;

/** One chunk's worth of events: their texts joined, a row of numbers each, and the parsed ones by row number. */
export class Batch {
  constructor(text, table, parsed) {
    this.text = text;
    this.table = table;
    this.parsed = parsed;
    this.length = table.length / ROW;
  }

  /** Raw events, as on the wire. */
  *events() {
    let at = 0;
    for (let row = 0; row < this.length; row++) {
      const [kind, length, timestamp] = this.table.subarray(row * ROW, row * ROW + ROW);
      const text = this.text.slice(at, at + length);
      at += length;
      yield kind === JSON_ROW ? this.parsed.get(row) : { type: TYPES[kind], text, timestamp };
    }
  }
}
const TYPES = [undefined, "stdout", "stderr", "ping"];

export class Execution {
  #batches = [];
  #logs;
  #verbatim;
  #capture;
  #captured;
  #facts = { timedOut: false, recovered: false };

  constructor(verbatim = false, capture = undefined) {
    this.#verbatim = verbatim;
    this.#capture = capture;
    // An own accessor: spread, Object.keys, structuredClone and JSON then give the official shape.
    Object.defineProperty(this, "logs", { get: () => this.#materialise(), enumerable: true, configurable: true });
    this.result = [];
  }

  /** Exit code 0, or for code: no error. */
  get ok() {
    return this.error === undefined && (this.exitCode === undefined || this.exitCode === 0);
  }

  /** Whether the run was ended by its own timeout. */
  get timedOut() {
    return this.#facts.timedOut;
  }

  /** Whether the stream was cut and the rest was read back from the sandbox: stdout first, then stderr. */
  get recovered() {
    return this.#facts.recovered;
  }

  /**
   * The standard output as one text. Commands and sessions: each event is a line and gets its line break back, an event
   * "\n" is one empty line. Code: the chunks as the kernel wrote them.
   */
  get stdout() {
    return this.#join((kind) => kind === STDOUT);
  }

  get stderr() {
    return this.#join((kind) => kind === STDERR);
  }

  /** Both, in the order of arrival. */
  get output() {
    return this.#join(() => true);
  }

  /** How many characters of the outputs were not kept, see `capture`; `undefined` when nothing is missing. */
  get truncated() {
    const [stdout, stderr] = [STDOUT, STDERR].map((kind) => this.#capture?.missing(kind) ?? 0);
    return stdout > 0 || stderr > 0 ? { stdout, stderr } : undefined;
  }

  /** The text of the last result: the value of the last expression of code. */
  get text() {
    return this.result.at(-1)?.text;
  }

  toJSON() {
    return { ...this };
  }

  /** Node's console.log would show `logs` as "[Getter]". */
  [Symbol.for("nodejs.util.inspect.custom")](_depth, options, inspect) {
    return `Execution ${inspect({ ...this }, options)}`;
  }

  /** Where not all is kept: what is kept now takes the place of what was before. */
  #refresh() {
    const packed = this.#capture?.packed;
    if (packed === this.#captured) return;
    this.#captured = packed;
    this.#logs = undefined;
    this.#past = [];
    this.#batches = [new Batch(packed.text, new Float64Array(packed.rows.flat()))];
  }

  #materialise() {
    this.#refresh();
    this.#logs ??= { stdout: [], stderr: [] };
    for (const batch of this.#batches.splice(0)) {
      this.#past.push(batch);
      addMessages(this.#logs, batch);
    }
    return this.#logs;
  }
  /** The batches that `#logs` has already: still needed for the joined texts. */
  #past = [];

  #join(wanted) {
    this.#refresh();
    const parts = [];
    for (const batch of [...this.#past, ...this.#batches]) {
      for (const [kind, text] of outputs(batch)) {
        if (wanted(kind)) parts.push(this.#verbatim || text === "\n" ? text : `${text}\n`);
      }
    }
    return parts.join("");
  }

  /** An Execution makes its messages when they are looked at; an object of the caller's has to be given them. */
  static #keep = (execution, batch) => {
    if (!(#batches in execution)) addMessages(execution.logs, batch);
    else if (execution.#capture) execution.#capture.add(batch);
    else execution.#batches.push(batch);
  };
  static #learn = (execution, facts) => Object.assign(execution.#facts, facts);

  /** For the recorder below. Not part of the class's public face. */
  static internals = (() => {
    const internals = { keep: Execution.#keep, learn: Execution.#learn };
    return () => internals;
  })();
}
const { keep, learn } = Execution.internals();
delete Execution.internals;

function addMessages({ stdout, stderr }, batch) {
  for (const [kind, text, timestamp] of outputs(batch)) {
    if (kind === STDOUT) stdout.push({ text, timestamp, isError: false });
    else stderr.push({ text, timestamp, isError: true });
  }
}

/** The output rows of a batch. */
export function* outputs(batch) {
  const { text, table, parsed } = batch;
  let at = 0;
  for (let row = 0; row < batch.length; row++) {
    const kind = table[row * ROW];
    const end = at + table[row * ROW + 1];
    if (kind === STDOUT || kind === STDERR) yield [kind, text.slice(at, end), table[row * ROW + 2]];
    else if (kind === JSON_ROW) {
      const event = parsed.get(row);
      if (event.type === "stdout" || event.type === "stderr") {
        yield [event.type === "stdout" ? STDOUT : STDERR, asText(event.text), timeOf(event)];
      }
    }
    at = end;
  }
}

/** The text of what should be a string. A hostile server may send anything, also what `String` throws at. */
export function asText(value) {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

const timeOf = (event) => (typeof event.timestamp === "number" ? event.timestamp : Date.now());

/** Writes batches into an Execution and calls the caller's handlers, one after another, in stream order. */
export class Recorder {
  #handlers;
  #code;
  #timeoutMs;
  #startedAt = Date.now();
  #onlyText;
  #forgets;
  #exitCode = null;

  /**
   * `code`: the run is of code: no exit code, output verbatim. `timeoutMs`: the run's own limit, 0 for none. `capture`: how
   * many characters of each output to keep, `[head, tail]`; all without it. `execution`: an object of the caller's to write into.
   */
  constructor({ execution, handlers, code, background, timeoutMs, capture }) {
    this.execution = execution ?? new Execution(code, capture && new Capture(capture, outputs, code));
    this.#handlers = handlers ?? {};
    this.#forgets = Boolean(this.#handlers.skipAccumulation);
    this.#code = code || background;
    // The limit of code is ours: the reader knows whether it was reached.
    this.#timeoutMs = code ? 0 : timeoutMs;
    const { onEvent, onStdout, onStderr } = this.#handlers;
    this.#onlyText = !onEvent && !onStdout && !onStderr;
  }

  /**
   * `run.exitCode`: the one that an `error` event among them carries, as the Rust side read it. `run.halted`: after an abort,
   * also one from a handler, no other handler is called.
   */
  take(batch, run) {
    this.#exitCode = run.exitCode ?? null;
    if (!this.#forgets) keep(this.execution, batch);
    if (this.#onlyText) {
      // No object per line is made for those who only want text.
      return batch.parsed && this.#specials(batch, run);
    }
    const place = { row: 0, at: 0 };
    const waiting = this.#rows(batch, run, place);
    return waiting && this.#slowly(waiting, batch, run, place);
  }

  async #specials(batch, run) {
    for (const event of batch.parsed.values()) {
      if (run.halted) return;
      await this.#record(event);
    }
  }

  async #slowly(waiting, batch, run, place) {
    for (let next = waiting; next; next = this.#rows(batch, run, place)) await next;
  }

  /** Goes on at `place` until a handler gives a promise: awaiting what is none would cost a turn of the event loop per line. */
  #rows(batch, run, place) {
    const { text, table, parsed, length } = batch;
    for (let { row, at } = place; row < length && !run.halted; row++) {
      const kind = table[row * ROW];
      const end = at + table[row * ROW + 1];
      const waiting =
        kind === JSON_ROW
          ? this.#event(parsed.get(row), run)
          : this.#output(kind, text.slice(at, end), table[row * ROW + 2], run);
      at = end;
      if (isThenable(waiting)) {
        place.row = row + 1;
        place.at = at;
        return waiting;
      }
    }
    return undefined;
  }

  /** An event that the decoder has read itself. */
  #output(kind, text, timestamp, run) {
    const waiting = this.#handlers.onEvent?.({ type: TYPES[kind], text, timestamp });
    if (kind === PING) return waiting;
    const tell = () => this.#tell(kind === STDERR, text, timestamp, run);
    return isThenable(waiting) ? Promise.resolve(waiting).then(tell) : tell();
  }

  #event(event, run) {
    const waiting = this.#handlers.onEvent?.(event);
    const { type } = event;
    const tell = () => {
      if (type !== "stdout" && type !== "stderr") return run.halted ? undefined : this.#record(event);
      return this.#tell(type === "stderr", asText(event.text), timeOf(event), run);
    };
    return isThenable(waiting) ? Promise.resolve(waiting).then(tell) : tell();
  }

  #tell(isError, text, timestamp, run) {
    if (run.halted) return undefined;
    const handlers = this.#handlers;
    return isError
      ? handlers.onStderr?.({ text, timestamp, isError })
      : handlers.onStdout?.({ text, timestamp, isError });
  }

  async #record(event) {
    const { execution } = this;
    const handlers = this.#handlers;
    const timestamp = timeOf(event);
    switch (event.type) {
      case "init": {
        if (typeof event.text === "string" && event.text !== "") execution.id = event.text;
        await handlers.onInit?.({ id: execution.id ?? "", timestamp });
        break;
      }
      case "result": {
        const raw = event.results ?? {};
        // execd renames text/plain to text.
        const text = raw["text/plain"] ?? raw.text ?? raw.textPlain ?? event.text;
        const known = text === undefined || text === null ? undefined : asText(text);
        const result = new ExecutionResult(known, timestamp, raw);
        execution.result.push(result);
        await handlers.onResult?.(result);
        break;
      }
      case "execution_count": {
        if (typeof event.execution_count === "number") execution.executionCount = event.execution_count;
        break;
      }
      case "execution_complete": {
        execution.complete = {
          timestamp,
          executionTimeMs: typeof event.execution_time === "number" ? event.execution_time : 0,
        };
        if (!this.#code && !execution.error) execution.exitCode = 0;
        await handlers.onExecutionComplete?.(execution.complete);
        break;
      }
      case "error":
        await this.#fail(event.error ?? event, timestamp);
        break;
      case undefined:
        // A bare {"code","message"}: execd's way to fail inside a stream.
        if (typeof event.code === "string")
          await this.#fail({ ename: event.code, evalue: event.message ?? "" }, timestamp);
        break;
    }
  }

  async #fail(payload, timestamp) {
    const { execution } = this;
    const name = asText(payload.ename ?? payload.name);
    const value = asText(payload.evalue ?? payload.value ?? payload.text);
    // SQL sends null for "no traceback".
    const traceback = Array.isArray(payload.traceback) ? payload.traceback.map(asText) : [];
    execution.error = new ExecutionError(name, value, traceback, timestamp);
    if (!this.#code) execution.exitCode = this.#exitCode;
    // Nothing on the wire says "timeout": a kill after the limit that was asked for is one. Sessions say it in words.
    const words = /timeout after|deadline exceeded/;
    const late = this.#timeoutMs > 0 && Date.now() - this.#startedAt >= this.#timeoutMs;
    if (late && (traceback[0] === "signal: killed" || words.test(value))) learn(execution, { timedOut: true });
    await this.#handlers.onError?.(execution.error);
  }

  /** From now on the output goes elsewhere. */
  forget() {
    this.#forgets = true;
  }

  /** Whatever ended the run, nothing that had arrived is lost. An error of the caller's own handler is passed on untouched. */
  explain(error, run) {
    if (!(error instanceof SandboxException)) return error;
    if ("exitCode" in error) {
      this.execution.exitCode = error.exitCode;
      delete error.exitCode;
    }
    if (run.id !== undefined || error.name === "SandboxStreamException") {
      Object.assign(error, { execution: this.execution, executionId: run.id });
    }
    return error;
  }

  /** Code was interrupted because its time was over. */
  overran() {
    learn(this.execution, { timedOut: true });
  }

  recovered() {
    learn(this.execution, { recovered: true });
  }
}

export const isThenable = (value) => typeof value?.then === "function";
