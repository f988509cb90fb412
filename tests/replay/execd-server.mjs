// Starts execd for tests and sees to it that it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BINARY } from "../local/server.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const fixtures = (name) => join(root, "tests/fixtures", name);

/** The folder of Jupyter kernels that the set-up has made, if it could. */
export const KERNELS = process.env.OPENSANDBOX_LOCAL_KERNELS;

const started = new Set();

/** Ends what a failed test left running. */
export function stopAll() {
  for (const child of started) child.kill("SIGTERM");
}

/** A running execd on a free port, with a temporary directory of its own. */
export async function startExecd({ args = [], entrypoint, env = {}, cwd, wrapper = [] } = {}) {
  const temporary = mkdtempSync(join(tmpdir(), "execd-test-"));
  const line = [...wrapper, BINARY, "execd", "--port", "0", ...args, ...(entrypoint ? ["--", ...entrypoint] : [])];
  const child = spawn(line[0], line.slice(1), {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: environment({ TMPDIR: temporary, ...env }),
  });
  started.add(child);
  child.on("exit", () => started.delete(child));
  let log = "";
  let out = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  const port = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      const announced = /^listening (\d+)\n/.exec(out);
      if (announced) resolve(Number(announced[1]));
    });
    exited.then(({ code }) => reject(new Error(`execd ended with ${code}: ${log}`)));
  });
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    temporary,
    exited,
    stdout: () => out,
    log: () => log,
    kill: (signal) => child.kill(signal),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const result = await exited;
      rmSync(temporary, { recursive: true, force: true });
      return result;
    },
  };
}

/** Ours without what would change execd's behaviour. */
function environment(more) {
  const { EXECD_ACCESS_TOKEN, EXECD_API_GRACE_SHUTDOWN, EXECD_ENVS, ...rest } = process.env;
  return { ...rest, ...more };
}
