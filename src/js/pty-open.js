// The two ways to a terminal's session: a new terminal, and one that exists.

import { forOthers } from "./call.js";
import { unexpected } from "./failure.js";
import { PtySession } from "./pty.js";
import { failures } from "./pty-failures.js";
import { killTerminal, statusOf } from "./pty-server.js";
import { ask } from "./wire.js";

/** Without any frame of the server, pongs included. */
const IDLE_SECONDS = 45;
/** The server notices a client that has vanished after as long. */
const RECONNECT_SECONDS = 60;

/** Makes a terminal, starts its program and attaches to it. `options` are checked. Called from Rust. */
export async function createTerminal(execd, wire, options, call) {
  const settings = settingsOf(execd, options, call, true);
  const { session_id: id } = await ask(execd, wire, call);
  if (typeof id !== "string" || id === "") throw unexpected(`${wire.what}: the answer has no session_id`);
  const terminal = { execd, id, call: forOthers(call) };
  try {
    return await PtySession.open(terminal, settings);
  } catch (error) {
    // Nobody else knows of it. The caller learns the first error, not one of the cleaning up.
    killTerminal(execd, id, terminal.call).catch(() => {});
    throw error;
  }
}

/** A terminal that exists, and whose program runs unless it may be started again. `options` are checked. Called from Rust. */
export async function attachTerminal(execd, id, options, call) {
  const settings = settingsOf(execd, options, call, false);
  const restart = options?.restart;
  const { running } = await statusOf({ execd, id, call });
  if (!running && !restart) throw failures.notRunning(id);
  return await PtySession.open({ execd, id, call: forOthers(call) }, settings);
}

/** What the session needs, taken from the options now: the caller may change them later. Finds the WebSocket before anything is sent. */
function settingsOf({ transport }, options, call, owner) {
  const { cols, rows, since, takeover, pipe, onGap, onStateChange } = options ?? {};
  // Of the call, of the configuration, or of the runtime.
  const WebSocket = options?.WebSocket ?? transport.config.WebSocket ?? globalThis.WebSocket;
  if (typeof WebSocket !== "function") throw failures.noWebSocket();
  return {
    owner,
    WebSocket,
    signals: transport.signals(call),
    closing: transport.signals({}),
    openMs: transport.timeoutMs(call),
    idleMs: (options?.idleTimeoutSeconds ?? IDLE_SECONDS) * 1000,
    reconnectMs: (options?.reconnectTimeoutSeconds ?? RECONNECT_SECONDS) * 1000,
    size: cols ? { cols, rows } : undefined,
    since: owner ? undefined : (since ?? undefined),
    takeover,
    pipe,
    onGap,
    onStateChange,
  };
}
