// Starts the local server for a test, makes sandboxes on it and runs commands in them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const BINARY =
  process.env.OPENSANDBOX_LOCAL_BIN ?? fileURLToPath(new URL("../../target/local/opensandbox-local", import.meta.url));

/** Starts `serve` and waits for its one line. Last may come options for `spawn`; `quiet: false` logs everything. */
export async function startServer(...args) {
  let options = { env: process.env };
  if (typeof args.at(-1) === "object") options = { ...options, ...args.pop() };
  const level = options.quiet === false ? [] : ["--quiet"];
  const child = spawn(BINARY, ["serve", "--port", "0", ...level, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`server ended with ${code}: ${log}`);
    }),
  ]);
  const ready = JSON.parse(line);
  const server = {
    ...ready,
    port: Number(new URL(ready.url).port),
    child,
    log: () => log,
    key: { "OPEN-SANDBOX-API-KEY": ready.apiKey },
    /** A request to the lifecycle API with the key. */
    async api(method, path, json, headers = {}) {
      const response = await fetch(ready.url + path, {
        method,
        headers: { ...server.key, ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
        body: json === undefined ? undefined : JSON.stringify(json),
        redirect: "manual",
      });
      const text = await response.text();
      let body = text;
      try {
        body = JSON.parse(text);
      } catch {
        /* not JSON */
      }
      return { status: response.status, headers: response.headers, body };
    },
    async create(extra = {}) {
      const answer = await server.api("POST", "/v1/sandboxes", {
        image: { uri: "any" },
        entrypoint: ["sleep", "1000"],
        timeout: 600,
        resourceLimits: {},
        ...extra,
      });
      if (answer.status !== 202) throw new Error(`create: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body.id;
    },
    /** Runs a shell command in a sandbox, through the proxy. */
    async sh(id, command) {
      const response = await fetch(`${ready.url}/v1/sandboxes/${id}/proxy/44772/command`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ command }),
      });
      const events = await readEvents(response);
      const of = (type) =>
        events
          .filter((event) => event.type === type)
          .map((event) => event.text)
          .join("\n");
      return { status: response.status, stdout: of("stdout"), stderr: of("stderr"), events };
    },
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      const [code] = await once(child, "exit");
      return code;
    },
  };
  return server;
}

/** Events up to the last one; execd keeps the stream open for a second after it. */
async function readEvents(response) {
  const events = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop();
    events.push(...lines.filter(Boolean).map((line) => JSON.parse(line)));
    if (events.some((event) => ["execution_complete", "error"].includes(event.type))) break;
  }
  return events;
}

/** A request with full control over its headers (fetch refuses to set Host and Origin). */
export function raw(server, { method = "GET", path = "/", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: "127.0.0.1",
        port: server.port,
        method,
        path,
        headers,
        agent: false,
        setHost: !Object.keys(headers).some((name) => name.toLowerCase() === "host"),
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          let json;
          try {
            json = JSON.parse(text);
          } catch {
            /* not JSON */
          }
          resolve({ status: response.statusCode, headers: response.headers, text, json });
        });
        response.on("error", reject);
      },
    );
    request.on("upgrade", (response, socket, head) => {
      resolve({ status: response.statusCode, headers: response.headers, socket, head });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Asks for a WebSocket. */
export function upgrade(server, path, headers = {}) {
  return raw(server, {
    path,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
}

/** An HTTP server on a free port; what a sandbox would serve, as sandboxes share the machine's ports. */
export async function listen(handler) {
  const server = http.createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: server.address().port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A port nobody listens on. */
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Living processes whose command line or environment holds `text`. */
export function processesWith(text) {
  const found = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) continue;
      const all = readFileSync(`/proc/${pid}/cmdline`, "latin1") + readFileSync(`/proc/${pid}/environ`, "latin1");
      if (all.includes(text)) found.push(Number(pid));
    } catch {
      /* gone, or somebody else's */
    }
  }
  return found;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `check` gives something true. The limit is for what never comes: a busy machine is slow. */
export async function until(check, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${check}`);
    await sleep(25);
  }
}
