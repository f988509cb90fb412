// Everything that can be thrown.

import type { Execution, ServerStreamEvent } from "./execution.js";

/**
 * What to branch on: stable, and the same in two copies of the package. Of a {@link SandboxApiException} mostly the server's
 * own, such as `DOCKER::SANDBOX_NOT_FOUND`.
 */
export type SandboxErrorCode =
  | "INTERNAL_UNKNOWN_ERROR"
  | "READY_TIMEOUT"
  | "SNAPSHOT_FAILED"
  | "UNHEALTHY"
  | "INVALID_ARGUMENT"
  | "UNEXPECTED_RESPONSE"
  | "NOT_SUPPORTED"
  | "ABORTED"
  | "REQUEST_TIMEOUT"
  | "NETWORK_ERROR"
  | "REDIRECT_REFUSED"
  | "CLOSED"
  | "STREAM_INTERRUPTED"
  | "STREAM_STALLED"
  | "MALFORMED_EVENT"
  | "EVENT_TOO_LARGE"
  | "CONSUMER_TOO_SLOW"
  | "CONTEXT_BUSY"
  | "KERNEL_UNRESPONSIVE"
  | "TAKEN_OVER"
  | "PTY_NOT_RUNNING"
  | "NO_WEB_SOCKET"
  | "FILE_CHANGED"
  | "SOURCE_FAILED"
  | "NON_ZERO_EXIT"
  | "WASM_UNAVAILABLE"
  | (string & {});

/** Code and message of an exception. Not an `Error` itself, as in the official SDK. */
export declare class SandboxError {
  static readonly INTERNAL_UNKNOWN_ERROR: "INTERNAL_UNKNOWN_ERROR";
  static readonly READY_TIMEOUT: "READY_TIMEOUT";
  static readonly UNHEALTHY: "UNHEALTHY";
  static readonly INVALID_ARGUMENT: "INVALID_ARGUMENT";
  static readonly UNEXPECTED_RESPONSE: "UNEXPECTED_RESPONSE";
  constructor(code: SandboxErrorCode, message?: string);
  readonly code: SandboxErrorCode;
  readonly message?: string;
}

/** What the constructor of every exception takes. */
export interface SandboxExceptionOptions {
  message?: string | undefined;
  cause?: unknown;
  /** Default: the code of the class. */
  error?: SandboxError | undefined;
  requestId?: string | undefined;
  isRetryable?: boolean | undefined;
  path?: string | undefined;
}

/** An exception for a log: no body and no header, which may hold secrets. */
export interface SandboxExceptionJson {
  name: string;
  code: SandboxErrorCode;
  message: string;
  statusCode?: number | undefined;
  requestId?: string | undefined;
  isRetryable: boolean;
  path?: string | undefined;
  /** Message of the cause. */
  cause?: string | undefined;
}

/**
 * Base of all errors that the package makes. Thrown itself with the codes `CLOSED` (the object was closed),
 * `FILE_CHANGED` (a download could not go on, because it is another file now), `SOURCE_FAILED` (what was to be uploaded could
 * not be read; `cause` is what it threw) and `WASM_UNAVAILABLE` (WebAssembly could not be started; a page's policy needs
 * `script-src 'wasm-unsafe-eval'`).
 */
export declare class SandboxException extends Error {
  constructor(options?: SandboxExceptionOptions);
  readonly name: string;
  /** Code and message as one object, as in the official SDK. */
  readonly error: SandboxError;
  /** What is behind it: what `fetch` threw, the reason of a signal. */
  readonly cause?: unknown;
  /** `X-Request-ID` of the answer, or the one that was sent, to find the request in the server's log. */
  readonly requestId?: string;
  /** Whether the same request may well succeed later. It does not say whether repeating it is safe. */
  readonly isRetryable: boolean;
  /** The file that it is about, where an upload failed or a file was changed. */
  readonly path?: string;
  /** What had arrived of a run that ended with this error, be it an abort or a cut. Missing for `runStream`, whose caller has it. */
  readonly execution?: Execution;
  /** Id of that run, if it had come: for `getCommandStatus` and `interrupt`. */
  readonly executionId?: string;
  /** What to branch on. */
  get code(): SandboxErrorCode;
  /** For a log. */
  toJSON(): SandboxExceptionJson;
}

