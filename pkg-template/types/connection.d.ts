// Where the server is, how to talk to it, and what every call may say.

import type { InvalidArgumentException, SandboxAbortException, SandboxException } from "./errors.js";

/** Scheme of the lifecycle server, and of endpoints, which come without one. */
export type ConnectionProtocol = "http" | "https";

/** What the configured `fetch` is called with, beside the URL: a plain object, nothing else. */
export interface FetchInit {
  /** In capitals, such as `"GET"`. */
  method: string;
  /** All headers of the request, those of the configuration included. */
  headers: Record<string, string>;
  /** A string, a `Blob`, or a `ReadableStream` (only where the runtime can send one). */
  // biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
  body?: any;
  /** Set together with a stream as the body. */
  duplex?: "half";
  /** Set when {@link CallOptions.keepalive} asks for it. */
  keepalive?: true;
  /** Redirects are never followed: they could carry keys to another place. */
  redirect: "manual";
  /** Fires on abort, time-out and `close()`. */
  // biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
  signal: any;
}

/**
 * The part of `fetch` that is used. `globalThis.fetch` fits, and so do undici's and a function of yours that calls one of
 * them. The answer is read by its shape (`status`, `type`, `headers.get`, `body`, `text()`, `arrayBuffer()`).
 */
// biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
export type FetchFunction = (url: string, init: FetchInit) => PromiseLike<any>;

/**
 * A constructor of WebSockets: the platform's, or that of a package such as `ws`. Used of what it makes: `binaryType`,
 * `readyState`, `bufferedAmount`, `send`, `close`, the four `on…` properties and, where they are there, `pause`, `resume` and
 * `terminate`.
 */
// biome-ignore lint/suspicious/noExplicitAny: must fit the WebSocket types of every runtime and library
export type WebSocketConstructor = new (url: string, ...more: any[]) => any;

/** Headers as an object, where `undefined` says nothing, or as pairs: a `Headers` or a `Map`. */
// `Headers` is named too: before TypeScript 6 the DOM's is no iterable without `DOM.Iterable`.
export type RequestHeaders = Record<string, string | undefined> | Iterable<readonly [string, string]> | Headers;

/** Where lines for a log go. `console` is one. */
export interface Logger {
  /** Gets the line of each request. */
  debug(line: string): unknown;
  /** Not called today; there because every logger has it. */
  info(line: string): unknown;
  /** Gets what went wrong and is tried again, and addresses that have changed. */
  warn(line: string): unknown;
  /** Not called today; there because every logger has it. */
  error(line: string): unknown;
}

/** An attempt that failed and is about to be followed by another one. See {@link RetryOptions.onRetry}. */
export interface RetryInfo {
  /** Which attempt has failed, from 1. */
  readonly attempt: number;
  /** How many there may be in all. */
  readonly attempts: number;
  /** The pause before the next one, in milliseconds. */
  readonly delayMillis: number;
  /** HTTP method of the request. */
  readonly method: string;
  /** Of the URL: without host and query, ids of sandboxes shortened. */
  readonly path: string;
  /** Status of the answer, if there was one. */
  readonly statusCode?: number;
  /** What went wrong, if there was no answer. */
  readonly error?: SandboxException;
  /** `X-Request-ID` of the attempt. Each attempt has its own. */
  readonly requestId?: string;
}

/**
 * When a request is sent again, and after how long. Fields that a call leaves out are those of the configuration.
 *
 * Sent again are GET, HEAD, OPTIONS, PUT and DELETE after the statuses 429, 502, 503 and 504 and when there was no answer or
 * its body broke, as long as the pause fits into `requestTimeoutSeconds`. POST and PATCH only as `retryPost` says. A DELETE
 * that finds nothing (404) when it is sent again has succeeded.
 *
 * Never sent again, whatever is set: runs and other streams, also their opening; uploads that go out as a stream; interrupts;
 * pings. Of a read with `onProgress`, `offset` or `limit` only what comes before the first byte. `download` goes on by itself.
 */
