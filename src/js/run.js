// The two plain ways to consume a run: to its end, with handlers; and event by event.

import { exitFailure } from "./errors.js";
import { Recorder } from "./execution.js";
import { RunReader } from "./run-reader.js";

/** Runs to the end. Resolves with the Execution. */
export async function drive(driver, memory, options) {
  const reader = new RunReader(driver, memory, options);
  const recorder = new Recorder(options);
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
  const failure = options.throwOnNonZero && exitFailure(recorder.execution);
  if (failure) throw failure;
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

export function eventStream(driver, memory, options) {
  return new EventStream(driver, memory, options);
}
