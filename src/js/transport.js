// What all requests of one object share: the configuration, the signal that `close()` fires, and whose key goes where. One for
// each `Sandbox` or `SandboxManager`, so that closing one leaves others that share the configuration alone.

import { ConnectionConfig } from "./config.js";
import { core } from "./core.js";
import { Deadline } from "./deadline.js";
import { aborted, closed } from "./failure.js";
import { requestId } from "./http.js";
import { checkLogger, writeLog } from "./logger.js";
import { checkRetry, over } from "./retry.js";
import { send } from "./send.js";
import { sleep } from "./timers.js";

/** The header of the lifecycle server's API key. */
const API_KEY = "OPEN-SANDBOX-API-KEY";
const isKey = (name) => name.toUpperCase() === API_KEY;

const textOf = (value) => (typeof value === "string" ? value : undefined);

export class Transport {
  #closing = new AbortController();
  #closed = false;
  #apiKey;
  #headers;
  #timeoutSeconds;
  #retry;
  #logger;
  #debug;

  /** From a `ConnectionConfig`, an object with its fields, or nothing. */
  constructor(given) {
    const config = typeof given?.getBaseUrl === "function" ? given : new ConnectionConfig(given ?? {});
    this.config = config;
    /** Base of the lifecycle API, with `/v1`. */
    this.base = config.getBaseUrl();
    /** For endpoints, which come without a scheme. */
    this.protocol = textOf(config.protocol) ?? "http";
    this.domain = textOf(config.domain) ?? "";
    this.useServerProxy = config.useServerProxy === true;
    this.#apiKey = textOf(config.apiKey) || undefined;
    this.#headers = Object.entries(config.headers ?? {}).filter(([, value]) => typeof value === "string");
    for (const [name, value] of this.#headers) core.checkHeader(name, value);
    core.checkHeaderValue("apiKey", this.#apiKey ?? "");
    this.#timeoutSeconds = typeof config.requestTimeoutSeconds === "number" ? config.requestTimeoutSeconds : 30;
    this.#retry = over(undefined, checkRetry(config.retry));
    this.#logger = checkLogger(config.logger);
    this.#debug = config.debug === true;
  }

  /** The configured `fetch`. The config's own default looks the global one up at each call. */
  get fetch() {
    return typeof this.config.fetch === "function" ? this.config.fetch : undefined;
  }

  /** Sends a request to the lifecycle server: see send.js. */
  send(request, call, reader) {
    return send(this, request, call, reader);
  }

  /** Aborts every request of this object and refuses new ones. */
  close() {
    this.#closed = true;
    this.#closing.abort();
  }

  /** The request timeout in milliseconds; 0: none. */
  timeoutMs(call) {
    const seconds = call.timeoutSeconds ?? this.#timeoutSeconds;
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  }

  /** The same call with its request timeout cut to what is left of a longer wait. */
  capped(call, leftMs) {
    const limit = this.timeoutMs(call);
    return { ...call, timeoutSeconds: (limit > 0 ? Math.min(limit, leftMs) : leftMs) / 1000 };
  }

  deadline(call) {
    return new Deadline(this.timeoutMs(call));
  }

  /** How failed requests of a call are repeated. */
  retry(call) {
    return over(this.#retry, call.retry);
  }

  /** Pairs of a signal and what its firing means, for http.js and run-reader.js. */
  signals({ signal }) {
    const pairs = [[this.#closing.signal, "closed"]];
    return signal ? [...pairs, [signal, "aborted"]] : pairs;
  }

  /** The bare signals, for waits that end early. */
  bareSignals({ signal }) {
    return signal ? [this.#closing.signal, signal] : [this.#closing.signal];
  }

  /** Waits, and throws when the object was closed or the call aborted meanwhile. */
  async sleep(ms, call) {
    await sleep(ms, this.bareSignals(call));
    this.check(call);
  }

  checkOpen() {
    if (this.#closed) throw closed();
  }

  /** Throws when the object was closed or the call aborted. */
  check({ signal }) {
    this.checkOpen();
    if (signal?.aborted) throw aborted(signal.reason);
  }

  /**
   * The headers for `url`, and the request's id among them. The API key goes under the lifecycle base and nowhere else; also when
   * the caller put it among the headers, in whatever case. Lists of pairs: `endpoint` belongs to the address, `own` to the request.
   */
  headersFor(url, endpoint, own, call) {
    const home = core.isUnder(url, this.base);
    const sent = new Map();
    // Ours, so that errors carry one where CORS hides the response's, and where the server has none: execd.
    sent.set("x-request-id", ["X-Request-ID", requestId()]);
    if (home && this.#apiKey) sent.set(API_KEY.toLowerCase(), [API_KEY, this.#apiKey]);
    const theirs = [...this.#headers, ...(call.headers ?? [])].filter(([name]) => home || !isKey(name));
    // Ours last: a caller's Content-Type beside the one of a multipart body would make it unreadable.
    for (const [name, value] of [...theirs, ...endpoint, ...own]) {
      core.checkHeader(name, value);
      const key = name.toLowerCase();
      sent.delete(key);
      sent.set(key, [name, value]);
    }
    return { headers: Object.fromEntries(sent.values()), requestId: sent.get("x-request-id")[1] };
  }

  /** A text without what must not be repeated of a request in a log or an error: the key, and the values of headers. */
  masked(text, endpointHeaders, call) {
    const headers = [...this.#headers, ...endpointHeaders, ...(call.headers ?? [])];
    return core.mask(text, this.#apiKey ?? "", headers.flat());
  }

  /** One line per request. Headers, queries and bodies may hold secrets and are never shown. */
  log(line) {
    this.#write("debug", line);
  }

  /** What is worth knowing though the call may yet succeed. */
  warn(line) {
    this.#write("warn", line);
  }

  #write(level, line) {
    if (this.#debug || this.#logger) writeLog(this.#logger, level, `[opensandbox] ${line}`);
  }
}

/** Called from Rust: from the options of a static method. */
export const newTransport = (config) => new Transport(config ?? undefined);
