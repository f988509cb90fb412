// ConnectionConfig: where the server is and how to talk to it. Plain own fields, so that an object with the same fields
// (a spread, or one from another copy of the package) is as good. Needs no WebAssembly and touches no network.

import { InvalidArgumentException } from "./errors.js";
import { checkLogger } from "./logger.js";
import { checkRetry } from "./retry.js";

const DEFAULT_DOMAIN = "localhost:8080";
const DEFAULT_TIMEOUT = 30;

export class ConnectionConfig {
  constructor(options = {}) {
    if (options === null || typeof options !== "object" || Array.isArray(options)) {
      throw invalid("connectionConfig, or its options, must be an object");
    }
    const { protocol, base } = readDomain(
      optional(options, "domain", "string") ?? fromEnvironment("OPEN_SANDBOX_DOMAIN") ?? DEFAULT_DOMAIN,
      optional(options, "protocol", "string"),
    );
    this.protocol = protocol;
    this.domain = base;
    // An explicit "" means: no key, not even the environment's.
    this.apiKey = optional(options, "apiKey", "string") ?? fromEnvironment("OPEN_SANDBOX_API_KEY");
    checkHeaderValue("apiKey", this.apiKey ?? "");
    this.headers = readHeaders(optional(options, "headers", "object") ?? {});
    this.requestTimeoutSeconds = optional(options, "requestTimeoutSeconds", "number") ?? DEFAULT_TIMEOUT;
    this.retry = checkRetry(options.retry);
    this.logger = checkLogger(options.logger);
    this.debug = optional(options, "debug", "boolean") ?? false;
    this.useServerProxy = optional(options, "useServerProxy", "boolean") ?? inBrowser();
    this.endpointCacheTtlMs = optional(options, "endpointCacheTtlMs", "number") ?? 600_000;
    this.endpointCacheSize = optional(options, "endpointCacheSize", "number") ?? 1024;
    this.endpointCacheDisabled = optional(options, "endpointCacheDisabled", "boolean") ?? false;
    this.disableMetrics = optional(options, "disableMetrics", "boolean") ?? false;
    this.userAgent = "opensandbox-wasm";
    const custom = Object.hasOwn(options, "fetch") ? optional(options, "fetch", "function") : undefined;
    if (custom) Object.defineProperty(this, "fetch", { value: custom, enumerable: true });
    const socket = Object.hasOwn(options, "WebSocket") ? optional(options, "WebSocket", "function") : undefined;
    if (socket) Object.defineProperty(this, "WebSocket", { value: socket, enumerable: true });
  }

  /** The fetch that requests go through: the configured one or, looked up at each call, the global one. */
  get fetch() {
    return (...args) => globalThis.fetch(...args);
  }

  /** What terminals connect with. `undefined` where the runtime has none. */
  get WebSocket() {
    return globalThis.WebSocket;
  }

  get sseFetch() {
    return this.fetch;
  }

  /** The base of the lifecycle API, with its version: `http://localhost:8080/v1`. */
  getBaseUrl() {
    const { base } = readDomain(this.domain, this.protocol);
    return `${base.includes("://") ? base : `${this.protocol}://${base}`}/v1`;
  }

  /** There is no connection pool to set up; kept for code written for the official SDK. */
  withTransportIfMissing() {
    return this;
  }

  async closeTransport() {}

  /** For logs: never shows the key, nor the logger, which may hold one of its own. */
  toJSON() {
    const { apiKey, headers, logger: _logger, ...rest } = this;
    delete rest.fetch;
    delete rest.WebSocket;
    return {
      ...rest,
      apiKey: apiKey ? "***" : apiKey,
      headers: Object.fromEntries(Object.keys(headers).map((name) => [name, "***"])),
    };
  }

  [Symbol.for("nodejs.util.inspect.custom")]() {
    return { ...this.toJSON() };
  }
}

function optional(options, name, type) {
  const value = options[name] ?? undefined;
  if (value !== undefined && typeof value !== type) throw invalid(`${name} must be a ${type}, got ${typeof value}`);
  // What is no number is a mistake in a sum, not a wish for no limit.
  if (Number.isNaN(value)) throw invalid(`${name} must be a number, got NaN`);
  return value;
}

/** An object, or what iterates over pairs, such as a `Headers`. `undefined` says nothing. */
function readHeaders(given) {
  const headers = typeof given[Symbol.iterator] === "function" ? Object.fromEntries(given) : given;
  const said = Object.entries(headers).filter(([, value]) => value !== undefined);
  for (const [name, value] of said) {
    if (typeof value !== "string") throw invalid(`headers.${name} must be a string, got ${typeof value}`);
    checkHeaderValue(`headers.${name}`, value);
  }
  return Object.fromEntries(said);
}

/** The value is not repeated: it may be a key. */
function checkHeaderValue(name, value) {
  if (/[\0\r\n]|[^\0-\xff]/.test(value)) throw invalid(`${name} has a character that HTTP does not allow`);
}

const invalid = (message) => new InvalidArgumentException({ message });

/**
 * `h:1`, `h:1/prefix/v1/` or a whole http(s) URL. A scheme in it wins over `protocol` and stays in `domain`, as in the
 * official SDK; user, query and hash are dropped, one `/v1` at the end is the server's own.
 */
function readDomain(domain, wanted) {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(domain)?.[1].toLowerCase();
  const protocol = scheme ?? wanted ?? "http";
  if (protocol !== "http" && protocol !== "https")
    throw invalid(`protocol must be "http" or "https", got ${JSON.stringify(protocol)}`);
  let url;
  try {
    url = new URL(scheme ? domain : `${protocol}://${domain}`);
  } catch {
    throw invalid(`domain must be host[:port][/prefix] or a http(s) URL, got ${JSON.stringify(domain)}`);
  }
  let path = url.pathname;
  while (path.endsWith("/")) path = path.slice(0, -1);
  if (path.endsWith("/v1")) path = path.slice(0, -3);
  while (path.endsWith("/")) path = path.slice(0, -1);
  // `url.host` would drop a port that is the scheme's default, which is harmless, and lower-cases the name.
  return { protocol, base: `${scheme ? `${scheme}://` : ""}${url.host}${path}` };
}

/** A page or a worker with an http(s) origin. Only there does the same-origin policy stand between us and a sandbox. */
function inBrowser() {
  const location = globalThis.location;
  return typeof location === "object" && /^https?:$/.test(location?.protocol ?? "");
}

/** Reading the environment must never throw, nor make Deno ask the user for permission. */
function fromEnvironment(name) {
  try {
    const deno = globalThis.Deno;
    if (deno?.permissions && deno.permissions.querySync({ name: "env", variable: name }).state !== "granted")
      return undefined;
    return globalThis.process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}
