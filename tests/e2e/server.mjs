// The server under test: one named by OPEN_SANDBOX_DOMAIN, or else a local one that this file starts and stops.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { ConnectionConfig, Sandbox, SandboxManager } from "opensandbox-wasm";

const BINARY =
  process.env.OPENSANDBOX_LOCAL_BIN ?? fileURLToPath(new URL("../../target/local/opensandbox-local", import.meta.url));
const START_SECONDS = 30;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

export const IMAGE = process.env.OPENSANDBOX_E2E_IMAGE || "python:3.12-slim";
/** Whether the server is one that we did not start: it may be slow, and its sandboxes are real containers. */
export const external = Boolean(process.env.OPEN_SANDBOX_DOMAIN);
/** How long things may take that take no time on one machine. */
export const PATIENCE_MS = external ? 120_000 : 20_000;

/** Starts the local server; resolves with what its one line on stdout says, and `stop`. */
async function startLocal(options) {
  const child = spawn(BINARY, ["serve", "--port", "0", "--quiet", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  // A test run that is stopped or dies must not leave it behind.
  const kill = () => child.kill("SIGTERM");
  const killAndExit = () => process.exit(1);
  process.once("exit", kill);
  for (const signal of SIGNALS) process.once(signal, killAndExit);
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
  });
  let timer;
  const failed = Promise.race([
    ended,
    new Promise((resolve) => {
      timer = setTimeout(resolve, START_SECONDS * 1000, `it did not listen within ${START_SECONDS} s`);
    }),
  ]).then((why) => {
    throw new Error(`${BINARY} did not start: ${why}\n${errors}`);
  });
  const listening = new Promise((resolve) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      for (const line of text.split("\n").slice(0, -1)) {
        if (line.includes('"listening"')) resolve(JSON.parse(line));
      }
    });
  });
  const stop = async () => {
    process.off("exit", kill);
    for (const signal of SIGNALS) process.off(signal, killAndExit);
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    }
  };
  try {
    const { domain, apiKey } = await Promise.race([listening, failed]);
    failed.catch(() => {});
    return { domain, apiKey, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A server with helpers. `options` are for a local one, such as `"--early-complete", "always"`. `stop()` ends every sandbox that `create` made, and the server if it is ours. */
export async function startServer(...options) {
  const { domain, apiKey, stop } = external
    ? { domain: process.env.OPEN_SANDBOX_DOMAIN, apiKey: process.env.OPEN_SANDBOX_API_KEY ?? "", stop: async () => {} }
    : await startLocal(options);
  const made = new Set();
  const { protocol, domain: normal } = new ConnectionConfig({ domain });
  const server = {
    domain: normal,
    protocol,
    apiKey,
    /** Options of a ConnectionConfig. */
    config: (more) => ({ domain, apiKey, ...more }),
    /** A sandbox that is ended with the server. `config`: more options of the connection. */
    async create({ config, ...options } = {}) {
      const sandbox = await Sandbox.create({
        connectionConfig: server.config(config),
        image: IMAGE,
        readyTimeoutSeconds: PATIENCE_MS / 1000,
        ...options,
      });
      made.add(sandbox.id);
      return sandbox;
    },
    /** Remembers a sandbox that was made otherwise. */
    adopt(id) {
      made.add(id);
    },
    async stop() {
      const manager = SandboxManager.create({ connectionConfig: server.config() });
      await Promise.allSettled([...made].map((id) => manager.killSandbox(id)));
      await manager.close();
      await stop();
    },
  };
  return server;
}

/** A fetch that notes every request: url, method, headers (a Headers object), body. */
export function recorder(answer = (url, init) => fetch(url, init)) {
  const calls = [];
  const recording = (url, init) => {
    calls.push({ url: String(url), method: init?.method, headers: new Headers(init?.headers), body: init?.body });
    return answer(url, init);
  };
  return { calls, fetch: recording };
}

/** A value that no other test and no other run of this one uses. */
export const unique = () => randomUUID().replaceAll("-", "").slice(0, 20);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `check` gives something true; gives it. */
export async function until(what, check, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what}`);
    await sleep(30);
  }
}

/** Fails when `promise` has not settled after `ms`; the reason why a test can say "at once". */
export function within(ms, promise, what = "it") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} had not settled after ${ms} ms` })),
      ms,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The rejection of a promise; fails when it resolves. */
export async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return assert.fail(`it should have rejected, but resolved with ${JSON.stringify(value)}`);
}

/** Whether the process whose pid is in the file `pidFile` of the sandbox still runs. A zombie does not. */
export async function alive(sandbox, pidFile) {
  const check = `p=$(cat ${pidFile}) && [ -e /proc/$p ] && ! grep -q ') Z ' /proc/$p/stat && echo yes`;
  return (await sandbox.commands.run(check)).stdout === "yes\n";
}

/** Waits for a program's pid in a file, so that a test knows that it runs. */
export const started = (sandbox, pidFile) =>
  until(`${pidFile} is written`, async () => (await sandbox.commands.run(`cat ${pidFile}`)).stdout.trim());

/** Everything that an async iterable gives. */
export async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}
