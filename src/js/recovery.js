// How a run whose stream broke went on, and all that its program has printed.

import { once } from "./call.js";
import { makeError } from "./errors.js";
import { pauses } from "./poll.js";
import { POLL_FAILURES, statusOf } from "./program.js";
import { ask } from "./wire.js";

/**
 * Waits for the end of the program, or, after a stall, asks once: `{ status, stdout, stderr }`, what was printed as bytes, or
 * `undefined` where nobody knows. `lost`: `{ execd, plan, id, requestId, cause, stalled, recoverable }`; stalled: the stream went
 * silent, else it broke; recoverable: whether the sandbox can tell.
 */
export async function recover(lost) {
  const { plan, id, recoverable } = lost;
  if (id === undefined || !recoverable) {
    throw givenUp(lost, plan.watch ? "Watch again to go on" : "Output that had arrived is in `execution`");
  }
  const status = await fate(lost);
  return { status, stdout: await captured(lost, "stdout"), stderr: await captured(lost, "stderr") };
}

/** The program's status, once it has ended. */
async function fate(lost) {
  const { execd, plan, id, stalled } = lost;
  const { call } = plan;
  const unknown = (problem) => givenUp(lost, `How the run went on could not be found out: ${problem}`);
  const wire = statusOf(id);
  let failures = 0;
  for (const ms of pauses()) {
    let status;
    try {
      // Asked again anyway.
      status = await ask(execd, wire, once(call));
    } catch (error) {
      execd.transport.check(call);
      failures++;
      // A sandbox that does not answer at all is not asked five times: that would be minutes. A 404 may be early: execd sends
      // `init` a moment before the status endpoint knows the id.
      if (error.code === "REQUEST_TIMEOUT" || failures >= POLL_FAILURES) throw unknown(error.message);
    }
    if (status) {
      if (status.running === false) return status;
      if (status.running !== true) throw unknown("the status says nothing");
      if (stalled) {
        throw givenUp(lost, "The program is still running: see commands.getCommandStatus and commands.interrupt", true);
      }
      failures = 0;
    }
    await execd.transport.sleep(ms, call);
  }
}

/** execd keeps the raw output in its temp directory: `/tmp` unless `TMPDIR` says otherwise. */
async function captured({ execd, plan, id }, name) {
  for (const dir of ["/tmp", "$TMPDIR"]) {
    const query = [["path", `${dir}/${id}.${name}`]];
    const request = { method: "GET", url: "/files/download", query, what: "Read captured output failed" };
    const exchange = await execd.send(request, plan.call).catch(() => {});
    if (exchange) return exchange.whole;
  }
}

/** The exception for a run whose end is not known; `stillRunning`: unless it is. */
export function givenUp({ plan, requestId, cause, stalled }, why, stillRunning) {
  const cut = plan.watch ? "the connection was cut" : "the stream ended before the run did";
  const [code, problem] = stalled
    ? ["STREAM_STALLED", "the stream has been silent for too long"]
    : ["STREAM_INTERRUPTED", cut];
  const message = `${plan.wire.what}: ${problem}. ${why}`;
  return makeError("SandboxStreamException", code, message, { cause, stillRunning, requestId });
}
