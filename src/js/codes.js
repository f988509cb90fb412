// Contexts of code, and runs that wait their turn in one.

import { core } from "./core.js";
import { reworded, unexpected } from "./failure.js";
import { pauses } from "./poll.js";
import { drive } from "./run.js";
import { within } from "./timers.js";
import { ask, newWire, setJson } from "./wire.js";

/** execd repeats a create that cannot succeed for ever, without a byte of an answer. */
const CREATE_TIMEOUT_SECONDS = 60;
const CREATE = "Create code context failed";

/** `POST /code/context`. Called from Rust. */
export async function createContext(execd, language, cwd, call) {
  const wire = newWire("POST", "/code/context", CREATE, "object");
  setJson(wire, { language, cwd });
  const limited = { ...call, timeoutSeconds: call.timeoutSeconds ?? CREATE_TIMEOUT_SECONDS };
  const context = await ask(execd, wire, limited).catch((error) => {
    if (error?.code !== "REQUEST_TIMEOUT") throw error;
    const hint = "execd does not answer when the sandbox's image has no kernel for";
    throw reworded(error, `${error.message}. ${hint} ${language}`);
  });
  const { id } = context;
  if (typeof id !== "string" || id === "") throw unexpected(`${CREATE}: the answer has no id`);
  // `await using context = …`. Not enumerable, so that a copy, JSON and a comparison see what the official SDK gives.
  const dispose = { value: () => deleteContext(execd, id, {}) };
  if (Symbol.asyncDispose) Object.defineProperty(context, Symbol.asyncDispose, dispose);
  return context;
}

/** One that is deleted already is no error. */
async function deleteContext(execd, id, call) {
  const path = `/code/contexts/${core.segment("contextId", id)}`;
  return ask(execd, { ...newWire("DELETE", path, "Delete code context failed", "nothing"), outcome: "gone" }, call);
}

/** Called from Rust. */
export async function restartContext(execd, id, language, cwd, call) {
  await deleteContext(execd, id, call);
  return createContext(execd, language, cwd, call);
}

/**
 * Runs code when the run before it in the same context is over, however that ended. `last`: the last run of each context that was
 * asked to wait its turn, by `key`. Called from Rust.
 */
export function runInTurn(last, key, execd, plan, handlers) {
  const running = patiently(last.get(key), execd, plan, handlers);
  last.set(key, running);
  const done = () => {
    // Unless another waits behind it.
    if (last.get(key) === running) last.delete(key);
  };
  running.then(done, done);
  return running;
}

/** Again, as long as somebody else keeps the context busy. */
async function patiently(before, execd, plan, handlers) {
  const { transport } = execd;
  const { call, startMs } = plan;
  if (before) {
    await within(before, Number.POSITIVE_INFINITY, transport.bareSignals(call)).catch(() => {});
    transport.check(call);
  }
  // For the last attempt to begin, from the first one on.
  const until = startMs > 0 ? Date.now() + startMs : Number.POSITIVE_INFINITY;
  for (const ms of pauses()) {
    try {
      return await drive(execd, plan, handlers);
    } catch (error) {
      if (error?.code !== "CONTEXT_BUSY" || Date.now() + ms > until) throw error;
    }
    await transport.sleep(ms, call);
  }
}
