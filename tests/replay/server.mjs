// Starts the local server's programs for tests and sees to it that they end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const binary = process.env.OPENSANDBOX_LOCAL_BIN ?? join(root, 'target/local/opensandbox-local');
export const fixtures = (name) => join(root, 'tests/fixtures', name);

/** A running execd on a free port, with a temporary directory of its own. */
export async function startExecd({ args = [], entrypoint, env = {}, cwd } = {}) {
  const temporary = mkdtempSync(join(tmpdir(), 'execd-test-'));
  const child = spawn(binary, ['execd', '--port', '0', ...args, ...(entrypoint ? ['--', ...entrypoint] : [])], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary, EXECD_ACCESS_TOKEN: '', EXECD_API_GRACE_SHUTDOWN: '', EXECD_ENVS: '', ...clean(env) },
  });
  let log = '';
  let out = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /^listening (\d+)\n/.exec(out);
      if (line) resolve(Number(line[1]));
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
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const result = await exited;
      rmSync(temporary, { recursive: true, force: true });
      return result;
    },
  };
}

function clean(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
