// Waiting until a sandbox is ready: polls a health check within a hard deadline.

import { describe } from "./failure.js";
import { notReady } from "./poll.js";
import { within } from "./timers.js";
import { ask } from "./wire.js";

/** Called from Rust. `check`: how it is found out whether all is ready; without it, by the wire `ping`. `skip`: not at all. */
export const newReadiness = (seconds, pollMs, check, skip, ping) => ({ seconds, pollMs, check, skip, ping });

/** Polls until the check says yes. `sandbox` is what a custom check is given. Called from Rust, too. */
export async function waitUntilReady(execd, sandbox, readiness, call) {
  // A check of the caller's is not called from inside of the call that led here.
  await undefined;
  const { transport } = execd;
  const { seconds, pollMs, check, ping } = readiness;
  const until = Date.now() + seconds * 1000;
  /** What the last check failed with; without an error it said no. */
  let last = {};
  for (let attempts = 0; ; ) {
    let left = until - Date.now();
    if (left <= 0 && attempts > 0) throw overdue(transport, seconds, attempts, last);
    transport.check(call);
    attempts++;
    // A check that hangs is cut at the deadline: the limit is a promise. Even a limit of 0 gives it one chance.
    left = Math.max(left, 1);
    try {
      let answer;
      // The address has just been looked up: no other one is asked for.
      if (!check) answer = await ask(execd, ping, { ...transport.capped(call, left), probe: true });
      else {
        answer = check.call(undefined, sandbox);
        if (typeof answer?.then === "function") answer = await within(answer, left, transport.bareSignals(call));
      }
      if (answer) return;
      // A check that the deadline has cut off says less than the one before.
      if (Date.now() < until) last = {};
    } catch (error) {
      transport.check(call);
      last = { error };
    }
    left = until - Date.now();
    if (left <= 0) throw overdue(transport, seconds, attempts, last);
    await transport.sleep(Math.min(pollMs, left), call);
  }
}

function overdue({ domain, useServerProxy }, seconds, attempts, last) {
  const detail =
    "error" in last ? `Last health check error: ${describe(last.error)}` : "Health check returned false continuously.";
  const advice = useServerProxy
    ? ""
    : " If this sandbox runs in Docker bridge or remote-network mode, consider enabling useServerProxy=true. " +
      "You can also configure server-side [docker].host_ip for direct endpoint access.";
  const message =
    `Sandbox health check timed out after ${Math.round(seconds * 10) / 10}s (${attempts} attempts). ${detail} ` +
    `Connection context: domain=${domain}, useServerProxy=${useServerProxy}.${advice}`;
  return notReady(message, last.error);
}