export interface RetryOptions {
  /** How often a request is sent in all. A whole number from 1 to 100; default 3. */
  attempts?: number | undefined;
  /** The pause before the second attempt, in milliseconds; doubled for each one after. Cut at random to 50 to 100 %. Default 500. */
  initialDelayMillis?: number | undefined;
  /** The longest such pause, in milliseconds. Default 30,000. */
  maxDelayMillis?: number | undefined;
  /** A `Retry-After` (seconds or a date) replaces the pause; one that is longer than this is not waited for. Default 60,000. */
  maxRetryAfterMillis?: number | undefined;
  /**
   * Send POST and PATCH again, too, after the four statuses: what they ask for may then be done twice. Never when there was
   * no answer. Default `false`.
   */
  retryPost?: boolean | undefined;
  /** Called before each pause. What it throws ends the call and is what it rejects with; a promise is not waited for. */
  onRetry?: ((retry: RetryInfo) => void) | undefined;
}

/** Where the server is, and how to talk to it. */
export interface ConnectionConfigOptions {
  /**
   * `host[:port][/prefix]`, or a whole `http(s)` URL, whose scheme then wins over `protocol`. User, query and hash are
   * dropped, and one `/v1` at the end. Default: the environment's `OPEN_SANDBOX_DOMAIN`, else `localhost:8080`.
   */
  domain?: string | undefined;
  /** Default `"http"`. */
  protocol?: ConnectionProtocol | undefined;
  /**
   * Sent as `OPEN-SANDBOX-API-KEY`, and only to URLs under the lifecycle base. Default: the environment's
   * `OPEN_SANDBOX_API_KEY`. An empty string means: no key, not even the environment's.
   */
  apiKey?: string | undefined;
  /** Sent with every request, those into a sandbox included. Default `{}`. */
  headers?: RequestHeaders | undefined;
  /**
   * Limit of one request, in seconds: with the look-up of its address, all its attempts, the pauses between them, and its
   * answer's body. Default 30; 0, negative or Infinity: no limit. Not for streams. A method that sends several requests has
   * it for each of them. Of an upload: how long it may stand still, see `writeFiles`.
   */
  requestTimeoutSeconds?: number | undefined;
  /** How requests that fail for a while are sent again. Default: as {@link RetryOptions} says. `false`: never. */
  retry?: boolean | RetryOptions | undefined;
  /**
   * Gets one line per request (level `debug`): method, path, status, time, request id, number of the attempt; and one (level
   * `warn`) when a request is about to be sent again or a sandbox's address has changed. No line holds a header, a query, a
   * body or a host, and the ids of sandboxes are shortened: who has one has the sandbox's ports. What a logger throws is
   * nobody's concern. Default: none, see `debug`.
   */
  logger?: Logger | undefined;
  /** Without a `logger`: print the lines that it would get with `console.log`. Default `false`. */
  debug?: boolean | undefined;
  /**
   * Reach the sandboxes' ports through the lifecycle server. Default: `true` in a page or worker with an http(s) origin,
   * `false` elsewhere.
   */
  useServerProxy?: boolean | undefined;
  /** Used for every request. Default: `globalThis.fetch`, looked up at each call. Called as a plain function, without a `this`. */
  fetch?: FetchFunction | undefined;
  /**
   * What terminals connect with (`sandbox.pty`). Default: `globalThis.WebSocket`, looked up at each call; Node has one since
   * version 22. A constructor with three parameters is taken for that of `ws` and is given the headers in the third.
   */
  WebSocket?: WebSocketConstructor | undefined;
  /** Accepted for code written for the official SDK; has no effect: an endpoint is looked up once per `Sandbox` object, and when it is out of date. */
  endpointCacheTtlMs?: number | undefined;
  /** Accepted for code written for the official SDK; has no effect. */
  endpointCacheSize?: number | undefined;
  /** Accepted for code written for the official SDK; has no effect. */
  endpointCacheDisabled?: boolean | undefined;
  /** Accepted for code written for the official SDK; has no effect: there are no metrics to disable. */
  disableMetrics?: boolean | undefined;
}

