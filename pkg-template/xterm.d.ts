// Types of opensandbox-wasm/xterm.

import type { PtySession } from "./types/pty.js";

/** What is used of a `Terminal` of xterm.js. One of `@xterm/xterm` or `@xterm/headless` fits; so does anything with the same methods. */
export interface TerminalLike {
  /** Characters per line. */
  readonly cols: number;
  /** Lines. */
  readonly rows: number;
  /** `callback` is called when the data has been shown. */
  write(data: Uint8Array, callback: () => void): void;
  /** What is typed, as text. */
  onData(listener: (data: string) => void): TerminalListener;
  /** What is no text: some mouse reports, one byte per character. */
  onBinary?(listener: (data: string) => void): TerminalListener;
  /** A new size. */
  onResize(listener: (size: { cols: number; rows: number }) => void): TerminalListener;
}

/** What stops listening to a terminal. */
export interface TerminalListener {
  /** From now on nothing is heard. */
  dispose(): void;
}

/** Options of {@link attachPty}. */
export interface AttachPtyOptions {
  /** Show only: nothing is typed, and the size of the session stays what it is. Default `false`. */
  readOnly?: boolean | undefined;
}

/** A session that is shown in a terminal. */
export interface AttachedPty {
  /** Resolves when all output has been handed to the terminal; rejects with the error that ended the session. */
  readonly done: Promise<void>;
  /** Stops typing and showing. The session goes on: `detach()` or `kill()` it. */
  dispose(): void;
}

/**
 * Shows a session in a terminal of xterm.js: output goes to the screen, keys and mouse to the program, and the session gets the
 * terminal's size now and whenever it changes. Reads no faster than the terminal shows. Takes `session.output` and
 * `session.stderr`, which can be read once.
 *
 * @example
 * import { attachPty } from "opensandbox-wasm/xterm";
 *
 * const session = await sandbox.pty.create({ cols: terminal.cols, rows: terminal.rows });
 * const shown = attachPty(terminal, session);
 * await session.wait();
 * shown.dispose();
 *
 * @throws TypeError when an output of the session has been read already.
 */
export declare function attachPty(terminal: TerminalLike, session: PtySession, options?: AttachPtyOptions): AttachedPty;
