// The only place that calls fetch. One Exchange is one request with its answer: it links the caller's signals and the
// timer to the whole of it, body included, and lets go of them when it is done.

import { onAbort } from "./signals.js";
import { after } from "./timers.js";

/** How much of an error's body is read, and for how long: a hostile server could send for ever. */
const ERROR_BYTES = 65_536;
const ERROR_MS = 5_000;

/** Why an exchange stopped: "timeout", "network", "json", or the name that was given with a signal. */
export class Halt {
  constructor(kind, cause) {
    this.kind = kind;
    this.cause = cause;
  }
}

const asHalt = (cause) => (cause instanceof Halt ? cause : new Halt("network", cause));

class Exchange {
  #controller = new AbortController();
  #timer;
  #links = [];
  #stop;
  #stopped;
  #reader;
  /** Of the request, for errors. `gone`: a repeated DELETE that has found nothing: done, but there is no answer to read. */
  what;
  url;
  limitMs;
  requestId;
  gone;
  /** The Halt, once there is one. */
  halted;
  /** The body, where it was to be read; `broken`: why it could not be. */
  whole;
  broken;

  constructor(timeoutMs, signals) {
    this.#stopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#stopped.catch(() => {});
    if (timeoutMs > 0) this.#timer = after(timeoutMs, () => this.#halt("timeout"));
    for (const [signal, kind] of signals) {
      const listener = () => this.#halt(kind, signal.reason);
      if (signal.aborted) listener();
      else this.#links.push(onAbort(signal, listener));
    }
  }

  /** With `whole`, the body of a success is read, too: see `whole` and `broken`. */
  async open(fetch, url, init, whole) {
    // A fetch that throws, hangs or ignores its signal must not take us with it: hence the race. `fetch` is called
    // plainly, with `undefined` as this: browsers and workers refuse anything else.
    const answer = (async () => fetch(url, { ...init, redirect: "manual", signal: this.#controller.signal }))();
    try {
      this.response = await Promise.race([this.#stopped, answer]);
      if (typeof this.response?.status !== "number") throw new TypeError("fetch did not give a Response");
    } catch (cause) {
      this.done();
      // An answer that comes all the same is nobody's any more.
      answer.then((late) => late?.body?.cancel?.()).catch(() => {});
      throw asHalt(cause);
    }
    if (whole && this.status >= 200 && this.status < 300) await this.#gather();
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

  /** Hands the body over chunk by chunk, until `take` says that it has enough. */
  pour(take) {
    return this.#read(async () => {
      const reader = this.#openReader();
      for (let enough = !reader; !enough; ) {
        const { done, value } = await reader.read();
        enough = done || take(value);
        if (enough && !done) this.abort();
      }
    });
  }

  async #gather() {
    try {
      await this.#read(async () => {
        this.whole = new Uint8Array(await this.response.arrayBuffer());
      });
    } catch (halt) {
      this.broken = halt;
    }
  }

  text() {
    return new TextDecoder().decode(this.whole);
  }

  /** `undefined` for an empty body. Parsed here, so that the text never enters WebAssembly memory, which only grows. */
  json() {
    const text = this.text();
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new Halt("json", cause);
    }
  }

  /** The beginning of the body of an error, as text. Never rejects: the status says more than a body that breaks. */
  async errorText() {
    const chunks = [];
    let length = 0;
    const timer = after(ERROR_MS, () => this.abort());
    try {
      // The timer and the signals stay: `halted` says whether one of them has ended it.
      const reader = this.#openReader();
      while (reader && length < ERROR_BYTES) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value.subarray(0, ERROR_BYTES - length));
        length += value.length;
      }
    } catch {
      // What has come has to do.
    }
    clearTimeout(timer);
    this.abort();
    return new TextDecoder().decode(await new Blob(chunks).arrayBuffer());
  }

  async #read(consume) {
    try {
      return await Promise.race([this.#stopped, consume()]);
    } catch (cause) {
      throw asHalt(cause);
    } finally {
      this.done();
    }
  }

  /**
   * The body's reader, `undefined` where there is no body. The timer ends here and the signals stay linked: a halt ends a
   * read that is under way, and `halted` then says why. (Racing each read with a promise of the halt would keep every chunk
   * alive until the end.)
   */
  reader() {
    clearTimeout(this.#timer);
    return this.#openReader();
  }

  #openReader() {
    const { body } = this.response;
    if (body && typeof body.getReader !== "function") {
      throw new Halt("network", new TypeError("the body of fetch's answer is not a ReadableStream"));
    }
    this.#reader = body?.getReader();
    return this.#reader;
  }

  #halt(kind, cause) {
    this.halted ??= new Halt(kind, cause);
    this.#stop(this.halted);
    this.#controller.abort(cause);
    this.#reader?.cancel().catch(() => {});
  }

  /** Drops the connection, if it is still there. */
  abort() {
    this.done();
    // Also a body that nobody has begun to read, for a `fetch` that does not look at its signal.
    (async () => (this.#reader ?? this.response.body)?.cancel?.())().catch(() => {});
    this.#controller.abort();
  }

  /** Lets go of the timer and the signals. */
  done() {
    clearTimeout(this.#timer);
    for (const unlink of this.#links.splice(0)) unlink();
  }
}

/** `signals`: pairs of a signal and what to call its halt. */
export function openExchange(fetch, url, init, timeoutMs, signals, whole) {
  return new Exchange(timeoutMs, signals).open(fetch ?? globalThis.fetch, url, init, whole);
}

export function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Without `..`, a default port or capitals in the host: only such URLs can be compared as text. Throws for what is no URL. */
export function normalUrl(text) {
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/+$/, "");
}

/** The whole URL of what a server calls an address, without a fragment. Throws for what is no http(s) URL. */
export function resolveUrl(text, base) {
  const url = new URL(text, base);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`not an address on the web: ${url.protocol}`);
  url.hash = "";
  return url.href;
}
