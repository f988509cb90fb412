// The two plain ways to consume a run: to its end, with handlers; and event by event.

import { exitFailure } from "./errors.js";
import { Recorder } from "./execution.js";
import { RunReader } from "./run-reader.js";

/**
 * What to run and how. `wire`: the request. `call`: the caller's signal and headers. `endpoint`: its number, see src/api/run.rs.
 * `interrupts`: whether leaving the stream early ends the program too. `timeoutMs`: the run's own limit, which the server keeps, but
 * for code; 0 for none. `capture`: see execution.js. Called from Rust.
 */
export const newPlan = (
  wire,
  call,
  endpoint,
  interrupts,
  throwOnNonZero,
  timeoutMs,
  startMs,
  idleMs,
  maxEventBytes,
  capture,
) => ({
  wire,
  call,
  endpoint,
  background: endpoint === 1,
  code: endpoint === 3,
  watch: endpoint === 4,
  interrupts,
  throwOnNonZero,
  timeoutMs,
  startMs,
  idleMs,
  maxEventBytes,
  capture,
});

/** Runs to the end. Resolves with the Execution. */
export const drive = (execd, plan, handlers) => follow(new RunReader(execd, plan), plan, handlers);

/** The same with a reader of the caller's. */
export async function follow(reader, plan, handlers) {
  const recorder = new Recorder({ ...plan, handlers });
  try {
    // The race is for the handlers: one that never settles must not stand between an abort and its rejection.
    await Promise.race([reader.pump((batch) => recorder.take(batch, reader)), reader.whenHalted]);
  } catch (error) {
    reader.leave();
    if (reader.overdue) recorder.overran();
    throw recorder.explain(error, reader);
  }
  if (reader.recovered) recorder.recovered();
  // Without an error it has come to its own end just then.
  if (reader.overdue && recorder.execution.error) recorder.overran();
  const failure = plan.throwOnNonZero && exitFailure(recorder.execution);
  if (failure) throw failure;
  return recorder.execution;
}

/** The raw events of a run as an async iterable. Starts with the first `next()`; can be iterated once. */
export class EventStream {
  #reader;
  #events;
  #taken = false;
  #tail = Promise.resolve();

  constructor(execd, plan) {
    this.#reader = new RunReader(execd, plan);
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
      const step = this.#reader.halted ? undefined : this.#events?.next();
      if (step && !step.done) return step;
      this.#events = (await this.#reader.next())?.events();
      if (this.#events === undefined) return { done: true, value: undefined };
    }
  }

  async return(value) {
    this.#events = undefined;
    this.#reader.leave();
    return { done: true, value };
  }
}

export const eventStream = (execd, plan) => new EventStream(execd, plan);
