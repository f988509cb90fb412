// A call of the lifecycle API, of execd or of another service of a sandbox as data: built and checked in Rust (src/api/wire.rs),
// sent here.
//
// `{ method, url, what, headers, body, answer, part, once, outcome }`. For execd `url` is a path. `answer`: see answer.js. `part`: it
// belongs to a part of the API that not every server has ("Snapshots are"). `once`: never repeated. `outcome`: what failures count for.

import { read } from "./answer.js";
import { once } from "./call.js";
import { orUnsupported, refusedWith } from "./failure.js";

/** Called from Rust. */
export const newWire = (method, url, what, answer) => ({ method, url, what, answer });

/** Gives a wire a JSON body. Throws what `JSON.stringify` does, for cycles and BigInts. */
export function setJson(wire, body) {
  wire.headers = [["Content-Type", "application/json"]];
  wire.body = JSON.stringify(body) ?? "null";
}

/** Outcomes: what has come of a call, from its value or its failure. */
const OUTCOMES = {
  /** One that is not there any more is gone, too. */
  gone(error) {
    if (refusedWith(error) !== 404) throw error;
  },
  /** Never fails: nobody listens, and a rejection that nobody hears is reported. */
  unheard() {},
  /** Whether it went well. */
  whether: () => false,
};

/** Sends a wire. `to`: a Transport or an Execd. Called from Rust, too. */
export async function ask(to, wire, call) {
  try {
    const exchange = await to.send(wire, wire.once ? once(call) : call, "whole");
    const value = read(exchange, wire.answer);
    return wire.outcome === "whether" ? true : value;
  } catch (error) {
    const failure = wire.part ? orUnsupported(error, wire.part) : error;
    const outcome = OUTCOMES[wire.outcome];
    if (!outcome) throw failure;
    return outcome(failure);
  }
}

/** The last call of a transport. Called from Rust. */
export const askAndClose = (transport, wire, call) => ask(transport, wire, call).finally(() => transport.close());
