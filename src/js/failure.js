// Exceptions by what has happened, for the JavaScript that waits. Those for what the caller got wrong are made in Rust.

import { makeError, SandboxApiException, SandboxError } from "./errors.js";

/** Something took longer than its limit. */
export const timedOut = (message, options) =>
  makeError("SandboxTimeoutException", "REQUEST_TIMEOUT", message, { ...options, isRetryable: true });

/** The server answered 2xx with something that is not what the API says. */
export const unexpected = (message, options) =>
  makeError("SandboxApiException", "UNEXPECTED_RESPONSE", message, options);

/** The server does not have what was asked for. */
export const notSupported = (message, options) => makeError("SandboxApiException", "NOT_SUPPORTED", message, options);

/** No answer, or one that broke off. */
export const unreached = (message, cause) =>
  makeError("SandboxConnectionException", "NETWORK_ERROR", message, { cause, isRetryable: true });

export const aborted = (cause) => makeError("SandboxAbortException", "ABORTED", "The operation was aborted", { cause });

/** The error of every call on an object after its `close()`. */
export const closed = () =>
  makeError("SandboxException", "CLOSED", "This object has been closed with close(): create or connect another one");

/** The same error in other words, or with another code. */
export function reworded(error, message, code = error.code) {
  const cause = "cause" in error ? { cause: error.cause } : undefined;
  return new error.constructor({ ...error, ...cause, message, error: new SandboxError(code, message) });
}

/** The message of anything that can be thrown. */
export const describe = (value) =>
  typeof value?.message === "string" ? value.message : typeof value === "string" ? value : "a value that is no Error";

/** Whether the server does not know the route at all: what it knows and does not find has a code of its own. */
export const isUnrouted = (error) =>
  error instanceof SandboxApiException && error.statusCode === 404 && error.code === "UNEXPECTED_RESPONSE";

/**
 * Makes one error of the two ways in which a server says that it does not have a part of the API: 501, and the 404 of a router
 * that does not know the path. `what`: "Snapshots are".
 */
export function orUnsupported(error, what) {
  const lacks = isUnrouted(error) || (error instanceof SandboxApiException && error.statusCode === 501);
  return lacks ? reworded(error, `${what} not supported by this server: ${error.message}`, "NOT_SUPPORTED") : error;
}
