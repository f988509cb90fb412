/// <reference lib="esnext.disposable" />

// Terminals.

import type { CallOptions, WebSocketConstructor } from "./connection.js";
import type {
  InvalidArgumentException,
  SandboxApiException,
  SandboxConnectionException,
  SandboxException,
  SandboxStreamException,
  SandboxTimeoutException,
} from "./errors.js";

/** Output that is lost: the bytes from `from` up to, not including, `to`, counted since the terminal's beginning. */
export interface PtyGap {
  /** The first byte that is missing. */
  from: number;
  /** The first one that is not. */
  to: number;
}

/**
 * Where a session is: connected; without a connection and on its way to a new one; over because the program ended
 * (`"exited"`); or over for us (`"closed"`: left with `detach()`, taken over, lost, closed with the sandbox).
 */
export type PtyState = "connecting" | "connected" | "reconnecting" | "exited" | "closed";

/** Signals that execd passes on. */
export type PtySignal = "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGQUIT" | "SIGHUP";

/** What {@link SandboxPty.create} and {@link SandboxPty.attach} have in common. `signal` and `requestTimeoutSeconds` are for the opening only. */
export interface PtyOptions extends CallOptions {
  /**
   * Characters per line, from 1 to 65535; together with `rows`. Default: as the terminal is, at first 80. execd takes no size
   * when it starts a program: it is set by the shell that starts yours, and by a resize as soon as the session is connected.
   */
  cols?: number | undefined;
  /** Lines, from 1 to 65535; together with `cols`. Default: as the terminal is, at first 24. */
  rows?: number | undefined;
  /**
   * Pipes instead of a terminal, with stderr apart; default `false`. Decided when the program is started, so that it means
   * nothing to a terminal that runs: see {@link PtySession.mode}.
   */
  pipe?: boolean | undefined;
  /**
   * Take the terminal away from the client that has it, which then ends with `TAKEN_OVER`. Default `false`: a terminal that
   * somebody has is an `ALREADY_CONNECTED`.
   */
  takeover?: boolean | undefined;
  /** Instead of the configuration's. */
  WebSocket?: WebSocketConstructor | undefined;
  /**
   * After so many seconds without any frame the connection counts as dead and another one is made. A ping is sent after each
   * third of it, and the server's answer is a frame. Default 45; 0: never.
   */
  idleTimeoutSeconds?: number | undefined;
  /** How long a lost connection is tried to be made anew, in seconds. Default 60; 0: not at all; Infinity: for ever. */
  reconnectTimeoutSeconds?: number | undefined;
  /**
   * Output is lost: while there was no connection more came than the 1 MiB that the server keeps, or the program ended
   * meanwhile, or its exit overtook its last output. A handler that throws ends the session with what it throws.
   */
  onGap?: ((gap: PtyGap) => void) | undefined;
  /** Called when {@link PtySession.state} has changed. A handler that throws ends the session with what it throws. */
  onStateChange?: ((state: PtyState) => void) | undefined;
}

/** Options of {@link SandboxPty.create}. */
export interface PtyCreateOptions extends PtyOptions {
  /** Where it starts; made if it is not there. Default: the daemon's directory. */
  cwd?: string | undefined;
  /**
   * Run with `bash -c`. Default: an interactive bash without start-up files.
   *
   * Where execd was started in the background by a script, `SIGINT` is ignored by all that it starts, so that not even ^C stops
   * a program. There use `exec env --default-signal=INT,QUIT bash` (GNU coreutils).
   */
  command?: string | undefined;
  /**
   * Variables, names made of letters, digits and `_`. execd takes none: they are set by the shell that starts the program, and
   * are part of its command line, which other processes of the sandbox can read. `TERM` is `xterm-256color` unless given here,
   * except in pipe mode.
   */
  env?: Record<string, string> | undefined;
}

/** Options of {@link SandboxPty.attach}. */
export interface PtyAttachOptions extends PtyOptions {
  /**
   * Begin at this offset, such as {@link PtySession.offset} of an earlier session. What is missing there is reported as a gap.
   * Default: all that the server still has, which is the last 1 MiB.
   */
  since?: number | undefined;
  /** Start the program if it is not running. Default `false`: that is an error with the code `PTY_NOT_RUNNING`. */
  restart?: boolean | undefined;
}

/** What the server knows of a terminal. */
export interface PtyInfo {
  /** What {@link SandboxPty.attach} takes. */
  id: string;
  /** Whether its program runs. Nothing runs before the first client comes. */
  running: boolean;
  /** How many bytes it has printed. */
  outputOffset: number;
}

/**
 * What a program prints: iterate over it for bytes, or over `text()`. Can be read once, in one of the two ways. Leaving the loop
 * ends the reading and nothing else. What nobody reads is held up to 2,097,152 bytes; then this output gives up, alone, with the
 * code `CONSUMER_TOO_SLOW`.
 */
export interface PtyOutput extends AsyncIterable<Uint8Array> {
  /** Decoded as UTF-8, characters that are cut between two chunks put together. */
  text(): AsyncIterableIterator<string>;
}

