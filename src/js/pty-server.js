// What is asked about a terminal over HTTP. `terminal`: `{ execd, id, call }`.

import { core } from "./core.js";
import { ask, newWire } from "./wire.js";

const path = (id, rest = "") => `/pty/${core.segment("id", id)}${rest}`;

/** `{ running, outputOffset }`: whether it runs, and how many bytes it has printed. */
export const statusOf = async ({ execd, id, call }, once) =>
  ask(execd, { ...newWire("GET", path(id), "Get terminal failed", "terminal"), once }, call);

/** The same with its id. Called from Rust. */
export const terminalStatus = async (execd, id, call) => ({ id, ...(await statusOf({ execd, id, call })) });

/** Ends its program and forgets it. One that is not there any more is gone, too. Called from Rust. */
export const killTerminal = async (execd, id, call) =>
  ask(execd, { ...newWire("DELETE", path(id), "Kill terminal failed", "nothing"), outcome: "gone" }, call);

/**
 * A request that is no handshake, for the reason why a handshake is refused: execd looks at the session and its holder before it looks
 * at that. Throws the reason, or nothing when it refuses only that it is none.
 */
export async function probe({ execd, id, call }) {
  try {
    const wire = newWire("GET", path(id, "/ws"), "Connect to terminal failed", "nothing");
    await ask(execd, { ...wire, once: true }, call);
  } catch (error) {
    if (![400, 426].includes(error.statusCode)) throw error;
  }
}

/** Where to connect. `required`: the endpoint asks for headers. */
export async function address({ execd, id, call }) {
  const endpoint = await execd.endpoint(call);
  const url = endpoint.base + path(id, "/ws");
  const { headers } = execd.transport.headersFor(url, endpoint.headers, [], call);
  // http and https become ws and wss.
  return { url: url.replace(/^http/, "ws"), headers, required: endpoint.headers.length > 0 };
}
