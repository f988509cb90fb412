// Polls a port of the sandbox until something answers there.

import { core } from "./core.js";
import { SandboxApiException } from "./errors.js";
import { isOfLookUp } from "./failure.js";
import { notReady } from "./poll.js";

const ONLY_ATTEMPT_MS = 1000;
/** Who has answered: see src/api/port.rs. */
const [PROGRAM, GONE] = [0, 2];

/** Until something answers, whatever it says. There is always one attempt. Called from Rust. */
export async function waitForPort(execd, port, seconds, pollMs, path, call) {
  const { transport } = execd;
  const at = execd.atPort(port);
  const until = Date.now() + seconds * 1000;
  let last;
  for (let attempts = 1; ; attempts++) {
    // A limit of 0 asks how it is now: that answer needs some time, too.
    let left = seconds > 0 ? Math.max(until - Date.now(), 1) : ONLY_ATTEMPT_MS;
    const request = { method: "GET", url: path, what: "Wait for port failed" };
    try {
      // The headers of the answer are enough: its body may be long, or never end.
      (await at.send(request, { ...transport.capped(call, left), probe: true }, "stream")).abort();
      return;
    } catch (error) {
      transport.check(call);
      if (isAnswer(error)) return;
      // One that the limit has cut off says less than the one before.
      if (!last || error.code !== "REQUEST_TIMEOUT") last = error;
    }
    left = until - Date.now();
    if (left <= 0) {
      const limit = `${Math.round(seconds * 1000)} ms (${attempts} attempts)`;
      throw notReady(`Nothing answered at port ${port} within ${limit}. The last one: ${last.message}`, last);
    }
    await transport.sleep(Math.min(pollMs, left), call);
  }
}

/** Whether it is a program at the port that has answered so. Throws what has nothing to do with the port. */
function isAnswer(error) {
  const { code, statusCode, message } = error;
  if (isOfLookUp(error)) throw error;
  if (error instanceof SandboxApiException) {
    if (code === "REDIRECT_REFUSED") return true;
    if (statusCode !== undefined) {
      const who = core.whoAnswered(statusCode, code, message);
      if (who !== GONE) return who === PROGRAM;
    }
  } else if (code === "NETWORK_ERROR" || code === "REQUEST_TIMEOUT") return false;
  throw error;
}
