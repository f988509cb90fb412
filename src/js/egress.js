// The rules for a sandbox's outgoing traffic, and the two ways to the sidecar that keeps them.

import { json } from "./answer.js";
import { core } from "./core.js";
import { refusedWith, unexpected } from "./failure.js";
import { explained, sidecarOf } from "./sidecar.js";

const GET = "Get sandbox egress policy failed";

/** The policy of one sandbox, and which way to it has worked. */
export class Policy {
  #id;
  /** `true`: to the sidecar's own port. `false`: through a route of the lifecycle server. */
  #direct;

  constructor(execd, id) {
    this.sidecar = sidecarOf(execd);
    this.#id = id;
  }

  /**
   * Sends a request by the way that has worked. Before one has: by the server's route, which newer ones have and which works where a
   * sandbox's ports cannot be reached, and on a 404 to the sidecar. `body`: JSON or nothing.
   */
  async ask(method, body, what, call) {
    const request = { method, what, body, headers: body && [["Content-Type", "application/json"]] };
    try {
      if (!this.#direct) {
        try {
          const exchange = await this.#server(request, call);
          this.#direct = false;
          return exchange;
        } catch (error) {
          if (!isRouteless(error)) throw error;
        }
      }
      const exchange = await this.sidecar.send({ ...request, url: "/policy" }, call);
      this.#direct = true;
      return exchange;
    } catch (error) {
      throw explained(error);
    }
  }

  /** The server passes it on to the sidecar and adds the sidecar's token itself. */
  #server(request, call) {
    const { transport } = this.sidecar;
    const url = `${transport.base}/sandboxes/${core.segment("sandboxId", this.#id)}/networkpolicy`;
    return transport.send({ ...request, url }, call);
  }
}

/** A 404 that is not about the sandbox. */
const isRouteless = (error) => refusedWith(error) === 404 && !error.code.endsWith("SANDBOX_NOT_FOUND");

/** Called from Rust. */
export const newPolicy = (execd, id) => new Policy(execd, id);

/** The policy in its official shape: the sidecar says `null` for "no rules". Called from Rust. */
export async function getPolicy(policy, call) {
  const exchange = await policy.ask("GET", undefined, GET, call);
  const found = json(exchange)?.policy;
  const isObject = typeof found === "object" && found !== null && !Array.isArray(found);
  if (!isObject || !Array.isArray(found.egress ?? [])) {
    throw unexpected(`${GET}: the answer has no policy`, { requestId: exchange.requestId });
  }
  found.egress ??= [];
  return found;
}

/** A change: a wire without an address. What the sidecar says to it but "ok" is of no use. Called from Rust. */
export async function changePolicy(policy, { method, body, what }, call) {
  json(await policy.ask(method, body, what, call));
}
