// A lifecycle server and an execd in one, whose answers are scripted: it cuts, stalls, resets and lies on command.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { Sandbox } from "opensandbox-wasm";

export const ID = "a1da9f69e3f74dfd9e3c6e28363a1b20";

/**
 * `routes`: "METHOD /path" (execd's paths without their prefix, queries left out) to a function `(request, response,
 * {body, url})`; one with a property `raw` is called before the body is read. What is not there answers as a healthy server with
 * one sandbox would. `at`: the port; any by default.
 */
export async function faultServer(routes = {}, at = 0) {
  const seen = [];
  const sockets = new Set();
  const healthy = {
    "POST /v1/sandboxes": (_, response) =>
      json(response, 202, {
        id: "s1",
        createdAt: "2026-01-01T00:00:00Z",
        status: { state: "Running" },
        entrypoint: [],
      }),
    "GET /v1/sandboxes/s1/endpoints/44772": (_, response) =>
      json(response, 200, { endpoint: `127.0.0.1:${port}/execd`, headers: { "X-EXECD-ACCESS-TOKEN": "t" } }),
    "GET /ping": (_, response) => response.end(),
    "DELETE /command": (_, response) => response.end(),
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://x");
    const name = `${request.method} ${url.pathname.replace(/^\/execd/, "")}`;
    seen.push({ name, url, headers: request.headers });
    // Reads the body itself, or does not.
    if (routes[name]?.raw) return await routes[name](request, response, { url, seen });
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The client has hung up.
    }
    const route = routes[name] ?? healthy[name];
    if (!route) return json(response, 500, { code: "UNSCRIPTED", message: name });
    await route(request, response, { body: Buffer.concat(chunks).toString(), url, seen });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    server,
    port,
    seen,
    config: { domain: `127.0.0.1:${port}`, apiKey: "k", useServerProxy: false, requestTimeoutSeconds: 5 },
    count: (name) => seen.filter((request) => request.name === name).length,
    /** How many connections with an unfinished answer there are. */
    busy: () => [...sockets].filter((socket) => socket._httpMessage).length,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(response, status, value) {
  response.writeHead(status, { "content-type": "application/json", "x-request-id": "from-server" });
  response.end(JSON.stringify(value));
}

/** The headers of an event stream, as execd sends them. */
export const openStream = (response) => response.writeHead(200, { "content-type": "text/event-stream" });

/** Writes `bytes`, then what `end` says: "close" (a proper end of the body), "reset", or "open" (nothing more). */
export function streamOf(bytes, end) {
  return async (_, response) => {
    openStream(response);
    response.flushHeaders();
    if (bytes.length > 0) await new Promise((resolve) => response.write(bytes, resolve));
    if (end === "close") response.end();
    if (end === "reset") {
      // The bytes first: a reset may overtake them on the way, which would be another test.
      await new Promise((resolve) => setTimeout(resolve, 5));
      response.socket.resetAndDestroy();
    }
  };
}

export const event = (fields) => `${JSON.stringify({ ...fields, timestamp: 1 })}\n\n`;
export const init = event({ type: "init", text: ID });

export async function until(condition, what, ms = 3000) {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const outcome = (promise) =>
  promise.then(
    (execution) => ({ execution }),
    (error) => ({ error }),
  );

/** A sandbox on a scripted server; both are gone afterwards, and no connection was left open. */
export async function using(routes, work, options = {}) {
  const server = await faultServer(routes);
  try {
    const connectionConfig = { ...server.config, ...options };
    const sandbox = await Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });
    const result = await work(sandbox, server);
    await until(() => server.busy() === 0, "no connection is left open");
    return result;
  } finally {
    await server.close();
  }
}

/** For the top of a file: fails it when a rejection in it went unhandled. */
export function noUnhandledRejections() {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  before(() => process.on("unhandledRejection", note));
  after(() => {
    process.off("unhandledRejection", note);
    assert.deepEqual(unhandled, [], "no rejection went unhandled");
  });
}
