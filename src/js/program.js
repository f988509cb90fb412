// What is asked about a program from outside its stream: its status, and its end.

import { once } from "./call.js";
import { core } from "./core.js";
import { isOfLookUp, refusedWith } from "./failure.js";
import { pauses } from "./poll.js";
import { ask, newWire } from "./wire.js";

/** How often in a row a question may go unanswered. */
export const POLL_FAILURES = 5;

/** Not repeated: what an id names may be something else by then. */
const ending = (execd, path, what, id, call) =>
  ask(execd, { ...newWire("DELETE", path, what, "nothing"), query: [["id", id]], once: true }, call);

/** `DELETE /command?id=`: SIGTERM to the whole group, SIGKILL after 3 s. For a session it destroys the session. */
export const interrupt = (execd, id, call) => ending(execd, "/command", "Interrupt command failed", id, call);

/** `DELETE /code?id=`: what runs in a context is interrupted, like Ctrl-C. The context lives on. */
export const interruptCode = (execd, id, call) => ending(execd, "/code", "Interrupt code failed", id, call);

/** `GET /command/status/{id}`: as it is on the wire, or as another answer. Throws for what is no id. */
export const statusOf = (id, answer = "object") =>
  newWire("GET", `/command/status/${core.segment("commandId", id)}`, "Get command status failed", answer);

/** The official status. Called from Rust. */
export const commandStatus = async (execd, id, call) => ask(execd, statusOf(id, "commandStatus"), call);

/**
 * Interrupts a program until it has ended. execd sends `init` a moment before it knows the id itself: a refusal that early means
 * nothing, and one that comes because the program has just ended is no failure.
 */
export async function end(execd, id, call) {
  let left = POLL_FAILURES;
  for (const ms of pauses()) {
    try {
      return await interrupt(execd, id, call);
    } catch (refused) {
      if (left-- === 0 || isOfLookUp(refused)) throw refused;
      const status = await ask(execd, statusOf(id), once(call)).catch((error) => {
        if (refusedWith(error) !== 404) throw refused;
      });
      if (status?.running === false) return;
    }
    await execd.transport.sleep(ms, call);
  }
}
