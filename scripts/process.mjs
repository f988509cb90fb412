// Starting programs, and stopping every one of them again. Each gets a process group of its own, so that what it starts goes with it.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { constants } from "node:os";
import { join, relative } from "node:path";
import { root, searchPath, tools } from "./paths.mjs";
import { Stop } from "./step.mjs";

const running = new Set();

/** Starts a program in its own process group. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...options,
    env: { ...process.env, PATH: searchPath, ...options.env },
  });
  child.done = new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 127, error }));
    child.once("close", (code, signal) => resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), signal }));
  });
  if (child.pid) running.add(child);
  // What it left behind goes with it; it would also keep our end of the pipes open.
  child.once("exit", () => {
    signalGroup(child, "SIGKILL");
    running.delete(child);
  });
  return child;
}

const signalGroup = (child, signal) => {
  try {
    process.kill(-child.pid, signal);
    return true;
  } catch {
    return false;
  }
};

/** Ends a program and everything in its group: politely first, after `grace` milliseconds for certain. */
export async function stop(child, grace = 5000) {
  if (!child.pid) return;
  signalGroup(child, "SIGTERM");
  const gone = child.exitCode !== null || child.signalCode !== null;
  if (!gone) await Promise.race([child.done, new Promise((resolve) => setTimeout(resolve, grace).unref())]);
  signalGroup(child, "SIGKILL");
  running.delete(child);
}

export const stopAll = () => Promise.all([...running].map((child) => stop(child)));

/** The user stopped the work: what now fails because its programs end is not worth a message. */
export let stopping = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    if (process.stdout.isTTY) process.stdout.write("\n");
    await stopAll();
    process.exit(128 + constants.signals[signal]);
  });
}
// The last resort: an exit that nobody planned takes the groups along, too.
process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

/** Runs a program and returns `{code, output, stdout}`. `onLine` gets every line as it comes; `timeout` is in seconds. */
export async function capture(command, args, { onLine, log, timeout, ...options } = {}) {
  const child = start(command, args, options);
  let output = "";
  let stdout = "";
  let file;
  if (log) {
    mkdirSync(join(tools, "log"), { recursive: true });
    file = createWriteStream(join(tools, "log", log));
    file.write(`$ ${command} ${args.join(" ")}\n`);
  }
  let timedOut = false;
  const timer =
    timeout &&
    setTimeout(() => {
      timedOut = true;
      stop(child);
    }, timeout * 1000);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (stream === child.stdout) stdout += text;
      file?.write(text);
      if (!onLine) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const one of lines) onLine(one);
    });
    stream?.on("end", () => rest && onLine?.(rest));
  }
  const { code, error } = await child.done;
  clearTimeout(timer);
  await new Promise((resolve) => (file ? file.end(resolve) : resolve()));
  return { code, error, output, stdout, timedOut };
}

const NO_NETWORK =
  /could not resolve|couldn't resolve|failed to lookup address|couldn't connect|could not connect|failed to connect|connection refused|network is unreachable|temporary failure|spurious network error|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|failed to download|error sending request/i;

/** Runs a program that has to succeed. `what` names the work in the one line that the user gets if it does not. */
export async function run(what, command, args, options = {}) {
  const result = await capture(command, args, options);
  if (result.code === 0) return result;
  const log = options.log && relative(root, join(tools, "log", options.log));
  if (result.timedOut) throw new Stop(`${what}: not finished after ${options.timeout} s`, { log });
  if (options.network && NO_NETWORK.test(result.output)) {
    throw new Stop(`${what}: the network cannot be reached; only the first run needs it`, { log });
  }
  const details = result.output
    .trimEnd()
    .split("\n")
    .slice(-(options.tail ?? 40))
    .join("\n");
  throw new Stop(`${what} failed: ${command} exited with ${result.code}`, { log, details });
}
