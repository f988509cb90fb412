// A command that is read as it goes: a handle with views of its output. Nothing is read before somebody asks for it, so a
// reader that pauses pauses the program.

import { exitFailure, SandboxError, SandboxException } from "./errors.js";
import { outputs, Recorder, STDERR, STDOUT } from "./execution.js";
import { RunReader } from "./run-reader.js";

/** What a view holds for a reader that does not come. */
const HELD = 1 << 20;

const KINDS = { stdout: [STDOUT], stderr: [STDERR], output: [STDOUT, STDERR] };

/** One of the outputs as text, in the chunks in which it comes. Can be read once. */
class OutputView {
  #name;
  #advance;
  #chunks = [];
  #held = 0;
  #taken = false;
  #closed = false;
  #tooSlow;
  #room;

  constructor(name, advance) {
    this.#name = name;
    this.#advance = advance;
  }

  [Symbol.asyncIterator]() {
    if (this.#taken) throw new TypeError(`${this.#name} has been read already: it can be read only once`);
    this.#taken = true;
    return this;
  }

  async next() {
    this.#taken = true;
    for (;;) {
      if (this.#chunks.length > 0) {
        const value = this.#chunks.shift();
        this.#held -= value.length;
        this.#room?.();
        return { done: false, value };
      }
      if (this.#tooSlow) throw this.#tooSlow;
      if (this.#closed || !(await this.#advance())) return { done: true, value: undefined };
    }
  }

  /** Reads no further. The program and the other views go on. */
  async return(value) {
    this.#closed = true;
    this.#chunks = [];
    this.#room?.();
    return { done: true, value };
  }

  /** The same as a stream of UTF-8. */
  toReadableStream() {
    const chunks = this[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => chunks.return(),
    });
  }

  /** For the handle, see `feed` and `room` below. */
  static internals = {
    /** Called with the text of each batch. A view that nobody reads gives up; the others are not held up by it. */
    feed(view, text) {
      if (view.#closed || view.#tooSlow || text === "") return;
      if (!view.#taken && view.#held + text.length > HELD) {
        const message = `${view.#name} was taken but not read: more than ${HELD} characters have come`;
        view.#tooSlow = new SandboxException({ message, error: new SandboxError("CONSUMER_TOO_SLOW", message) });
        return;
      }
      view.#chunks.push(text);
      view.#held += text.length;
    },
    /** Resolves when a view that is being read has room. */
    async room(view) {
      while (view.#taken && !view.#closed && view.#held > HELD) {
        await new Promise((resolve) => {
          view.#room = resolve;
        });
      }
    },
  };
}
const { feed, room } = OutputView.internals;
delete OutputView.internals;

/** A foreground command that has started. */
export class CommandHandle {
  #reader;
  #recorder;
  #views = new Map();
  #first;
  #begun = false;
  #ended = false;
  #failure;
  #step;
  #throws;
  id;

  constructor(execd, plan) {
    this.#reader = new RunReader(execd, plan);
    this.#recorder = new Recorder(plan);
    this.#throws = plan.throwOnNonZero;
  }

  /** The standard output. Take the views that you want before you read from one or wait: a later one would miss the beginning. */
  get stdout() {
    return this.#view("stdout");
  }

  get stderr() {
    return this.#view("stderr");
  }

  /** Both, in the order of arrival. */
  get output() {
    return this.#view("output");
  }

  #view(name) {
    let view = this.#views.get(name);
    if (!view) {
      if (this.#begun) throw new TypeError(`${name} was not taken before reading began: its beginning is gone`);
      view = new OutputView(name, () => this.#advance());
      this.#views.set(name, view);
    }
    return view;
  }

  /** Reads to the end. Resolves with the Execution, which holds the output if no view was taken. */
  async wait() {
    do {
      // Not faster than those who read along.
      await Promise.all([...this.#views.values()].map(room));
    } while (await this.#advance());
    const failure = this.#throws && exitFailure(this.#recorder.execution);
    if (failure) throw failure;
    return this.#recorder.execution;
  }

  /** Ends the program: SIGTERM to it and its children, SIGKILL after 3 s. Does nothing when it has ended. */
  async kill(options) {
    if (this.#ended) return;
    await this.#reader.kill(options);
    // Somebody has to read the end: a connection that nobody reads stays open, and keeps Node alive.
    this.wait().catch(() => {});
  }

  async [Symbol.asyncDispose]() {
    if (!this.#ended) this.#reader.leave();
    this.#ended = true;
  }

  /** One batch further, for however many ask; `false` at the end. */
  #advance() {
    // Not before the caller's own line has ended: it may be about to take another view.
    this.#step ??= Promise.resolve()
      .then(() => this.#read())
      .finally(() => {
        this.#step = undefined;
      });
    return this.#step;
  }

  async #read() {
    if (this.#failure) throw this.#failure;
    if (this.#ended) return false;
    this.#begun = true;
    try {
      const batch = this.#first ?? (await this.#reader.next());
      this.#first = undefined;
      if (batch) await this.#take(batch);
      else this.#ended = true;
    } catch (error) {
      this.#ended = true;
      this.#failure = this.#recorder.explain(error, this.#reader);
      throw this.#failure;
    }
    if (this.#ended && this.#reader.recovered) this.#recorder.recovered();
    return !this.#ended;
  }

  async #take(batch) {
    if (this.#views.size > 0) this.#recorder.forget();
    await this.#recorder.take(batch, this.#reader);
    for (const [name, view] of this.#views) {
      const parts = [];
      for (const [kind, text] of outputs(batch)) {
        if (KINDS[name].includes(kind)) parts.push(text === "\n" ? text : `${text}\n`);
      }
      feed(view, parts.join(""));
    }
  }

  /** Waits for `init`. What comes with it is kept for the first reader. */
  static async start(execd, plan) {
    const handle = new CommandHandle(execd, plan);
    try {
      handle.#first = await handle.#reader.next();
    } catch (error) {
      throw handle.#recorder.explain(error, handle.#reader);
    }
    handle.id = handle.#reader.id;
    return handle;
  }
}

export const startCommand = (execd, plan) => CommandHandle.start(execd, plan);
