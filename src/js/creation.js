// From nothing to a `Sandbox`: the create request, what is left behind when it fails, and connecting.

import { forOthers } from "./call.js";
import { core } from "./core.js";
import { newExecd } from "./endpoints.js";
import { timedOut, unexpected } from "./failure.js";
import { waitUntilReady } from "./ready.js";
import { shapes } from "./shape.js";
import { within } from "./timers.js";
import { Transport } from "./transport.js";
import { ask, newWire } from "./wire.js";

/** What becomes of a sandbox that cannot be reached. Nothing: the handle that resumed it still is there. */
const LEAVE = "leave";
/** Its requests are stopped. */
const CLOSE = "close";
/** It was made for this and is deleted: nobody else knows of it. */
const DELETE = "delete";

/** A new sandbox and its handle. `transport`: the handle's own. Called from Rust, as the three that follow. */
export async function createSandbox(transport, wire, limitSeconds, readiness, call) {
  const { id } = await send(transport, wire, "createTimeoutSeconds", limitSeconds, call);
  if (typeof id !== "string" || id === "") throw unexpected("Create sandbox failed: the answer has no id");
  return open(transport, id, readiness, call, DELETE);
}

/** A handle to a sandbox that exists. `resumption`: what has it run again before, or nothing. */
export async function connectSandbox(transport, id, resumption, readiness, call) {
  if (resumption) await ask(transport, resumption, call);
  return open(transport, id, readiness, call, CLOSE);
}

/** Resumes the sandbox of a handle, and makes a new one, with fresh endpoints. */
export async function resumeSandbox(execd, resumption, readiness, call) {
  const { endpoints } = execd;
  const transport = new Transport(execd.transport.config);
  await ask(execd.transport, resumption, call);
  endpoints.forgetAll();
  return open(transport, endpoints.sandboxId, readiness, call, LEAVE);
}

/** The create request alone. */
export const sendCreate = async (transport, wire, limitName, limitSeconds, call) =>
  shapes.sandbox(await send(transport, wire, limitName, limitSeconds, call));

/** Looks the daemon up and waits for it; gives the handle. */
async function open(transport, id, readiness, call, failing) {
  const owned = failing === DELETE;
  const execd = newExecd(transport, id);
  const sandbox = core.newSandbox(execd, id, owned, forOthers(call));
  try {
    await execd.endpoint(call);
    if (!readiness.skip) await waitUntilReady(execd, sandbox, readiness, call);
    return sandbox;
  } catch (error) {
    if (failing !== LEAVE) transport.close();
    if (owned) {
      // A transport of its own: the sandbox's is closed.
      const cleaning = discard(new Transport(transport.config), id, call);
      // The caller learns the first error, not one of the cleaning up.
      if (error?.code !== "ABORTED") await cleaning;
    }
    throw error;
  }
}

/**
 * Sends the create request. Left early, by an abort or the limit, the request goes on unheard, and the sandbox that it may yet make is
 * deleted: cutting it off would leave one that nobody knows of.
 */
async function send(transport, wire, limitName, limitSeconds, call) {
  transport.check(call);
  const limitMs = limitSeconds > 0 ? limitSeconds * 1000 : Number.POSITIVE_INFINITY;
  // What is under way goes on after the caller has left. It is not begun again then.
  const patience = { signal: call.signal, until: Date.now() + limitMs };
  const creating = ask(transport, wire, { ...forOthers(call), timeoutSeconds: 0, patience });
  const created = await within(creating, limitMs, transport.bareSignals(call));
  if (created) return created;
  creating.then(({ id }) => discard(transport, id, call)).catch(() => {});
  transport.check(call);
  throw timedOut(`Create sandbox failed: no answer within ${Math.round(limitMs)} ms (${limitName})`);
}

/** Deletes a sandbox that nobody waits for any more. Never fails: nobody listens. */
async function discard(transport, id, call) {
  if (typeof id !== "string") return;
  try {
    const url = `${transport.base}/sandboxes/${core.segment("sandboxId", id)}`;
    await ask(transport, newWire("DELETE", url, "Delete sandbox failed", "nothing"), forOthers(call));
  } catch {
    // It ends by its own time.
  }
}
