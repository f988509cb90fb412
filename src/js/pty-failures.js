// The exceptions for the ends of a terminal's session.

import { makeError } from "./errors.js";
import { aborted, closed, describe, timedOut, unreached } from "./failure.js";

const plain = (code, message, cause) => makeError("SandboxException", code, message, { cause });
const broken = (code, message, options) => makeError("SandboxStreamException", code, message, options);

/** By what has happened; the first two by the names that signals have for them. */
export const failures = {
  aborted,
  closed,
  detached: () => plain("CLOSED", "This terminal has been left with detach(): attach to it again"),
  ended: () => plain("CLOSED", "The terminal's program has ended"),
  late: (ms) => timedOut(`Connect to terminal failed: not connected within ${ms} ms`),
  silent: (ms) => unreached(`The terminal's connection was silent for ${ms} ms`),
  unreachable: (cause) => unreached(`Connect to terminal failed: ${describe(cause)}`, cause),
  tooSlow: (bytes) =>
    plain(
      "CONSUMER_TOO_SLOW",
      `The terminal's output is not read as fast as it comes: more than ${bytes} bytes wait. The program goes on`,
    ),
  malformed: ({ message }) => broken("MALFORMED_EVENT", `The terminal's server sent ${message}`),
  noWebSocket: () =>
    plain(
      "NO_WEB_SOCKET",
      "This runtime has no WebSocket, which terminals need. Pass one as the option WebSocket of this call or of the " +
        'connectionConfig: in Node before version 22, npm install ws, import WebSocket from "ws"',
    ),
  headers: (cause) =>
    plain(
      "NO_WEB_SOCKET",
      "This WebSocket cannot send the headers that the sandbox asks for. Pass one that can, such as that of the package ws, " +
        "or reach a sandbox without a token of its own through the proxy (useServerProxy: true)",
      cause,
    ),
  notRunning: (id) =>
    plain(
      "PTY_NOT_RUNNING",
      `Attach to terminal failed: the program of ${id} is not running, and connecting would start it. With restart: true it is ` +
        "started",
    ),
  /** What the server has said over the connection. */
  refused({ code, error }) {
    const message = typeof error === "string" ? error : "The terminal's server refused";
    return makeError("SandboxApiException", typeof code === "string" ? code : "UNEXPECTED_RESPONSE", message);
  },
  takenOver: () => broken("TAKEN_OVER", "Another client has taken this terminal over", { stillRunning: true }),
  interrupted: (cause) =>
    broken("STREAM_INTERRUPTED", "The terminal's connection was lost and did not come back in time", { cause }),
};
