// A client of execd's terminals, without the SDK.
import WebSocket from "ws";

export async function makeTerminal(base, options) {
  const response = await fetch(`${base}/pty`, { method: "POST", body: options && JSON.stringify(options) });
  if (response.status !== 201) throw new Error(`POST /pty: ${response.status} ${await response.text()}`);
  return (await response.json()).session_id;
}

export const status = async (base, id) => (await fetch(`${base}/pty/${id}`)).json();

/**
 * Attaches. `frames`: all that came, as the recordings write it; `output`, `errors`: what was printed, replays included;
 * `replay`: `{offset, length}` of the replay.
 */
export function attach(base, id, query = "", options = {}) {
  const socket = new WebSocket(`${base.replace("http", "ws")}/pty/${id}/ws${query}`, [], options);
  const client = {
    socket,
    frames: [],
    output: "",
    errors: "",
    messages: [],
    replay: undefined,
    /** Resolves with `{code, reason}`. */
    closed: new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    }),
    /** Resolves with the status of a refused handshake. */
    refused: new Promise((resolve) => {
      socket.on("unexpected-response", (_, response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
      });
    }),
    send: (data) => socket.send(data),
    type: (text) => socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)])),
    say: (message) => socket.send(JSON.stringify(message)),
    message: (type) => client.messages.find((message) => message.type === type),
    close() {
      socket.close();
      setTimeout(() => socket.terminate(), 1000).unref();
    },
  };
  socket.on("error", () => {});
  socket.on("close", (close, reason) => client.frames.push({ from: "server", close, reason: String(reason) }));
  socket.on("message", (data, isBinary) => {
    if (!isBinary) {
      client.frames.push({ from: "server", text: String(data) });
      client.messages.push(JSON.parse(data));
      return;
    }
    const channel = data[0];
    const replay = channel === 3;
    const bytes = data.subarray(replay ? 9 : 1);
    if (replay) client.replay = { offset: Number(data.readBigInt64BE(1)), length: bytes.length };
    client.frames.push({ from: "server", channel, base64: bytes.toString("base64") });
    client[channel === 2 ? "errors" : "output"] += bytes.toString("latin1");
  });
  return client;
}
