// What the server can tell of a sandbox: descriptors, with the text that they stand for.

import { read } from "./answer.js";
import { core } from "./core.js";
import { orUnsupported, unexpected } from "./failure.js";
import { resolveUrl } from "./http.js";
import { withQuery } from "./url.js";

/** `plain`: the scope that stands for what servers before 1.1 gave. `all`: how to ask them for all of it. */
const KINDS = {
  logs: { what: "Get diagnostic logs failed", plain: "container", all: ["tail", 10000] },
  events: { what: "Get diagnostic events failed", plain: "runtime", all: ["limit", 500] },
};

/** The descriptor with its text: a server may send the text along, or say where it is. Called from Rust. */
export async function diagnostic(transport, kind, sandboxId, url, wanted, part, call) {
  const { what, plain, all } = KINDS[kind];
  const scope = wanted ?? plain;
  const get = (request) => transport.send({ method: "GET", what, ...request }, call);
  const exchange = await get({ url: withQuery(url, [["scope", scope]]) })
    .catch((error) => {
      // A server before 1.1: it has no scopes, only this text.
      if (error?.statusCode === 501 && scope === plain) return get({ url: withQuery(url, [all]) });
      throw error;
    })
    .catch((error) => {
      throw orUnsupported(error, part);
    });
  const contentType = exchange.header("content-type") ?? "";
  if (!contentType.includes("json")) {
    return { sandboxId, kind, scope, delivery: "inline", contentType, content: exchange.text() };
  }
  const descriptor = read(exchange, "expiring");
  const { content, contentUrl } = descriptor;
  if (typeof contentUrl === "string") {
    descriptor.content = (await get(elsewhere(transport, contentUrl, what))).text();
  } else if (typeof content !== "string") {
    throw unexpected(`${what}: the answer has neither content nor contentUrl`);
  }
  return descriptor;
}

/** What is not under the lifecycle server's base is somebody else's, who gets no header of ours. */
function elsewhere(transport, contentUrl, what) {
  try {
    const url = resolveUrl(contentUrl, transport.base);
    return { url, bare: !core.isUnder(url, transport.base) };
  } catch (cause) {
    throw unexpected(`${what}: the answer's contentUrl is no address`, { cause });
  }
}
