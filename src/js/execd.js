// Requests to the daemon inside the sandbox.

import { Deadline } from "./deadline.js";
import { sendBy } from "./send.js";
import { withQuery } from "./url.js";

/** The daemon's port inside every sandbox. */
export const PORT = 44772;

/** One sandbox's daemon, or, at another port, another service of the sandbox. */
export class Execd {
  /** `prefix` stands before every path: an isolated session has the routes of the sandbox's files below a path of its own. */
  constructor(endpoints, port = PORT, prefix = "") {
    this.transport = endpoints.transport;
    this.endpoints = endpoints;
    this.port = port;
    this.prefix = prefix;
  }

  /** The service of the same sandbox at another port. */
  atPort(port) {
    return new Execd(this.endpoints, port, this.prefix);
  }

  /** The routes below a path, which is encoded and begins with a slash. */
  below(prefix) {
    return new Execd(this.endpoints, this.port, prefix);
  }

  /** Where the service is. */
  endpoint(call) {
    return this.endpoints.get(this.port, call, this.transport.deadline(call));
  }

  /**
   * Sends a request: see send.js. Its `url` is a path, already encoded, and `query` pairs that are not. The look-up of the address is
   * within the request's time, too.
   */
  async send(request, call, reader = "whole") {
    const deadline = this.transport.deadline(call);
    const endpoint = await this.endpoints.get(this.port, call, deadline);
    return await this.sendTo(endpoint, request, call, { deadline, signals: this.transport.signals(call), reader });
  }

  /** Sends it to an endpoint that was looked up, in a way of its own. */
  sendTo(endpoint, request, call, way) {
    const { base, headers: endpointHeaders } = endpoint;
    const to = { ...request, url: this.#url(request, endpoint), base, endpointHeaders };
    const fresh = async (deadline) => {
      const moved = await this.endpoints.moved(this.port, endpoint, call, deadline);
      return moved && { url: this.#url(request, moved), headers: moved.headers };
    };
    return sendBy(this.transport, to, call, { ...way, fresh: call.probe ? undefined : fresh });
  }

  /** Opens a stream: no timeout of its own, and only the given signals, since its reader watches the rest. */
  open(endpoint, request, call, signals) {
    const headers = [...(request.headers ?? []), ["Accept", "text/event-stream"]];
    return this.sendTo(endpoint, { ...request, headers }, call, {
      deadline: new Deadline(0),
      signals,
      reader: "stream",
    });
  }

  #url({ url, query = [] }, { base }) {
    return withQuery(base + this.prefix + url, query);
  }
}
