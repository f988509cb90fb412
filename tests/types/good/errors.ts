import {
  CommandExitException,
  InvalidArgumentException,
  SandboxAbortException,
  SandboxApiException,
  SandboxError,
  type SandboxErrorCode,
  SandboxException,
  SandboxStreamException,
} from "opensandbox-wasm";

// Applications derive their own, and make the SDK's in their tests: no constructor is private (TS2675).
class Quota extends SandboxApiException {
  constructor() {
    super({ message: "quota", statusCode: 429, error: new SandboxError("QUOTA", "quota"), isRetryable: true });
  }
}

export function told(error: unknown): string {
  if (error instanceof SandboxStreamException) {
    const { execution, executionId, lastEvent, stillRunning } = error;
    return `${execution?.stdout} ${executionId} ${lastEvent?.type} ${stillRunning} ${execution?.exitCode}`;
  }
  if (error instanceof CommandExitException) return `${error.exitCode} ${error.execution?.stderr} ${error.executionId}`;
  if (error instanceof SandboxAbortException) return error.name === "AbortError" ? String(error.cause) : "";
  if (error instanceof SandboxApiException)
    return `${error.statusCode} ${error.requestId} ${JSON.stringify(error.rawBody)}`;
  if (error instanceof SandboxException) {
    const code: SandboxErrorCode = error.code;
    switch (code) {
      case "CLOSED":
      case "WASM_UNAVAILABLE":
        return error.message;
      case SandboxError.READY_TIMEOUT:
        return error.toJSON().code;
      case "DOCKER::SANDBOX_NOT_FOUND":
        return error.error.message ?? "";
    }
    return String(error.isRetryable);
  }
  return error instanceof Error ? (error.stack ?? "") : "";
}

export const made: Error[] = [
  new Quota(),
  new SandboxException(),
  new InvalidArgumentException({ message: "x", cause: 1 }),
];
