// The error tree. JavaScript, because an exported Rust struct cannot extend Error. Every `name` is a literal: minifiers
// rename classes. `code` is what to branch on: it is stable, and it works across two copies of the package.

const text = (value) => (typeof value === "string" ? value : undefined);

/** The structured part of an exception. Not an Error itself, as in the official SDK. */
export class SandboxError {
  static INTERNAL_UNKNOWN_ERROR = "INTERNAL_UNKNOWN_ERROR";
  static READY_TIMEOUT = "READY_TIMEOUT";
  static UNHEALTHY = "UNHEALTHY";
  static INVALID_ARGUMENT = "INVALID_ARGUMENT";
  static UNEXPECTED_RESPONSE = "UNEXPECTED_RESPONSE";
  constructor(code, message) {
    this.code = code;
    if (message !== undefined) this.message = message;
  }
}

export class SandboxException extends Error {
  name = "SandboxException";
  constructor(
    { message, cause, error, requestId, path, isRetryable = false } = {},
    code = SandboxError.INTERNAL_UNKNOWN_ERROR,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.error = error ?? new SandboxError(code, message);
    this.requestId = text(requestId);
    this.isRetryable = isRetryable;
    if (path !== undefined) this.path = path;
  }
  get code() {
    return this.error.code;
  }
  /** Everything that a log needs, and no body and no header: those may hold secrets. */
  toJSON() {
    const { name, code, message, statusCode, requestId, isRetryable, path, cause } = this;
    return {
      name,
      code,
      message,
      statusCode,
      requestId,
      isRetryable,
      path,
      cause: cause instanceof Error ? cause.message : text(cause),
    };
  }
}

/** The server answered with an error, with nonsense, or with a redirect. */
export class SandboxApiException extends SandboxException {
  name = "SandboxApiException";
  constructor(options = {}) {
    super(options, SandboxError.UNEXPECTED_RESPONSE);
    this.statusCode = options.statusCode;
    this.rawBody = withoutEcho(options.rawBody);
  }
}

export class SandboxInternalException extends SandboxException {
  name = "SandboxInternalException";
}

export class SandboxUnhealthyException extends SandboxException {
  name = "SandboxUnhealthyException";
  constructor(options = {}) {
    super(options, SandboxError.UNHEALTHY);
  }
}

export class SandboxReadyTimeoutException extends SandboxException {
  name = "SandboxReadyTimeoutException";
  constructor(options = {}) {
    super(options, SandboxError.READY_TIMEOUT);
  }
}

export class InvalidArgumentException extends SandboxException {
  name = "InvalidArgumentException";
  constructor(options = {}) {
    super(options, SandboxError.INVALID_ARGUMENT);
  }
}

/** The caller's signal fired: `cause` is its reason. Named like the platform's own, so that common checks work. */
export class SandboxAbortException extends SandboxException {
  name = "AbortError";
  constructor(options = {}) {
    super(options, "ABORTED");
  }
}

/** A request, or the start of a run, took longer than its limit. */
export class SandboxTimeoutException extends SandboxException {
  name = "SandboxTimeoutException";
  constructor(options = {}) {
    super(options, "REQUEST_TIMEOUT");
  }
}

/** No answer: refused, reset, or hidden by the browser. `cause` is what fetch threw. */
export class SandboxConnectionException extends SandboxException {
  name = "SandboxConnectionException";
  constructor(options = {}) {
    super(options, "NETWORK_ERROR");
  }
}

/** The stream of a run broke before the run had ended. Nothing that arrived is lost: see `execution`. */
export class SandboxStreamException extends SandboxException {
  name = "SandboxStreamException";
  constructor(options = {}) {
    super(options, "STREAM_INTERRUPTED");
    if (options.execution !== undefined) this.execution = options.execution;
    if (options.executionId !== undefined) this.executionId = options.executionId;
    this.lastEvent = options.lastEvent;
    this.stillRunning = options.stillRunning;
  }
}

/** A program has failed, and `throwOnNonZero` was asked for. All that it said is in `execution`. */
export class CommandExitException extends SandboxException {
  name = "CommandExitException";
  constructor(options = {}) {
    super(options, "NON_ZERO_EXIT");
    this.exitCode = options.exitCode ?? null;
    if (options.execution !== undefined) this.execution = options.execution;
    if (options.executionId !== undefined) this.executionId = options.executionId;
  }
}

/** The exception for a run that has ended badly; `undefined` for any other. The output is not in its message: it may be long. */
export function exitFailure(execution) {
  if (execution.ok) return undefined;
  const { id, exitCode, error, timedOut } = execution;
  const how = typeof exitCode === "number" ? `with exit code ${exitCode}` : `badly: ${error?.value || error?.name}`;
  const message = `The command has ended ${how}${timedOut ? ": its time was over" : ""}`;
  return new CommandExitException({ message, exitCode, execution, executionId: id });
}

const CLASSES = {
  SandboxException,
  SandboxApiException,
  SandboxInternalException,
  SandboxUnhealthyException,
  SandboxReadyTimeoutException,
  InvalidArgumentException,
  SandboxAbortException,
  SandboxTimeoutException,
  SandboxConnectionException,
  SandboxStreamException,
  CommandExitException,
};

/** Called from Rust, with the class and code of `core::error`. */
export function makeError(name, code, message, options) {
  return new CLASSES[name]({ ...options, message, error: new SandboxError(code, message) });
}

/** A 422 body repeats the request, passwords and environment included. */
function withoutEcho(body) {
  if (!Array.isArray(body?.detail)) return body;
  return { ...body, detail: body.detail.map(withoutInput) };
}

function withoutInput(item) {
  if (item === null || typeof item !== "object") return item;
  const { input: _input, ctx: _ctx, ...rest } = item;
  return rest;
}
