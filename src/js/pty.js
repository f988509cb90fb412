// A terminal: one session over as many connections as it takes. Every end is told apart: the program's exit, an end that
// nobody saw, another client, a connection that does not come back, and our own leaving. See docs/architecture.md, Terminals.

import { Attempts, Heartbeat } from "./pty-clocks.js";
import { failures } from "./pty-failures.js";
import { MalformedFrame, OUTPUT, readFrame, splice, stdinFrame } from "./pty-frames.js";
import { dimension, signalName, toBytes } from "./pty-input.js";
import { end, GAP, held, PtyOutput, push } from "./pty-output.js";
import { address, killTerminal, probe, statusOf } from "./pty-server.js";
import { HeadersRefused, PtySocket } from "./pty-socket.js";
import { onAbort } from "./signals.js";
import { after, sleep, within } from "./timers.js";

/** How much is put into a frame, and may wait in the socket. */
const PIECE = 32_768;
const UNSENT = 1 << 20;
/** What a slow reader may leave lying: above it the socket is paused, where that can be done; else the session gives up. */
const SLOW = 16 << 20;
const TOO_SLOW = 64 << 20;
/** After the exit: for the close frame, and for the question how much output there was. */
const CLOSING_MS = 500;
const LAST_QUESTION_MS = 2_000;
/** For one attempt to connect again; and how long a connection that brings no output must last to count as one. */
const ATTEMPT_MS = 10_000;
const LASTING_MS = 5_000;
const TAKEN_OVER = 4001;
/**
 * `terminal`: see pty-server.js. `options`: WebSocket, signals and closing (pairs of a signal and its kind, for the opening and for the
 * whole session), openMs, idleMs, reconnectMs, pipe, takeover, owner, since, size, onGap, onStateChange.
 */
export class PtySession {
  #terminal;
  #options;
  #state = "connecting";
  #socket;
  #mode;
  #position;
  /** Where the missing output counts as a gap: not what an attached session printed before anybody asked. */
  #counts;
  #size;
  #output;
  #stderr;
  #paused = false;
  #exitCode;
  #exited = false;
  #killed = false;
  /** Set once, with the failure if it is one. */
  #over;
  #settle;
  #done;
  #writing = Promise.resolve();
  #wakers = new Set();
  #heartbeat;
  #attempts;
  /** When it was connected, and what had come until then. */
  #begun = { time: 0, position: 0 };
  #links = [];
  #ending = new AbortController();

