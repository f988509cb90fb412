// Programs that go on whatever becomes of the connection, and handles on them.

import type { CommandStatus, ExecdCommands, RunCommandOpts } from "./commands.js";
import type { CallOptions, RequestHeaders } from "./connection.js";
import type { SandboxAbortException } from "./errors.js";

/** What {@link ExecdCommands.attach} needs to know of a background command. It is plain JSON. */
export interface BackgroundCommandJson {
  /** The command's id. */
  id: string;
  /** The sandbox that it runs in. */
  sandboxId: string;
  /** How much of the output has been read: a **byte** offset into the log that execd keeps. 0 is its beginning. */
  cursor: number;
}

/** Options of {@link ExecdCommands.attach}. */
export interface AttachOptions {
  /**
   * For how long a lost connection is waited out when the output is read or the end is waited for: network errors, timeouts,
   * and the statuses 429, 502, 503 and 504. In seconds. Default 60; 0: not at all; `Infinity`: for ever. Then the last
   * error is thrown. It is counted anew after each answer, and a request that is under way is not cut short by it.
   */
  reconnectTimeoutSeconds?: number | undefined;
  /** For every request of the handle whose own call gives none. Default: the configuration's. */
  requestTimeoutSeconds?: number | undefined;
  /** For every request of the handle whose own call gives none. */
  headers?: RequestHeaders | undefined;
}

/** Options of {@link ExecdCommands.startBackground}. */
export type StartBackgroundOpts = Omit<RunCommandOpts, "background" | "capture" | "throwOnNonZero"> &
  Pick<AttachOptions, "reconnectTimeoutSeconds">;

/**
 * A background command, and how far its output has been read. Made by {@link ExecdCommands.startBackground} and
 * {@link ExecdCommands.attach}. It holds no connection while nobody reads, and the program goes on without it.
 *
 * All readers of one handle share its place: each piece of the output comes in one of them.
 */
export interface BackgroundCommand extends AsyncIterable<string> {
  /** For {@link ExecdCommands.getCommandStatus} and its like. */
  readonly id: string;
  /**
   * Standard output and standard error, mixed, as text from where the handle is, in the pieces in which it comes, and to the
   * end: the loop ends when the program has ended and all that it had printed was given. Only whole characters are given;
   * bytes that are no UTF-8 become U+FFFD.
   *
   * While there is output execd is asked for more at once, though not more often than every 50 ms; when there is none,
   * after 100 ms, growing to 2 s. A log of more than 256 KiB is read as fast as you read, over one connection. Lost connections are waited out for
   * `reconnectTimeoutSeconds`. After an error a new loop goes on where this one was.
   *
   * Leaving the loop, an abort, or closing the sandbox's handle stops the asking and leaves the program alone.
   *
   * @param options `signal` ends the loop with a {@link SandboxAbortException}; the rest is for its requests.
   */
  read(options?: CallOptions | AbortSignal): AsyncIterableIterator<string>;
  /** `for await (const text of handle)`: {@link BackgroundCommand.read} without options. */
  [Symbol.asyncIterator](): AsyncIterableIterator<string>;
  /** Whether it runs, and how it ended. Once it has ended, the handle knows and asks no more. */
  status(options?: CallOptions | AbortSignal): Promise<CommandStatus>;
  /**
   * Waits for the end of the program and gives its last status. Lost connections are waited out as in
   * {@link BackgroundCommand.read}. It says nothing about the output, which stays where it is until somebody reads it.
   */
  wait(options?: CallOptions | AbortSignal): Promise<CommandStatus>;
  /** Ends the program: SIGTERM to its process group, SIGKILL after 3 s. Resolves when it is gone, and when it was already. */
  kill(options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * What to keep, so that {@link ExecdCommands.attach} can go on from here: in another page, process or machine. Text that
   * a loop has given counts as read; of what comes after it nothing is lost and nothing comes twice.
   */
  toJSON(): BackgroundCommandJson;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
