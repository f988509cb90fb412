// Where the ports of a sandbox are reached. Looked up when first needed, once, by however many ask at the same time.

import { forOthers } from "./call.js";
import { core } from "./core.js";
import { Execd } from "./execd.js";
import { noteLookUp, timedOut, unexpected } from "./failure.js";
import { normalUrl } from "./http.js";
import { within } from "./timers.js";
import { withQuery } from "./url.js";
import { ask, newWire } from "./wire.js";

const WHAT = "Get sandbox endpoint failed";

/** The endpoints of one sandbox. */
export class Endpoints {
  /** Look-ups that are under way or have succeeded, by port. */
  #known = new Map();

  constructor(transport, sandboxId) {
    this.transport = transport;
    this.sandboxId = sandboxId;
  }

  /**
   * The endpoint of a port: `{ source, raw, base, headers }`, the look-up, what the server gave, the URL without a slash at the end, and
   * the headers (pairs) that go to it and nowhere else. A look-up that fails is not remembered. Those who wait for one that is shared
   * wait with their own signal and time limit; the look-up itself has the configuration's.
   */
  async get(port, call, deadline = this.transport.deadline(call)) {
    const { transport } = this;
    transport.check(call);
    const source = this.#known.get(port) ?? this.#lookUp(port, call);
    const raw = await within(source, Math.max(deadline.leftMs, 1), transport.bareSignals(call));
    transport.check(call);
    if (!raw) throw timedOut(`${WHAT}: no complete answer within ${Math.round(deadline.limitMs)} ms`);
    if (typeof raw.endpoint !== "string") throw unexpected(`${WHAT}: the answer has no endpoint`);
    const address = core.endpointBase(transport.protocol, raw.endpoint);
    const headers = Object.entries(raw.headers).filter(([, value]) => typeof value === "string");
    try {
      // Only normal URLs can be compared: a `..` in it would leave the base under which the API key may go.
      return { source, raw, base: normalUrl(address), headers };
    } catch (cause) {
      throw unexpected(`The server gave an endpoint that is no address: ${raw.endpoint}`, { cause });
    }
  }

  /**
   * After a request to `old` got no answer: looks the port up once more, unless somebody has done so meanwhile. Gives the endpoint if
   * it is another one.
   */
  async moved(port, old, call, deadline) {
    if (this.#known.get(port) === old.source) this.forget(port);
    const fresh = await this.get(port, call, deadline).catch(() => undefined);
    const same = (one) => JSON.stringify([one.base, one.headers]);
    return fresh && same(fresh) !== same(old) ? fresh : undefined;
  }

  #lookUp(port, call) {
    const { transport } = this;
    const path = `${transport.base}/sandboxes/${core.segment("sandboxId", this.sandboxId)}/endpoints/${port}`;
    const url = withQuery(path, [["use_server_proxy", transport.useServerProxy]]);
    const source = ask(transport, newWire("GET", url, WHAT, "endpoint"), forOthers(call));
    this.#known.set(port, source);
    source.catch((error) => {
      noteLookUp(error);
      this.forget(port, source);
    });
    return source;
  }

  /** Forgets where a port is; with `source`, only what that look-up has found. */
  forget(port, source = this.#known.get(port)) {
    if (this.#known.get(port) === source) this.#known.delete(port);
  }

  /** After a pause the ports may be somewhere else. */
  forgetAll() {
    this.#known.clear();
  }
}

/** Called from Rust: the daemon of a sandbox. */
export const newExecd = (transport, sandboxId) => new Execd(new Endpoints(transport, sandboxId));

/** Called from Rust: the endpoint of a port, as the caller gets it, or its URL. */
export async function endpointOf(endpoints, port, call, asUrl) {
  const { raw, base } = await endpoints.get(port, call);
  // A copy: what the caller does to it must not change where our own requests go.
  return asUrl ? base : { ...raw, headers: { ...raw.headers } };
}
