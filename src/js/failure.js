// Exceptions by what has happened, for the JavaScript that waits. Those for wrong arguments are made in Rust, which reads them.

import { makeError, SandboxApiException, SandboxError } from "./errors.js";

/** Something took longer than its limit. */
export const timedOut = (message, options) =>
  makeError("SandboxTimeoutException", "REQUEST_TIMEOUT", message, { ...options, isRetryable: true });

/** The server answered 2xx with something that is not what the API says. */
export const unexpected = (message, options) =>
  makeError("SandboxApiException", "UNEXPECTED_RESPONSE", message, options);

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

const ofLookUps = new WeakSet();

/** Notes that finding out where a service is has failed with this. */
export function noteLookUp(error) {
  if (Object(error) === error) ofLookUps.add(error);
}

/** Whether it has: then it says nothing of the service, which was not asked. */
export const isOfLookUp = (error) => ofLookUps.has(error);

/** The status with which the server that was asked has refused; `undefined` for any other failure. */
export const refusedWith = (error) =>
  error instanceof SandboxApiException && !isOfLookUp(error) ? error.statusCode : undefined;

/** Whether the server does not know the route at all: what it knows and does not find has a code of its own. */
export const isUnrouted = (error) => refusedWith(error) === 404 && error.code === "UNEXPECTED_RESPONSE";

/**
 * Makes one error of the two ways in which a server says that it does not have a part of the API: 501, and the 404 of a router
 * that does not know the path. `what`: "Snapshots are".
 */
export function orUnsupported(error, what) {
  const lacks = isUnrouted(error) || refusedWith(error) === 501;
  return lacks ? reworded(error, `${what} not supported by this server: ${error.message}`, "NOT_SUPPORTED") : error;
}
