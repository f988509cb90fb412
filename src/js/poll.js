// Asking again and again: quickly at first, then every two seconds.

import { makeError } from "./errors.js";

/** The pauses between the questions, in milliseconds. It never ends. */
export function* pauses() {
  for (let ms = 100; ; ms = Math.min(ms * 1.5, 2000)) yield ms;
}

/** The exception for what has not become ready within its limit. */
export const notReady = (message, cause) =>
  makeError("SandboxReadyTimeoutException", "READY_TIMEOUT", message, { cause, isRetryable: true });