  constructor(terminal, options) {
    this.#terminal = terminal;
    this.#options = options;
    this.#position = options.since ?? 0;
    this.#counts = options.owner || options.since !== undefined;
    this.#size = options.size;
    this.#attempts = new Attempts(options.reconnectMs);
    this.#heartbeat = new Heartbeat(options.idleMs, {
      ping: () => {
        this.#say({ type: "ping" });
        return !this.#paused;
      },
      dead: () => {
        this.#socket?.drop();
        this.#lost({ cause: failures.silent(options.idleMs) });
      },
    });
    this.#output = new PtyOutput("output", () => this.#drained());
    this.#stderr = new PtyOutput("stderr", () => this.#drained());
    this.#done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#done.catch(() => {});
    for (const [signal, kind] of options.closing) {
      this.#links.push(onAbort(signal, () => this.#fail(failures[kind](signal.reason))));
    }
  }

  get id() {
    return this.#terminal.id;
  }

  get mode() {
    return this.#mode;
  }

  get state() {
    return this.#state;
  }

  get exitCode() {
    return this.#exitCode;
  }

  get offset() {
    return this.#position;
  }

  get output() {
    return this.#output;
  }

  get stderr() {
    return this.#stderr;
  }

  async write(input) {
    const bytes = toBytes(input);
    const work = this.#writing.then(() => this.#send(bytes));
    this.#writing = work.catch(() => {});
    return work;
  }

  resize(cols, rows) {
    this.#size = { cols: dimension("cols", cols), rows: dimension("rows", rows) };
    this.#sendSize();
  }

  async signal(name) {
    const signal = signalName(name);
    await this.#ready();
    this.#say({ type: "signal", signal });
  }

  wait() {
    return this.#done;
  }

  async detach() {
    if (this.#over) return;
    const { dropped } = this.#finish({ failure: failures.detached(), quiet: true });
    await dropped;
  }

  async kill() {
    this.#killed = true;
    const { execd, id, call } = this.#terminal;
    await killTerminal(execd, id, call);
    // An attached client is told of the exit. A connection that is just then down is not.
    if (!this.#over)
      await within(
        this.#done.catch(() => {}),
        LAST_QUESTION_MS,
        [],
      );
    if (!this.#over) this.#ended(null);
  }

  async [Symbol.asyncDispose]() {
    if (!this.#options.owner) return this.detach();
    try {
      // Also when the program has ended: the server keeps its last output until it is told not to.
      await this.kill();
    } catch (error) {
      if (!this.#over) throw error;
    }
  }

  // ---- connecting

  /** Opens the first connection. */
  static async open(terminal, options) {
    const session = new PtySession(terminal, options);
    try {
      await session.#connect({ takeover: options.takeover, ms: options.openMs, signals: options.signals });
    } catch (error) {
      const failure = session.#over?.failure ?? error;
      session.#finish({ failure, quiet: true });
      throw failure;
    }
    return session;
  }

  async #connect({ takeover, ms, signals }) {
    const { url, headers, required } = await address(this.#terminal);
    if (this.#over) throw this.#over.failure;
    const query = [`since=${this.#position}`];
    if (this.#options.pipe) query.push("pty=0");
    if (takeover) query.push("takeover=1");
    const links = [];
    let timer;
    let socket;
    let up = false;
    let closed;
    try {
      await new Promise((resolve, reject) => {
        const on = {
          frame: (data) => this.#frame(socket, data, connected, reject),
          gone: (event) => {
            if (up) return this.#lost(event);
            closed = event;
            reject(event);
          },
        };
        const connected = () => {
          if (!up) this.#begun.time = Date.now();
          up = true;
          resolve();
        };
        socket = new PtySocket(this.#options.WebSocket, { url: `${url}?${query.join("&")}`, headers, required }, on);
        timer = ms > 0 && Number.isFinite(ms) ? after(ms, () => reject(failures.late(ms))) : undefined;
        for (const [signal, kind] of signals) {
          const stop = () => reject(failures[kind](signal.reason));
          if (signal.aborted) stop();
          else links.push(onAbort(signal, stop));
        }
        links.push(onAbort(this.#ending.signal, () => reject(this.#over?.failure)));
        this.#socket = socket;
      });
    } catch (error) {
      socket?.drop();
      if (this.#socket === socket) this.#socket = undefined;
      if (error instanceof HeadersRefused) throw failures.headers(error.cause);
      // The handshake was refused, or the server has said nothing before it went away.
      if (closed && error === closed) throw await this.#refused(closed);
      // The constructor's: a page that may not connect there.
      throw socket ? error : failures.unreachable(error);
    } finally {
      clearTimeout(timer);
      for (const unlink of links.splice(0)) unlink();
    }
    // Over or lost again in the same moment. Who opens it gets a session that tells what there was to tell.
    if (this.#over || this.#socket !== socket) return;
    this.#heartbeat.start();
    this.#sendSize();
    this.#setState("connected");
  }

  /** Browsers do not say why a handshake failed. The same address, asked without one, does. */
  async #refused(event) {
    if (event.code === TAKEN_OVER) return failures.takenOver();
    try {
      await probe(this.#terminal);
    } catch (error) {
      return error;
    }
    return failures.unreachable(event.cause ?? `closed with ${event.code}`);
  }

  async #lost(event) {
    this.#heartbeat.stop();
    this.#socket = undefined;
    this.#paused = false;
    if (this.#over || this.#exited) return;
    if (event?.code === TAKEN_OVER) return this.#fail(failures.takenOver());
    const { owner, takeover } = this.#options;
    const attempts = this.#attempts;
    if (this.#position > this.#begun.position || Date.now() - this.#begun.time > LASTING_MS) attempts.succeeded();
    this.#begun.position = this.#position;
    this.#setState("reconnecting");
    let last = event?.cause;
    while (!this.#over) {
      if (attempts.left === 0) return this.#fail(failures.interrupted(last));
      const again = attempts.count > 0;
      await attempts.pause(this.#ending.signal);
      if (this.#over) return;
      try {
        // Connecting to a program that has ended would start it again.
        const { running, outputOffset: offset } = await statusOf(this.#terminal, true);
        if (this.#over) return;
        if (!running) return this.#ended(null, offset);
        const ms = Math.min(ATTEMPT_MS, Math.max(attempts.left, 1));
        // The server may take us, whose connection is dead, for the holder. Who is not the owner must not push others out.
        await this.#connect({ takeover: (owner || takeover) && again, ms, signals: [] });
        return;
      } catch (error) {
        if (this.#over) return;
        if (error?.statusCode === 404) return this.#ended(null);
        if (["START_FAILED", "TAKEN_OVER", "MALFORMED_EVENT"].includes(error?.code)) return this.#fail(error);
        last = error;
      }
    }
  }

  // ---- what the server says

  #frame(socket, data, connected, refused) {
    if (this.#over || this.#socket !== socket) return;
    this.#heartbeat.heard();
    try {
      const { message, channel, offset, bytes } = readFrame(data) ?? {};
      if (message) this.#hear(message, connected, refused);
      else if (channel !== undefined) this.#take(channel === OUTPUT ? this.#output : this.#stderr, bytes);
      else if (offset !== undefined) this.#replay(offset, bytes);
    } catch (error) {
      const failure = error instanceof MalformedFrame ? failures.malformed(error) : error;
      this.#fail(failure);
      refused(failure);
    }
  }

  #take(output, bytes) {
    this.#position += bytes.length;
    this.#push(output, bytes);
  }

  #replay(offset, bytes) {
    const { bytes: fresh, gap, position } = splice(this.#position, offset, bytes);
    if (gap) this.#gap(gap);
    this.#position = position;
    if (fresh.length > 0) this.#push(this.#output, fresh);
  }

  #gap(gap) {
    if (!this.#counts) return;
    push(this.#output, GAP);
    push(this.#stderr, GAP);
    this.#options.onGap?.(gap);
  }

  #push(output, bytes) {
    if (bytes.length === 0) return;
    this.#counts = true;
    push(output, bytes);
    const waiting = held(this.#output) + held(this.#stderr);
    if (waiting > SLOW && !this.#paused) this.#paused = this.#socket.pause();
    if (waiting > TOO_SLOW) this.#fail(failures.tooSlow(TOO_SLOW));
  }

  #drained() {
    if (!this.#paused || held(this.#output) + held(this.#stderr) > SLOW / 2) return;
    this.#paused = false;
    this.#heartbeat.heard();
    this.#socket?.resume();
  }

  #hear(message, connected, refused) {
    switch (message.type) {
      case "connected":
        this.#mode = message.mode === "pipe" ? "pipe" : "pty";
        this.#counts = true;
        connected();
        break;
      case "exit":
        this.#exit(message.exit_code);
        break;
      case "error":
        // Not the end of anything.
        if (message.code === "INVALID_FRAME") break;
        {
          const failure = failures.refused(message);
          // While it connects again, a seat that is not free yet is no reason to give up.
          if (message.code !== "ALREADY_CONNECTED") this.#fail(failure);
          refused(failure);
        }
        break;
      // pong, and what later servers may say.
    }
  }

  /** The exit overtakes the last output at times. What came after it counts, and what did not come at all is a gap. */
  async #exit(code) {
    if (this.#exited) return;
    this.#exited = true;
    this.#heartbeat.stop();
    const socket = this.#socket;
    const exitCode = Number.isInteger(code) ? code : null;
    let offset;
    if (!this.#killed) {
      const question = statusOf(this.#terminal, true).catch(() => undefined);
      offset = (await within(question, LAST_QUESTION_MS, [this.#ending.signal]))?.outputOffset;
    }
    for (let waited = 0; socket.open && offset > this.#position && waited < CLOSING_MS; waited += 50) {
      await sleep(50, [this.#ending.signal]);
    }
    this.#ended(exitCode, offset);
  }

  /** The program is over. `null`: nobody saw how. `offset`: how much output there was in all. */
  #ended(exitCode, offset) {
    if (this.#over) return;
    try {
      if (offset > this.#position) this.#gap({ from: this.#position, to: offset });
    } catch (error) {
      return this.#fail(error);
    }
    this.#exitCode = exitCode;
    this.#finish({});
  }

  #fail(failure) {
    this.#finish({ failure });
  }

  /** The one end. `quiet`: what is being read ends and does not throw. */
  #finish({ failure, quiet = false }) {
    if (this.#over) return {};
    this.#over = { failure: failure ?? failures.ended() };
    this.#heartbeat.stop();
    for (const unlink of this.#links.splice(0)) unlink();
    const dropped = this.#socket?.drop();
    this.#socket = undefined;
    for (const output of [this.#output, this.#stderr]) end(output, quiet ? undefined : failure);
    if (failure) this.#settle.reject(failure);
    else this.#settle.resolve(this.#exitCode);
    this.#ending.abort();
    try {
      this.#setState(failure ? "closed" : "exited");
    } catch {
      // It has ended already: there is nothing left that a handler's error could stop.
    }
    return { dropped };
  }

  #setState(state) {
    if (this.#state === "closed" || this.#state === "exited" || this.#state === state) return;
    this.#state = state;
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
    try {
      this.#options.onStateChange?.(state);
    } catch (error) {
      if (this.#over) throw error;
      this.#fail(error);
    }
  }

  // ---- what we say

  #say(message) {
    if (this.#socket?.open) this.#socket.send(JSON.stringify(message));
  }

  #sendSize() {
    if (this.#size && this.#mode === "pty") this.#say({ type: "resize", ...this.#size });
  }

  /** Waits for a connection with room for more. */
  async #ready() {
    for (;;) {
      if (this.#over) throw this.#over.failure;
      if (this.#exited) throw failures.ended();
      if (this.#state === "connected" && this.#socket?.open) {
        if (this.#socket.buffered <= UNSENT) return;
        await sleep(20, [this.#ending.signal]);
      } else if (this.#state === "connected") {
        // Closing, and about to say so.
        await sleep(20, [this.#ending.signal]);
      } else {
        await new Promise((resolve) => {
          this.#wakers.add(resolve);
        });
      }
    }
  }

  async #send(bytes) {
    for (let at = 0; at < bytes.length; at += PIECE) {
      await this.#ready();
      this.#socket.send(stdinFrame(bytes.subarray(at, at + PIECE)));
    }
  }
}
