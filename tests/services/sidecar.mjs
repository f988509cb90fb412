// Routes of a sandbox that has an egress sidecar, at port 18080 and with a token of its own.
import { json } from "../faults/fault-server.mjs";

export const TOKEN = "sidecar-token";

/** Puts `"METHOD /policy…"` and `"METHOD /credential-vault…"` where the sidecar's endpoint leads; leaves other routes alone. */
export function sidecar(routes) {
  const entries = Object.entries(routes).map(([name, route]) => [
    name.replace(/^(\w+) (?=\/(policy|credential-vault))/, "$1 /sidecar"),
    route,
  ]);
  return {
    "GET /v1/sandboxes/s1/endpoints/18080": (request, response) =>
      json(response, 200, {
        endpoint: `${request.headers.host}/sidecar`,
        headers: { "OPENSANDBOX-EGRESS-AUTH": TOKEN },
      }),
    ...Object.fromEntries(entries),
  };
}

/** The sidecar's errors are plain text. */
export function plain(response, status, text) {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}
