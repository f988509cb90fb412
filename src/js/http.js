// The only place that calls fetch. One Exchange is one request with its answer: it links the caller's signals and the
// timer to the whole of it, body included, and lets go of them when it is done.

import { onAbort } from "./signals.js";

/** Why an exchange stopped: "timeout", "network", or the name that was given with a signal. */
export class Halt {
  constructor(kind, cause) {
    this.kind = kind;
    this.cause = cause;
  }
}

class Exchange {
  #controller = new AbortController();
  #timer;
  #links = [];
  #stop;
  #stopped;

  constructor(timeoutMs, signals) {
    this.#stopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#stopped.catch(() => {});
    if (timeoutMs > 0) this.#timer = setTimeout(() => this.halt("timeout"), Math.min(timeoutMs, 0x7fffffff));
    for (const [signal, kind] of signals) {
      const listener = () => this.halt(kind, signal.reason);
      if (signal.aborted) listener();
      else this.#links.push(onAbort(signal, listener));
    }
  }

  async open(fetch, url, init) {
    try {
      // A fetch that throws, hangs or ignores its signal must not take us with it: hence the race. `fetch` is called
      // plainly, with `undefined` as this: browsers and workers refuse anything else.
      this.response = await Promise.race([
        this.#stopped,
        (async () => fetch(url, { ...init, redirect: "manual", signal: this.#controller.signal }))(),
      ]);
      if (typeof this.response?.status !== "number") throw new TypeError("fetch did not give a Response");
    } catch (cause) {
      this.done();
      throw cause instanceof Halt ? cause : new Halt("network", cause);
    }
    return this;
  }

  get status() {
    return this.response.status;
  }

  /** Not followed: a redirect would carry keys to another place. Browsers hide its status. */
  get isRedirect() {
    const { type, status } = this.response;
    return type === "opaqueredirect" || (status >= 300 && status < 400 && status !== 304);
  }

  header(name) {
    return this.response.headers?.get?.(name) ?? undefined;
  }

  text() {
    return this.#read(async () => this.response.text());
  }

  bytes() {
    return this.#read(async () => new Uint8Array(await this.response.arrayBuffer()));
  }

  async #read(consume) {
    try {
      return await Promise.race([this.#stopped, consume()]);
    } catch (cause) {
      throw cause instanceof Halt ? cause : new Halt("network", cause);
    } finally {
      this.done();
    }
  }

  /** Rejects with a Halt when a signal fires. Never resolves. */
  get stopped() {
    return this.#stopped;
  }

  /** The timer ends here and the signals stay linked: from now on the reader of the body watches the clock. */
  stream() {
    clearTimeout(this.#timer);
    return this.response.body;
  }

  halt(kind, cause) {
    this.#stop(new Halt(kind, cause));
    this.#controller.abort(cause);
  }

  /** Drops the connection, if it is still there. */
  abort() {
    this.done();
    this.#controller.abort();
  }

  /** Lets go of the timer and the signals. */
  done() {
    clearTimeout(this.#timer);
    for (const unlink of this.#links.splice(0)) unlink();
  }
}

/** Called from Rust. `signals`: pairs of a signal and what to call its halt. */
export function openExchange(fetch, url, init, timeoutMs, signals) {
  return new Exchange(timeoutMs, signals).open(fetch ?? globalThis.fetch, url, init);
}

export function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
