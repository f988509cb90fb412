// Terminals on a real server, directly and through its proxy.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import xterm from "@xterm/headless";
import { attachPty } from "opensandbox-wasm/xterm";
import { WebSocket } from "ws";
import { external, PATIENCE_MS, rejection, startServer, unique, until, within } from "./server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

/** Sockets that a test can cut. */
function cuttable() {
  const sockets = new Set();
  class Cut extends WebSocket {
    constructor(url, protocols, options) {
      super(url, protocols, options);
      sockets.add(this);
      this.on("close", () => sockets.delete(this));
    }
  }
  const cut = () => {
    for (const socket of sockets) socket.terminate();
  };
  return { WebSocket: Cut, cut, sockets };
}

/** Collects the text of a session; `text` is what has come so far, `end` resolves at its end. */
function collect(output) {
  const seen = { text: "" };
  seen.end = (async () => {
    for await (const piece of output.text()) seen.text += piece;
    return seen.text;
  })();
  seen.end.catch(() => {});
  return seen;
}

/** What a screen shows, lines without their ends. */
function screen(terminal) {
  const { active } = terminal.buffer;
  const lines = Array.from({ length: terminal.rows }, (_, row) =>
    active.getLine(active.viewportY + row)?.translateToString(true),
  );
  return lines.join("\n").trimEnd();
}

