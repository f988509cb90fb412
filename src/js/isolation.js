// Isolated sessions: making one, leaving none behind, and what execd says of them.

import { forOthers } from "./call.js";
import { core } from "./core.js";
import { isUnrouted, refusedWith, reworded, unexpected } from "./failure.js";
import { drive } from "./run.js";
import { within } from "./timers.js";
import { ask } from "./wire.js";

const UNKNOWN = "this sandbox's execd has no isolated sessions";
const END = "Delete isolated session failed";
/** What `capabilities()` always says, in one way or the other. */
const FLAGS = ["available", "setpriv_available", "userns_available", "commit_supported", "diff_supported"];

/** An execd that has never heard of isolation answers 404 in plain text. Called from Rust, too. */
export async function askIsolation(execd, wire, call) {
  try {
    const value = await ask(execd, wire, call);
    return wire.method === "DELETE" ? undefined : value;
  } catch (error) {
    throw isUnrouted(error) ? reworded(error, `${wire.what}: ${UNKNOWN}`, "NOT_SUPPORTED") : error;
  }
}

/** Every flag is there, `false` where execd does not say. Called from Rust. */
export async function isolationFlags(execd, wire, call) {
  const found = await ask(execd, wire, call).catch((error) => {
    if ([404, 501].includes(refusedWith(error))) return { message: UNKNOWN };
    throw error;
  });
  for (const flag of FLAGS) found[flag] ||= false;
  return found;
}

/** Called from Rust. */
export async function listIsolated(execd, wire, call) {
  const sessions = (await askIsolation(execd, wire, call)).sessions ?? [];
  if (!Array.isArray(sessions)) throw unexpected(`${wire.what}: the answer has no sessions`);
  return sessions;
}

/** A handle to a session that exists. What is so now is for `get()` to say; what it was made with stays. Called from Rust. */
export async function attachIsolated(execd, wire, id, call) {
  const { status, last_run_at, idle_remaining_seconds, ...info } = await askIsolation(execd, wire, call);
  return core.newIsolatedSession(execd, { ...info, session_id: id });
}

/** Makes a session: see `made`. Called from Rust. */
export const createIsolated = async (execd, wire, call) => (await made(execd, wire, call)).session;

/**
 * `{ session, end }`: a new one, and what deletes it. Left early, the request goes on unheard and the session that it may yet make is
 * deleted: cutting it off could leave one that nobody knows of.
 */
async function made(execd, wire, call) {
  const { transport } = execd;
  transport.check(call);
  const end = (id) => {
    const url = `${wire.url}/${core.segment("sessionId", id)}`;
    const ending = { method: "DELETE", url, what: END, answer: "nothing", outcome: "unheard" };
    return ask(execd, ending, forOthers(call));
  };
  const patience = { signal: call.signal, until: Number.POSITIVE_INFINITY };
  const creating = askIsolation(execd, wire, { ...call, signal: undefined, patience });
  const info = await within(creating, Number.POSITIVE_INFINITY, transport.bareSignals(call));
  if (!info) {
    creating.then(({ session_id: id }) => typeof id === "string" && end(id)).catch(() => {});
    transport.check(call);
  }
  let session;
  try {
    session = core.newIsolatedSession(execd, info);
  } catch {
    throw unexpected(`${wire.what}: the answer has no session_id`);
  }
  return { session, end: () => end(info.session_id) };
}

/** Makes a session, runs code in it, deletes it. `plan`: without the path of the session. Called from Rust. */
export function runIsolatedOnce(execd, wire, call, plan, handlers) {
  const run = ({ sessionId }) =>
    drive(execd.below(`${wire.url}/${core.segment("sessionId", sessionId)}`), plan, handlers);
  return withIsolated(execd, wire, call, run);
}

/**
 * Makes a session and calls `work` with it; deletes the session then, whatever has come of it. Nobody who has aborted waits for that.
 * Called from Rust.
 */
export async function withIsolated(execd, wire, call, work) {
  const { session, end } = await made(execd, wire, call);
  try {
    return await work(session);
  } finally {
    // What came of the work is what the caller learns, not what came of the cleaning up.
    const ending = end();
    if (!execd.transport.bareSignals(call).some(({ aborted }) => aborted)) await ending;
  }
}