/**
 * Where the server is, and how to talk to it. Opens no connection, starts no WebAssembly. Its settings are plain own
 * properties, so that an object with the same properties does as well.
 *
 * @example
 * const connectionConfig = new ConnectionConfig({ domain: "sandbox.example.com", protocol: "https", apiKey });
 */
export declare class ConnectionConfig {
  /**
   * @throws {@link InvalidArgumentException} for a value of the wrong type, a domain that cannot be read, or a scheme
   * other than http and https.
   */
  constructor(options?: ConnectionConfigOptions);
  /** Scheme that is used where `domain` has none. */
  readonly protocol: ConnectionProtocol;
  /** As given, without what `getBaseUrl` adds. With its scheme, if it was given with one. */
  readonly domain: string;
  /** The key, if there is one. {@link ConnectionConfig.toJSON} hides it. */
  readonly apiKey?: string;
  /** Extra headers of every request. */
  readonly headers: Record<string, string>;
  /** Limit of one request, in seconds; see {@link ConnectionConfigOptions.requestTimeoutSeconds}. */
  readonly requestTimeoutSeconds: number;
  /** As given; see {@link ConnectionConfigOptions.retry}. */
  readonly retry?: boolean | RetryOptions;
  /** As given; see {@link ConnectionConfigOptions.logger}. */
  readonly logger?: Logger;
  /** Whether lines for a log are printed where there is no `logger`. */
  readonly debug: boolean;
  /** Whether the sandboxes' ports are reached through the lifecycle server. */
  readonly useServerProxy: boolean;
  /** Without effect; see {@link ConnectionConfigOptions.endpointCacheTtlMs}. */
  readonly endpointCacheTtlMs: number;
  /** Without effect. */
  readonly endpointCacheSize: number;
  /** Without effect. */
  readonly endpointCacheDisabled: boolean;
  /** Without effect. */
  readonly disableMetrics: boolean;
  /** `"opensandbox-wasm"`. For code that reads it; no request carries it. */
  readonly userAgent: string;
  /** The `fetch` that requests go through. */
  get fetch(): typeof globalThis.fetch;
  /** What terminals connect with; `undefined` where the runtime has none. */
  get WebSocket(): WebSocketConstructor | undefined;
  /** The same as `fetch`. */
  get sseFetch(): typeof globalThis.fetch;
  /** Base of the lifecycle API, such as `http://localhost:8080/v1`. */
  getBaseUrl(): string;
  /** Gives the same object: there is no connection pool to set up. For code written for the official SDK. */
  withTransportIfMissing(): ConnectionConfig;
  /** Does nothing. For code written for the official SDK. */
  closeTransport(): Promise<void>;
  /** The settings for a log: the key and the values of headers are shown as `***`, the logger is left out. */
  toJSON(): Record<string, unknown>;
}

/**
 * What every method that waits takes as its last argument. A bare `AbortSignal` does as well, as in the official SDK.
 * Signals are recognised by their shape, so one from another realm or a polyfill works.
 */
export interface CallOptions {
  /** Aborts this call: it then rejects with {@link SandboxAbortException}. */
  signal?: AbortSignal | undefined;
  /** Replaces `requestTimeoutSeconds` of the configuration for this call. 0, negative or Infinity: no limit. */
  requestTimeoutSeconds?: number | undefined;
  /** `false`: never send a request of this call again; an object: how to, where it differs from the configuration. */
  retry?: boolean | RetryOptions | undefined;
  /** Extra request headers. They win over those of the configuration. */
  headers?: RequestHeaders | undefined;
  /**
   * Lets the request outlive the page that sends it: `kill({ keepalive: true })` in a handler of `pagehide`. Passed on to
   * `fetch`; browsers refuse bodies of more than 64 KiB then, other runtimes have no use for it. Default `false`.
   */
  keepalive?: boolean | undefined;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