for (const useServerProxy of [false, true]) {
  describe(useServerProxy ? "through the proxy" : "directly", () => {
    let sandbox;
    before(async () => {
      sandbox = await server.create({ config: { useServerProxy, WebSocket } });
    });

    test("an interactive shell: directory, variables, size, colours, exit code", async () => {
      const session = await sandbox.pty.create({ cwd: "/tmp/pty-home", cols: 101, rows: 31, env: { WHO: "it's $me" } });
      assert.deepEqual([session.mode, session.state, session.exitCode], ["pty", "connected", undefined]);
      const seen = collect(session.output);
      await session.write('pwd; stty size; echo "<$WHO $TERM>"; printf "\\033[31mred\\033[0m\\n"; echo grüße\n');
      await until("all of it has come", () => seen.text.includes("grüße\r\n"));
      session.resize(132, 50);
      await session.write("stty size\nexit 5\n");
      assert.equal(await within(PATIENCE_MS, session.wait(), "the shell"), 5);
      const text = await seen.end;
      for (const wanted of [
        "/tmp/pty-home\r\n",
        "31 101\r\n",
        "<it's $me xterm-256color>",
        "\u001b[31mred\u001b[0m",
        "50 132\r\n",
      ]) {
        assert.ok(text.includes(wanted), `${JSON.stringify(wanted)} in ${JSON.stringify(text)}`);
      }
      assert.deepEqual([session.exitCode, session.state], [5, "exited"]);
      const info = await sandbox.pty.get(session.id);
      assert.deepEqual(info, { id: session.id, running: false, outputOffset: session.offset });
      await session.kill();
      assert.equal((await rejection(sandbox.pty.get(session.id))).code, "CONTEXT_NOT_FOUND");
      await sandbox.pty.kill(session.id);
    });

    test("a command has its first size before it looks", async () => {
      const session = await sandbox.pty.create({ command: "stty size", cols: 77, rows: 7 });
      assert.equal(await collect(session.output).end, "7 77\r\n");
    });

    test("^C stops what is in the foreground; a signal reaches the shell's own group", async () => {
      const session = await sandbox.pty.create({
        command: "exec env --default-signal=INT,QUIT bash --norc --noprofile",
      });
      const seen = collect(session.output);
      await session.write("echo r''eady; sleep 1000\n");
      await until("it sleeps", () => seen.text.includes("ready"));
      await session.write("\x03");
      await session.write("echo b''ack\n");
      await until("the prompt is back", () => seen.text.includes("back"));
      await session.signal("SIGHUP");
      assert.equal(await within(PATIENCE_MS, session.wait(), "the shell"), -1);
    });

    test("pipe mode: stderr apart, no terminal, the exit code of the program", async () => {
      const session = await sandbox.pty.create({
        pipe: true,
        command: 'read line; echo "out $line"; echo err >&2; tty; sleep 0.2; exit 4',
      });
      const [out, err] = [collect(session.output), collect(session.stderr)];
      await session.write("typed\n");
      assert.equal(await session.wait(), 4);
      assert.deepEqual([session.mode, await out.end, await err.end], ["pipe", "out typed\nnot a tty\n", "err\n"]);
    });

    test("a burst of 10 MB to a slow reader arrives whole and in order", async () => {
      const session = await sandbox.pty.create({ pipe: true, command: "seq -w 1 1250000; sleep 0.2" });
      let text = "";
      let chunks = 0;
      const decoder = new TextDecoder();
      for await (const chunk of session.output) {
        text += decoder.decode(chunk, { stream: true });
        if (chunks++ % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(text.length, 10_000_000);
      assert.ok(text.startsWith("0000001\n0000002\n") && text.endsWith("1249999\n1250000\n"));
      const lines = text.split("\n");
      assert.ok(lines.every((line, index) => line === "" || Number(line) === index + 1));
      assert.equal(await session.wait(), 0);
    });

    test("a dropped connection in mid-stream loses nothing and gives nothing twice", async () => {
      const { WebSocket: Cut, cut, sockets } = cuttable();
      const gaps = [];
      const states = [];
      const session = await sandbox.pty.create({
        pipe: true,
        command: 'for i in $(seq 40); do seq -f "$i-%g grüße" 1 400; sleep 0.05; done; read end; sleep 0.2; exit 6',
        WebSocket: Cut,
        onGap: (gap) => gaps.push(gap),
        onStateChange: (state) => states.push(state),
      });
      const seen = collect(session.output);
      for (const wanted of ["5-1 ", "15-1 ", "25-1 "]) {
        await until(`${wanted} has come`, () => seen.text.includes(`\n${wanted}`));
        cut();
        await until("it is back", () => session.state === "connected" && sockets.size > 0);
      }
      await until("the last has come", () => seen.text.includes("40-400 grüße\n"));
      await session.write("\n");
      assert.equal(await within(PATIENCE_MS, session.wait(), "the program"), 6);
      const all = Array.from({ length: 16_000 }, (_, i) => `${Math.floor(i / 400) + 1}-${(i % 400) + 1} grüße\n`).join(
        "",
      );
      assert.equal(await seen.end, all);
      assert.deepEqual(gaps, []);
      assert.equal(states.filter((state) => state === "reconnecting").length, 3);
    });

    test("more than the server keeps is a gap, from where to where", async () => {
      const go = `/tmp/go-${unique()}`;
      const first = await sandbox.pty.create({
        pipe: true,
        command: `echo begun; until [ -e ${go} ]; do sleep 0.05; done; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo END; read end; sleep 0.2`,
      });
      const seen = collect(first.output);
      await until("it has begun", () => seen.text === "begun\n");
      await first.detach();
      assert.equal(await seen.end, "begun\n");
      await sandbox.commands.run(`touch ${go}`);
      await until("it has printed", async () => (await sandbox.pty.get(first.id)).outputOffset === 3_000_011);
      const gaps = [];
      const second = await sandbox.pty.attach(first.id, { since: first.offset, onGap: (gap) => gaps.push(gap) });
      const rest = collect(second.output);
      await until("the end has come", () => rest.text.endsWith("END\n"));
      assert.deepEqual(gaps, [{ from: 6, to: 3_000_011 - (1 << 20) }]);
      assert.deepEqual([rest.text.length, second.offset, second.mode], [1 << 20, 3_000_011, "pipe"]);
      await second.write("\n");
      assert.equal(await second.wait(), 0);
    });

    test("takeover: the first ends with TAKEN_OVER, the second goes on; without it, it is refused", async () => {
      const first = await sandbox.pty.create();
      const seen = collect(first.output);
      await first.write("MARK=kept\n");
      await until("it is typed", () => seen.text.includes("MARK=kept\r\n"));
      const refused = await rejection(sandbox.pty.attach(first.id));
      assert.deepEqual([refused.code, refused.statusCode], ["ALREADY_CONNECTED", 409]);
      const second = await sandbox.pty.attach(first.id, { takeover: true });
      assert.equal((await rejection(first.wait())).code, "TAKEN_OVER");
      assert.equal((await rejection(seen.end)).code, "TAKEN_OVER");
      const more = collect(second.output);
      await second.write('echo "is $MARK"; exit\n');
      assert.equal(await within(PATIENCE_MS, second.wait(), "the shell"), 0);
      assert.match(await more.end, /MARK=kept[\s\S]*is kept/);
      assert.equal((await rejection(sandbox.pty.attach(first.id))).code, "PTY_NOT_RUNNING");
    });

    test("a program that ends while nobody is attached: the exit code is unknown, and it does not run again", async () => {
      const { WebSocket: Cut, cut } = cuttable();
      const file = `/tmp/runs-${unique()}`;
      let held;
      class Held extends Cut {
        constructor(...args) {
          super(...args);
          held = this;
        }
      }
      const session = await sandbox.pty.create({
        command: `echo run >> ${file}; read x; sleep 0.3; exit 3`,
        WebSocket: Held,
      });
      await until("it runs", async () => (await sandbox.commands.run(`cat ${file}`)).stdout === "run\n");
      await session.write("\n");
      // As when a computer sleeps: nothing is heard, and the connection is gone when it wakes.
      held.onmessage = null;
      await until("it has ended", async () => !(await sandbox.pty.get(session.id)).running);
      cut();
      assert.equal(await within(PATIENCE_MS, session.wait(), "the session"), null);
      assert.equal((await sandbox.commands.run(`cat ${file}`)).stdout, "run\n");
    });

    test("kill ends the program, and await using does it for what was created", async () => {
      const mark = `mark-${unique()}`;
      const running = async () => (await sandbox.commands.run(`pgrep -f '[${mark[0]}]${mark.slice(1)}'`)).stdout !== "";
      const session = await sandbox.pty.create({ command: `exec -a ${mark} sleep 1000` });
      await until("it runs", running);
      await session.kill();
      assert.equal(await session.wait(), -1);
      await until("it is gone", async () => !(await running()));
      const other = await sandbox.pty.create();
      await other[Symbol.asyncDispose]();
      assert.equal((await rejection(sandbox.pty.get(other.id))).statusCode, 404);
    });

    test("xterm.js: a full-screen program draws, gets keys and follows the size", async () => {
      const terminal = new xterm.Terminal({ cols: 60, rows: 12, allowProposedApi: true });
      // What vim and less do: the other screen, cursor addressing, colours, a redraw at each new size, the way back.
      const program = `
        draw() { read -r rows cols < <(stty size); printf '\\033[2J\\033[H\\033[7m%s\\033[0m' "title $cols x $rows"; printf '\\033[%d;1H%s' "$rows" "status: $key"; }
        stty -echo -icanon; printf '\\033[?1049h'; trap draw WINCH; draw
        while :; do read -rsn1 -t 0.1 k || continue; key="[$k]"; [ "$k" = q ] && break; draw; done
        printf '\\033[?1049l'; echo bye; sleep 0.2`;
      const session = await sandbox.pty.create({ command: `echo before; ${program}`, cols: 60, rows: 12 });
      const shown = attachPty(terminal, session);
      await until(
        "it has drawn",
        () => /^title 60 x 12\n+status: $/m.test(screen(terminal)) || screen(terminal).endsWith("status:"),
      );
      assert.equal(terminal.buffer.active.type, "alternate");
      terminal.input("j");
      await until("the key has come", () => screen(terminal).endsWith("status: [j]"));
      terminal.resize(72, 20);
      await until(
        "it has drawn anew",
        () => screen(terminal).startsWith("title 72 x 20") && screen(terminal).split("\n").length === 20,
      );
      terminal.input("q");
      assert.equal(await within(PATIENCE_MS, session.wait(), "the program"), 0);
      await shown.done;
      await until("the first screen is back", () => screen(terminal) === "before\nbye");
      assert.equal(terminal.buffer.active.type, "normal");
      shown.dispose();
      terminal.dispose();
    });

    test("vim itself, where there is one", async (t) => {
      if ((await sandbox.commands.run("command -v vim")).exitCode !== 0) return t.skip("no vim in the sandbox");
      const terminal = new xterm.Terminal({ cols: 60, rows: 12, allowProposedApi: true });
      const session = await sandbox.pty.create({ command: "vim -u NONE /tmp/vim-test", cols: 60, rows: 12 });
      const shown = attachPty(terminal, session);
      await until("it has drawn", () => screen(terminal).includes("~"));
      terminal.input("ihello\x1b:wq\r");
      assert.equal(await within(PATIENCE_MS, session.wait(), "vim"), 0);
      assert.equal(await sandbox.files.readFile("/tmp/vim-test"), "hello\n");
      shown.dispose();
    });
  });
}

test("a sandbox that is killed ends its terminals", {
  skip: external && "an external server may keep the connection",
}, async () => {
  const sandbox = await server.create({ config: { WebSocket } });
  const session = await sandbox.pty.create({ reconnectTimeoutSeconds: 1 });
  await sandbox.kill();
  const end = await within(
    PATIENCE_MS,
    session.wait().catch((error) => error),
    "the session",
  );
  assert.ok(end === -1 || end === null || ["STREAM_INTERRUPTED"].includes(end.code), String(end));
});
