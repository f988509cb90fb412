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
  /** Code of {@link SandboxInternalException}. */
  static readonly INTERNAL_UNKNOWN_ERROR: "INTERNAL_UNKNOWN_ERROR";
  /** Code of {@link SandboxReadyTimeoutException}. */
  static readonly READY_TIMEOUT: "READY_TIMEOUT";
  /** Code of {@link SandboxUnhealthyException}. */
  static readonly UNHEALTHY: "UNHEALTHY";
  /** Code of {@link InvalidArgumentException}. */
  static readonly INVALID_ARGUMENT: "INVALID_ARGUMENT";
  /** Code of a {@link SandboxApiException} whose answer had no code of its own. */
  static readonly UNEXPECTED_RESPONSE: "UNEXPECTED_RESPONSE";
  constructor(code: SandboxErrorCode, message?: string);
  /** What to branch on. */
  readonly code: SandboxErrorCode;
  /** For people. */
  readonly message?: string;
}

/** What the constructor of every exception takes. */
export interface SandboxExceptionOptions {
  /** For people. */
  message?: string | undefined;
  /** What is behind it. */
  cause?: unknown;
  /** Default: the code of the class. */
  error?: SandboxError | undefined;
  /** `X-Request-ID` of the request. */
  requestId?: string | undefined;
  /** Whether the same request may well succeed later. Default `false`. */
  isRetryable?: boolean | undefined;
  /** The file that it is about. */
  path?: string | undefined;
}

/** An exception for a log: no body and no header, which may hold secrets. */
export interface SandboxExceptionJson {
  /** Name of the class; of an abort `"AbortError"`. */
  name: string;
  /** What to branch on. */
  code: SandboxErrorCode;
  /** For people. */
  message: string;
  /** HTTP status, where the server refused. */
  statusCode?: number | undefined;
  /** `X-Request-ID` of the request. */
  requestId?: string | undefined;
  /** Whether the same request may well succeed later. */
  isRetryable: boolean;
  /** The file that it is about. */
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
  /** Name of the class, also in minified code. */
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
  /** HTTP status of the answer. */
  statusCode?: number | undefined;
  /** Body of the answer. */
  rawBody?: unknown;
}

/**
 * The server answered with an error: `code` and `message` are its own. Also: it answered with what is no answer
 * (`UNEXPECTED_RESPONSE`), or with a redirect (`REDIRECT_REFUSED`).
 */
export declare class SandboxApiException extends SandboxException {
  constructor(options?: SandboxApiExceptionOptions);
  /** Always this text, also in minified code. */
  readonly name: "SandboxApiException";
  /** HTTP status. Missing for an answer of success that cannot be read, and for a redirect in a browser. */
  readonly statusCode?: number;
  /** The body: parsed, or as text. What a 422 repeats of the request is taken out. */
  readonly rawBody?: unknown;
}

/** For code written for the official SDK; this package does not throw it. */
export declare class SandboxInternalException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "SandboxInternalException";
}

/** `UNHEALTHY`. For code written for the official SDK; this package does not throw it. */
export declare class SandboxUnhealthyException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "SandboxUnhealthyException";
}

/** `READY_TIMEOUT`: the sandbox was not ready in time. `cause` is what the last check threw. */
export declare class SandboxReadyTimeoutException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "SandboxReadyTimeoutException";
}

/** `INVALID_ARGUMENT`: a value of yours is wrong. The message names it. Nothing was sent for it. */
export declare class InvalidArgumentException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "InvalidArgumentException";
}

/** `ABORTED`: your signal fired; `cause` is its reason. Named as the platform names it, so that common checks work. */
export declare class SandboxAbortException extends SandboxException {
  /** What the platform calls the error of an abort. */
  readonly name: "AbortError";
}

/** `REQUEST_TIMEOUT`: a request, or the start of a run, took longer than its limit. */
export declare class SandboxTimeoutException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "SandboxTimeoutException";
}

/**
 * `NETWORK_ERROR`: no answer. Refused, reset, or hidden by the browser; the message says what to look at, `cause` is what
 * `fetch` threw.
 */
export declare class SandboxConnectionException extends SandboxException {
  /** Always this text, also in minified code. */
  readonly name: "SandboxConnectionException";
}

/** What the constructor of {@link SandboxStreamException} takes. */
export interface SandboxStreamExceptionOptions extends SandboxExceptionOptions {
  /** What had arrived of the run. */
  execution?: Execution | undefined;
  /** Id of the run. */
  executionId?: string | undefined;
  /** The last event that had arrived. */
  lastEvent?: ServerStreamEvent | undefined;
  /** Whether the program goes on. */
  stillRunning?: boolean | undefined;
}

/**
 * The stream of a run broke before the run had ended: `STREAM_INTERRUPTED`, `STREAM_STALLED`, `MALFORMED_EVENT` or
 * `EVENT_TOO_LARGE`. Nothing that had arrived is lost.
 */
export declare class SandboxStreamException extends SandboxException {
  constructor(options?: SandboxStreamExceptionOptions);
  /** Always this text, also in minified code. */
  readonly name: "SandboxStreamException";
  /** The last event that had arrived. */
  readonly lastEvent?: ServerStreamEvent;
  /** Whether the program goes on, if that could be found out. */
  readonly stillRunning?: boolean;
}

/** What the constructor of {@link CommandExitException} takes. */
export interface CommandExitExceptionOptions extends SandboxExceptionOptions {
  /** Exit code of the program. */
  exitCode?: number | null | undefined;
  /** All of the run. */
  execution?: Execution | undefined;
  /** Id of the run. */
  executionId?: string | undefined;
}

/**
 * `NON_ZERO_EXIT`: a program has failed, and `throwOnNonZero` was asked for. All of the run, its output included, is in
 * `execution`. Without that option a program that fails is no exception.
 */
export declare class CommandExitException extends SandboxException {
  constructor(options?: CommandExitExceptionOptions);
  /** Always this text, also in minified code. */
  readonly name: "CommandExitException";
  /** `null` where the program could not be run at all. -1 for one that a signal has ended. */
  readonly exitCode: number | null;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
