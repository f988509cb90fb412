// Where the server is, how to talk to it, and what every call may say.

import type { InvalidArgumentException, SandboxAbortException } from "./errors.js";

/** Scheme of the lifecycle server, and of endpoints, which come without one. */
export type ConnectionProtocol = "http" | "https";

/** What the configured `fetch` is called with, beside the URL: a plain object, nothing else. */
export interface FetchInit {
  method: string;
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

/** Headers as an object, where `undefined` says nothing, or as pairs: a `Headers` or a `Map`. */
export type RequestHeaders = Record<string, string | undefined> | Iterable<readonly [string, string]>;

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
   * Limit of one request, its body included, in seconds. Default 30; 0, negative, NaN or Infinity: no limit. Not for streams.
   * Of an upload: how long it may stand still, see `writeFiles`.
   */
  requestTimeoutSeconds?: number | undefined;
  /** Print one line per request with `console.log`: method, URL without query, status, time, request id. Default `false`. */
  debug?: boolean | undefined;
  /**
   * Reach the sandboxes' ports through the lifecycle server. Default: `true` in a page or worker with an http(s) origin,
   * `false` elsewhere.
   */
  useServerProxy?: boolean | undefined;
  /** Used for every request. Default: `globalThis.fetch`, looked up at each call. Called as a plain function, without a `this`. */
  fetch?: FetchFunction | undefined;
  /** Accepted for code written for the official SDK; has no effect: an endpoint is looked up once per `Sandbox` object. */
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
  readonly protocol: ConnectionProtocol;
  /** As given, without what `getBaseUrl` adds. With its scheme, if it was given with one. */
  readonly domain: string;
  readonly apiKey?: string;
  readonly headers: Record<string, string>;
  readonly requestTimeoutSeconds: number;
  readonly debug: boolean;
  readonly useServerProxy: boolean;
  readonly endpointCacheTtlMs: number;
  readonly endpointCacheSize: number;
  readonly endpointCacheDisabled: boolean;
  readonly disableMetrics: boolean;
  /** `"opensandbox-wasm"`. For code that reads it; no request carries it. */
  readonly userAgent: string;
  /** The `fetch` that requests go through. */
  get fetch(): typeof globalThis.fetch;
  /** The same as `fetch`. */
  get sseFetch(): typeof globalThis.fetch;
  /** Base of the lifecycle API, such as `http://localhost:8080/v1`. */
  getBaseUrl(): string;
  /** Gives the same object: there is no connection pool to set up. For code written for the official SDK. */
  withTransportIfMissing(): ConnectionConfig;
  /** Does nothing. For code written for the official SDK. */
  closeTransport(): Promise<void>;
  /** The settings for a log: the key and the values of headers are shown as `***`. */
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
