// The adapter for xterm.js: small, without dependencies, in step with the terminal.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { attachPty } from "../../pkg-template/xterm.js";
import { end, PtyOutput, push } from "../../src/js/pty-output.js";

const file = fileURLToPath(new URL("../../pkg-template/xterm.js", import.meta.url));

test("it is under 2 KB compressed, as it is and bundled, and imports nothing", async () => {
  const source = readFileSync(file);
  assert.ok(gzipSync(source).length < 2000, `${gzipSync(source).length} bytes`);
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
  });
  assert.ok(gzipSync(outputFiles[0].contents).length < 1000, `${gzipSync(outputFiles[0].contents).length} bytes`);
  assert.equal(Object.keys(metafile.inputs).length, 1);
});

/** A terminal that shows when it is told to. */
function fakeTerminal() {
  const listeners = {};
  const on = (name) => (listener) => {
    listeners[name] = listener;
    return { dispose: () => delete listeners[name] };
  };
  const terminal = {
    cols: 90,
    rows: 20,
    listeners,
    written: [],
    pending: [],
    write(data, callback) {
      terminal.written.push(data);
      terminal.pending.push(callback);
    },
    onData: on("data"),
    onBinary: on("binary"),
    onResize: on("resize"),
  };
  return terminal;
}

function fakeSession() {
  const session = {
    writes: [],
    sizes: [],
    output: new PtyOutput("output", () => {}),
    stderr: new PtyOutput("stderr", () => {}),
  };
  session.write = async (input) => {
    session.writes.push(input);
    if (session.broken) throw new Error("ended");
  };
  session.resize = (cols, rows) => session.sizes.push([cols, rows]);
  return session;
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

test("keys, mouse and size go to the session; dispose ends that and the reading", async () => {
  const [terminal, session] = [fakeTerminal(), fakeSession()];
  const attached = attachPty(terminal, session);
  terminal.listeners.data("aé");
  terminal.listeners.binary("\x1b[M\xff");
  terminal.listeners.resize({ cols: 5, rows: 6 });
  assert.deepEqual(session.writes, ["aé", Uint8Array.from([27, 91, 77, 255])]);
  assert.deepEqual(session.sizes, [
    [90, 20],
    [5, 6],
  ]);
  // What cannot be sent any more is no unhandled rejection.
  session.broken = true;
  terminal.listeners.data("x");
  push(session.output, Uint8Array.from([65]));
  push(session.stderr, Uint8Array.from([66]));
  await turn();
  assert.deepEqual(terminal.written.map(([byte]) => byte).sort(), [65, 66]);
  attached.dispose();
  await attached.done;
  assert.deepEqual(terminal.listeners, {});
  push(session.output, Uint8Array.from([67]));
  await turn();
  assert.equal(terminal.written.length, 2);
  attached.dispose();
});

test("it reads no faster than the terminal shows", async () => {
  const [terminal, session] = [fakeTerminal(), fakeSession()];
  const attached = attachPty(terminal, session);
  for (let i = 0; i < 20; i++) push(session.output, new Uint8Array(32_768));
  await turn();
  const first = terminal.written.length;
  assert.ok(first > 1 && first < 8, `${first} chunks are on their way`);
  terminal.pending.shift()();
  await turn();
  assert.equal(terminal.written.length, first + 1);
  end(session.output);
  end(session.stderr);
  while (terminal.written.length < 20) {
    for (const shown of terminal.pending.splice(0)) shown();
    await turn();
  }
  await attached.done;
});

test("disposed of while it waits for the terminal, it does not hang", async () => {
  const [terminal, session] = [fakeTerminal(), fakeSession()];
  const attached = attachPty(terminal, session);
  for (let i = 0; i < 20; i++) push(session.output, new Uint8Array(32_768));
  await turn();
  attached.dispose();
  await attached.done;
});

test("an error that ends the session is that of `done`; readOnly types nothing", async () => {
  const [terminal, session] = [fakeTerminal(), fakeSession()];
  const attached = attachPty(terminal, session, { readOnly: true });
  assert.deepEqual([terminal.listeners, session.sizes], [{}, []]);
  const lost = new Error("lost");
  end(session.output, lost);
  end(session.stderr, lost);
  await assert.rejects(attached.done, lost);
});
