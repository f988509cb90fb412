// A terminal whose server is scripted: it drops, lies, and says nothing on command.
import { Sandbox } from "opensandbox-wasm";
import { WebSocket, WebSocketServer } from "ws";
import { faultServer, json, until } from "./fault-server.mjs";

export const connected = (mode = "pty") => JSON.stringify({ type: "connected", session_id: "t", mode });
export const exit = (exit_code) => JSON.stringify({ type: "exit", exit_code });

export const frame = (channel, bytes) => Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]);
export function replay(offset, bytes) {
  const head = Buffer.alloc(9);
  head[0] = 3;
  head.writeBigInt64BE(BigInt(offset), 1);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

/** The constructor of `ws` as it is, and with the manners of a browser's: one argument more, which names subprotocols. */
export { WebSocket };
export class BrowserWebSocket extends WebSocket {
  constructor(url, protocols = []) {
    if (!Array.isArray(protocols) && /[^\w-]/.test(String(protocols))) {
      throw new DOMException(`The subprotocol '${protocols}' is invalid.`, "SyntaxError");
    }
    super(url, protocols);
  }
  pause = undefined;
  resume = undefined;
  terminate = undefined;
}

/**
 * `scripts`: what each connection does, `(socket, {since, takeover, url, headers, number})`; the last one is used again. A number
 * is the status of a refused handshake. Calls `work(sandbox, server)`; `server.state` is what `GET /pty/t` says.
 */
export async function terminal(scripts, work, { routes, ...config } = {}) {
  const state = { running: true, output_offset: 0 };
  let deleted = 0;
  const server = await faultServer({
    "POST /pty": (_, response, { body }) => {
      server.created = JSON.parse(body);
      json(response, 201, { session_id: "t" });
    },
    "GET /pty/t": (_, response) =>
      state.status
        ? json(response, state.status, { code: "X", message: "x" })
        : json(response, 200, { session_id: "t", ...state }),
    "DELETE /pty/t": (_, response) => {
      deleted += 1;
      response.end();
    },
    "GET /pty/t/ws": (_, response) => {
      response.writeHead(426);
      response.end();
    },
    ...routes,
  });
  const sockets = new WebSocketServer({ noServer: true });
  const connections = [];
  server.server.on("upgrade", (request, raw, head) => {
    raw.on("error", () => {});
    const url = new URL(request.url, "http://x");
    const one = {
      url,
      headers: request.headers,
      since: Number(url.searchParams.get("since")),
      takeover: url.searchParams.get("takeover") === "1",
      number: connections.length,
      heard: [],
      typed: "",
      closed: false,
    };
    const script = scripts[Math.min(connections.length, scripts.length - 1)];
    connections.push(one);
    raw.on("close", () => {
      one.closed = true;
    });
    if (typeof script === "number") return void raw.end(`HTTP/1.1 ${script} No\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, raw, head, (socket) => {
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => {
        if (isBinary) one.typed += data.subarray(1);
        else one.heard.push(JSON.parse(data));
      });
      // The connection itself, for what is worse than a close frame.
      socket.raw = raw;
      script(socket, one);
    });
  });
  Object.assign(server, { state, connections, deleted: () => deleted });
  try {
    const connectionConfig = { ...server.config, WebSocket, ...config };
    const sandbox = await Sandbox.create({ connectionConfig, image: "i", skipHealthCheck: true });
    const result = await work(sandbox, server);
    await until(() => connections.every(({ closed }) => closed), "no connection is left open");
    return result;
  } finally {
    await server.close();
  }
}

/** Everything that an output gives, and the error that ended it. */
export async function readAll(output) {
  const chunks = [];
  let error;
  try {
    for await (const chunk of output) chunks.push(chunk);
  } catch (thrown) {
    error = thrown;
  }
  return { bytes: Buffer.concat(chunks), error };
}