/** What the constructor of {@link SandboxApiException} takes. */
export interface SandboxApiExceptionOptions extends SandboxExceptionOptions {
  statusCode?: number | undefined;
  rawBody?: unknown;
}

/**
 * The server answered with an error: `code` and `message` are its own. Also: it answered with what is no answer
 * (`UNEXPECTED_RESPONSE`), or with a redirect (`REDIRECT_REFUSED`).
 */
export declare class SandboxApiException extends SandboxException {
  constructor(options?: SandboxApiExceptionOptions);
  readonly name: "SandboxApiException";
  /** HTTP status. Missing for an answer of success that cannot be read, and for a redirect in a browser. */
  readonly statusCode?: number;
  /** The body: parsed, or as text. What a 422 repeats of the request is taken out. */
  readonly rawBody?: unknown;
}

/** For code written for the official SDK; this package does not throw it. */
export declare class SandboxInternalException extends SandboxException {
  readonly name: "SandboxInternalException";
}

/** `UNHEALTHY`. For code written for the official SDK; this package does not throw it. */
export declare class SandboxUnhealthyException extends SandboxException {
  readonly name: "SandboxUnhealthyException";
}

/** `READY_TIMEOUT`: the sandbox was not ready in time. `cause` is what the last check threw. */
export declare class SandboxReadyTimeoutException extends SandboxException {
  readonly name: "SandboxReadyTimeoutException";
}

/** `INVALID_ARGUMENT`: a value of yours is wrong. The message names it. Nothing was sent for it. */
export declare class InvalidArgumentException extends SandboxException {
  readonly name: "InvalidArgumentException";
}

/** `ABORTED`: your signal fired; `cause` is its reason. Named as the platform names it, so that common checks work. */
export declare class SandboxAbortException extends SandboxException {
  readonly name: "AbortError";
}

/** `REQUEST_TIMEOUT`: a request, or the start of a run, took longer than its limit. */
export declare class SandboxTimeoutException extends SandboxException {
  readonly name: "SandboxTimeoutException";
}

/**
 * `NETWORK_ERROR`: no answer. Refused, reset, or hidden by the browser; the message says what to look at, `cause` is what
 * `fetch` threw.
 */
export declare class SandboxConnectionException extends SandboxException {
  readonly name: "SandboxConnectionException";
}

/** What the constructor of {@link SandboxStreamException} takes. */
export interface SandboxStreamExceptionOptions extends SandboxExceptionOptions {
  execution?: Execution | undefined;
  executionId?: string | undefined;
  lastEvent?: ServerStreamEvent | undefined;
  stillRunning?: boolean | undefined;
}

/**
 * The stream of a run broke before the run had ended: `STREAM_INTERRUPTED`, `STREAM_STALLED`, `MALFORMED_EVENT` or
 * `EVENT_TOO_LARGE`. Nothing that had arrived is lost.
 */
export declare class SandboxStreamException extends SandboxException {
  constructor(options?: SandboxStreamExceptionOptions);
  readonly name: "SandboxStreamException";
  readonly lastEvent?: ServerStreamEvent;
  /** Whether the program goes on, if that could be found out. */
  readonly stillRunning?: boolean;
}

/** What the constructor of {@link CommandExitException} takes. */
export interface CommandExitExceptionOptions extends SandboxExceptionOptions {
  exitCode?: number | null | undefined;
  execution?: Execution | undefined;
  executionId?: string | undefined;
}

/**
 * `NON_ZERO_EXIT`: a program has failed, and `throwOnNonZero` was asked for. All of the run, its output included, is in
 * `execution`. Without that option a program that fails is no exception.
 */
export declare class CommandExitException extends SandboxException {
  constructor(options?: CommandExitExceptionOptions);
  readonly name: "CommandExitException";
  /** `null` where the program could not be run at all. -1 for one that a signal has ended. */
  readonly exitCode: number | null;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
