// Waiting until a snapshot is ready.

import { once } from "./call.js";
import { core } from "./core.js";
import { makeError } from "./errors.js";
import { unexpected } from "./failure.js";
import { notReady } from "./poll.js";
import { ask, newWire } from "./wire.js";

/**
 * Has one made by `wire` and asks until it is ready, has failed, or the limit is reached. A question that went wrong and may go right
 * the next time is asked again. Called from Rust.
 */
export async function makeSnapshot(transport, wire, seconds, pollMs, call) {
  let snapshot = await ask(transport, wire, call);
  const { id } = snapshot;
  if (typeof id !== "string") throw unexpected("Create snapshot failed: the answer has no id");
  const url = `${transport.base}/snapshots/${core.segment("snapshotId", id)}`;
  const question = { ...newWire("GET", url, "Get snapshot failed", "snapshot"), part: wire.part };
  const until = Date.now() + seconds * 1000;
  /** Why the last question went wrong. */
  let last;
  for (;;) {
    const said = (name) => (typeof snapshot.status?.[name] === "string" ? snapshot.status[name] : "");
    const state = said("state");
    if (state === "Ready") return snapshot;
    if (state === "Failed") {
      const message = `Snapshot ${id} failed: ${said("message")} (${said("reason")})`;
      throw makeError("SandboxApiException", "SNAPSHOT_FAILED", message, { rawBody: snapshot });
    }
    const left = until - Date.now();
    if (left <= 0) {
      const limit = `${Math.round(seconds * 1000)} ms (readyTimeoutSeconds)`;
      throw notReady(`Snapshot ${id} was not ready within ${limit}; its state is ${state}`, last);
    }
    await transport.sleep(Math.min(pollMs, left), call);
    // Even a limit that is just over gives one more question the time to be answered.
    const rest = Math.max(until - Date.now(), 1000);
    try {
      snapshot = await ask(transport, question, once(transport.capped(call, rest)));
      last = undefined;
    } catch (error) {
      if (!error.isRetryable) throw error;
      last = error;
    }
  }
}
