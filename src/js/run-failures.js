// The exceptions for ends of a run that only its reader sees.

import { makeError } from "./errors.js";
import { aborted, closed, timedOut } from "./failure.js";
import { brokenBody } from "./send.js";

const broken = (code, message) => makeError("SandboxStreamException", code, message);

/** By their kinds: from `what` was being done, a detail, and the plan. */
export const failures = {
  aborted: (_, reason) => aborted(reason),
  closed,
  start: (what, _, { startMs }) => timedOut(`${what}: nothing has started within ${startMs} ms (startTimeoutSeconds)`),
  body: brokenBody,
  busy: (what, context = "") =>
    makeError(
      "SandboxApiException",
      "CONTEXT_BUSY",
      `${what}: the context ${context} runs something else, and only one thing at a time. Wait for it, interrupt it ` +
        `(codes.interrupt), use a context of your own, or pass onBusy: "queue"`,
      { isRetryable: true },
    ),
  unresponsive: (what, context = "") =>
    broken(
      "KERNEL_UNRESPONSIVE",
      `${what}: the time was over (timeoutSeconds), and the kernel of the context ${context} did not heed the interrupt. ` +
        "It may have died, or be busy in native code: codes.deleteContext or codes.restartContext ends it",
    ),
  tooLarge: (what, _, { maxEventBytes }) =>
    broken("EVENT_TOO_LARGE", `${what}: one event is larger than ${maxEventBytes} bytes (maxEventBytes)`),
  malformed: (what, text) =>
    broken("MALFORMED_EVENT", `${what}: the stream carries something that is no event: ${text}`),
};