/**
 * A terminal that we are attached to. It outlives its connection: when that is lost it connects again, and the output goes on
 * at the byte where it ended. What was written in the moment of the loss may be lost; what is written while there is no
 * connection is sent when there is one.
 *
 * Before it connects again it asks the server whether the program still runs, because connecting to one that has ended would
 * start it again. If it has, the session is over and the exit code `null`: unknown. One race is left: a program that ends
 * between that answer and the new connection is started again.
 */
export interface PtySession {
  /** For {@link SandboxPty.attach}. */
  readonly id: string;
  /** `"pipe"`: stderr is apart, and there is no size. */
  readonly mode: "pty" | "pipe" | undefined;
  /** Where it is now. */
  readonly state: PtyState;
  /** `undefined` while the program runs; `-1` when a signal ended it; `null` when nobody saw how it ended. */
  readonly exitCode: number | null | undefined;
  /** How many bytes of output there have been, up to what has arrived here. */
  readonly offset: number;
  /**
   * Everything that a terminal shows; in pipe mode standard output, and, after a new connection, also what came of standard
   * error meanwhile: the server keeps them mixed.
   *
   * A reader that is slow does not lose anything. With a WebSocket that can pause (that of `ws`) it slows the program down once
   * 16 MiB wait; execd ends a connection that does not move for 10 s. Without, a session for which 64 MiB wait ends with the
   * code `CONSUMER_TOO_SLOW`.
   */
  readonly output: PtyOutput;
  /** Standard error, in pipe mode. Else it has nothing. */
  readonly stderr: PtyOutput;
  /**
   * Types. Resolves when the bytes have been handed to the connection, in the order of the calls. The bytes are copied.
   *
   * @throws {@link SandboxException} `CLOSED` when the program has ended or the session was left; or what ended the session.
   */
  write(input: string | ArrayBuffer | ArrayBufferView): Promise<void>;
  /**
   * The new size, from 1 to 65535 each; set again after each new connection. Means nothing in pipe mode.
   *
   * @throws {@link InvalidArgumentException}
   */
  resize(cols: number, rows: number): void;
  /**
   * Signals the process group of the shell. What an interactive shell has in the foreground is in a group of its own and does not
   * notice: write `"\x03"` for a ^C there, and see `command` of {@link PtyCreateOptions} for where that has no effect either.
   */
  signal(name: PtySignal): Promise<void>;
  /**
   * Resolves with the exit code when the program has ended, without reading any output; `null`: nobody saw how it ended.
   *
   * @throws {@link SandboxStreamException} `TAKEN_OVER` by another client, `STREAM_INTERRUPTED` when the connection did not come
   * back, `MALFORMED_EVENT`; {@link SandboxException} `CLOSED` after `detach()` or the sandbox's `close()`. The program goes on.
   */
  wait(): Promise<number | null>;
  /** Leaves the terminal, whose program goes on. Whoever reads the output comes to its end. Does nothing when it is over. */
  detach(): Promise<void>;
  /** Kills the program (SIGKILL to its process group) and forgets the terminal. Also when it has ended or was left. */
  kill(): Promise<void>;
  /** `await using`: kills what was created, leaves what was attached to. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens terminals in the sandbox. */
export interface SandboxPty {
  /**
   * Makes a terminal, starts its program and attaches to it. `POST /pty`, then a WebSocket. If the second fails the terminal is
   * deleted.
   *
   * The server proxy asks for no key when a WebSocket comes. A sandbox that is reached directly, or whose daemon has an access
   * token, asks for headers, which browsers cannot send with a WebSocket: there that is `NO_WEB_SOCKET`.
   *
   * @example
   * const session = await sandbox.pty.create({ cols: 100, rows: 30 });
   * await session.write("ls --color; exit\n");
   * for await (const text of session.output.text()) process.stdout.write(text);
   *
   * @throws {@link InvalidArgumentException} before anything is sent.
   * @throws {@link SandboxException} `NO_WEB_SOCKET`: the runtime has none, or it cannot send the headers.
   * @throws {@link SandboxApiException} the server's error, `START_FAILED` among them.
   * @throws {@link SandboxConnectionException} {@link SandboxTimeoutException} it cannot be reached.
   */
  create(options?: PtyCreateOptions): Promise<PtySession>;
  /**
   * Attaches to a terminal that exists. `GET /pty/{id}`, then a WebSocket.
   *
   * @throws {@link SandboxException} `PTY_NOT_RUNNING`, `NO_WEB_SOCKET`.
   * @throws {@link SandboxApiException} `ALREADY_CONNECTED` without `takeover`; `CONTEXT_NOT_FOUND`.
   */
  attach(id: string, options?: PtyAttachOptions): Promise<PtySession>;
  /** What the server knows of a terminal. `GET /pty/{id}`; a 404 is an error. */
  get(id: string, options?: CallOptions | AbortSignal): Promise<PtyInfo>;
  /** Kills a terminal's program and forgets the terminal. `DELETE /pty/{id}`; a 404 is none. */
  kill(id: string, options?: CallOptions | AbortSignal): Promise<void>;
}
