// Waiting until code can be run: the daemon answers, and the Jupyter server behind it accepts connections.

import { unreached } from "./failure.js";
import { waitUntilReady } from "./ready.js";
import { drive } from "./run.js";
import { ask } from "./wire.js";

/** Polls until both answer. `plan`: a run that succeeds when Jupyter is there. Called from Rust. */
export async function waitForInterpreter(execd, readiness, onProgress, plan, call) {
  if (readiness.skip) return;
  let attempts = 0;
  const check = async () => {
    attempts++;
    onProgress?.({ waitingFor: "execd", attempts });
    await ask(execd, readiness.ping, { ...call, probe: true });
    onProgress?.({ waitingFor: "jupyter", attempts });
    if ((await drive(execd, plan)).exitCode === 0) return true;
    throw unreached("Jupyter does not accept connections at JUPYTER_HOST yet");
  };
  await waitUntilReady(execd, undefined, { ...readiness, check }, call);
}
