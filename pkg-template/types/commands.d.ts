/// <reference lib="esnext.disposable" />

// Programs, background programs and bash sessions.

import type { AttachOptions, BackgroundCommand, BackgroundCommandJson, StartBackgroundOpts } from "./background.js";
import type { CallOptions } from "./connection.js";
import type {
  CommandExitException,
  InvalidArgumentException,
  SandboxAbortException,
  SandboxApiException,
  SandboxStreamException,
  SandboxTimeoutException,
} from "./errors.js";
import type { CommandExecution, ExecutionHandlers, ServerStreamEvent } from "./execution.js";

/** How much of the output to keep. One of the two must be given. */
export interface CaptureOptions {
  /** So many characters from the beginning of each output. Default 0. */
  headChars?: number | undefined;
  /** So many characters from the end of each output. Default 0. */
  tailChars?: number | undefined;
}

/** How a stream is read: when it counts as lost, how much of it is kept, and when a program that fails is an exception. */
export interface StreamOptions {
  /**
   * Reject with {@link CommandExitException} when the program fails: an exit code other than 0, a signal, its timeout, or a
   * program that could not be run. Default `false`. Of {@link ExecdCommands.start} it is `wait()` that rejects; the raw events
   * of `runStream` and `runInSessionStream` refuse it.
   */
  throwOnNonZero?: boolean | undefined;
  /** How long the `init` event may take, in seconds. Default 60; 0: no limit. */
  startTimeoutSeconds?: number | undefined;
  /**
   * How long the stream may be silent after `init`, in seconds. Default 20; 0: no limit. execd sends a ping every 3 s, and the
   * clock stands still while a handler works.
   */
  idleTimeoutSeconds?: number | undefined;
  /** Aborts the run. A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
  /**
   * Keep only the beginning and the end of the standard output and of the standard error in the `Execution`, so that a
   * program may print without limit. Whole lines are kept, unless one alone is longer than a limit: that one is cut.
   * Characters are UTF-16 units, line breaks included. `execution.truncated` says how much is missing. Handlers get everything. Default: all is kept.
   */
  capture?: CaptureOptions | undefined;
  /**
   * How large one event may be, in bytes as it is on the wire; a line of output is one event. From 1 to 524,288,000: not
   * every engine makes longer strings. Default 67,108,864. A larger one ends the run with `EVENT_TOO_LARGE`.
   */
  maxEventBytes?: number | undefined;
}

/** Options of {@link ExecdCommands.run} and {@link ExecdCommands.runStream}. */
export interface RunCommandOpts extends StreamOptions {
  /** Must exist. Default: the daemon's. `$NAME` is expanded from the daemon's environment, not from `envs`. */
  workingDirectory?: string | undefined;
  /**
   * Start it and do not wait. The run then ends when the program has started: no output, no exit code; use
   * `getCommandStatus` and `getBackgroundCommandLogs` with its id, or {@link ExecdCommands.startBackground} instead.
   * Default `false`. When the shell of a background command
   * ends, execd kills its whole process group: a `server &` inside it dies.
   */
  background?: boolean | undefined;
  /** The server then kills the whole process group (SIGKILL). In seconds; 0: no limit, which is the default. */
  timeoutSeconds?: number | undefined;
  /** User to run as, a number. */
  uid?: number | undefined;
  /** Group to run as, a number. Only together with `uid`. */
  gid?: number | undefined;
  /** Added to the environment of the daemon. */
  envs?: Record<string, string> | undefined;
  /**
   * What leaving the stream early (abort, `break`, a handler that throws) means for the program: `"interrupt"` (default) ends
   * it, `"detach"` lets it go on. To end it the id is needed: before `init` the call rejects at once, but up to 5 s are spent
   * in the background to learn it.
   */
  onAbort?: "interrupt" | "detach" | undefined;
}

/** Options of {@link ExecdCommands.runInSession}. */
export interface RunInSessionOpts extends StreamOptions {
  /** Must exist. It sticks for later runs of the session. */
  workingDirectory?: string | undefined;
  /** In seconds. 0 or nothing: 24 hours. */
  timeoutSeconds?: number | undefined;
}

/** How a command is, or how it ended. */
export interface CommandStatus {
  /** Id of the command. */
  id?: string;
  /** The command's text. */
  content?: string;
  /** Whether the program still runs. */
  running?: boolean;
  /** `null` while it runs. */
  exitCode?: number | null;
  /** Such as `exit status 3` or `signal: killed`. */
  error?: string;
  /** When the program was started. */
  startedAt?: Date;
  /** `null` while it runs. */
  finishedAt?: Date | null;
}

/** Output of a background command. */
export interface CommandLogs {
  /** Standard output and standard error, mixed, decoded as UTF-8. */
  content: string;
  /** Where to go on: a **byte** offset. Pass it to the next call. */
  cursor?: number;
}

/**
 * One of the outputs of a {@link CommandHandle} as text, in the chunks in which it comes, its line breaks put back. Can be
 * read once. Leaving the loop ends this view only.
 */
export interface OutputView extends AsyncIterable<string> {
  /** The next chunk. */
  next(): Promise<IteratorResult<string, undefined>>;
  /** Reads no further. The program and the other views go on. */
  return(value?: unknown): Promise<IteratorResult<string, unknown>>;
  /** The same as a stream of UTF-8, for `Response`, `pipeTo` and the like. Instead of iterating, not beside it. */
  toReadableStream(): ReadableStream<Uint8Array>;
}

/** A foreground command that has started. Made by {@link ExecdCommands.start}. */
export interface CommandHandle {
  /** For {@link ExecdCommands.getCommandStatus} and {@link ExecdCommands.interrupt}. */
  readonly id: string;
  /**
   * The standard output. Take the views that you want in the same breath, before you await anything of the handle: one that
   * is taken after reading has begun is a `TypeError`. One that was taken but that nobody reads gives up after 1,048,576
   * characters, alone, with the code `CONSUMER_TOO_SLOW`.
   */
  readonly stdout: OutputView;
  /** The standard error. As {@link CommandHandle.stdout}. */
  readonly stderr: OutputView;
  /** Both, in the order of arrival. */
  readonly output: OutputView;
  /**
   * Reads to the end, not faster than those who read along, and resolves with the result. It holds the output if no view was
   * taken; else the views have it.
   */
  wait(): Promise<CommandExecution>;
  /** Ends the program: SIGTERM to its process group, SIGKILL after 3 s. Resolves when it is gone, and when it was already. */
  kill(options?: CallOptions | AbortSignal): Promise<void>;
  /** `await using`: leaves a program that still runs, as `onAbort` says: by default it is ended. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs programs in the sandbox. */
export interface ExecdCommands {
  /**
   * Runs a command with `bash -c` (`sh -c` where there is no bash), without a terminal, with an empty stdin, and resolves
   * at its end. A program that fails resolves, too, unless `throwOnNonZero` is set: look at `ok`, `exitCode` or `error`.
   *
   * Ends are told apart:
   * - over: resolves at the event that says so, without waiting for the connection to close;
   * - cut: the sandbox is asked how the run went on and the rest of the output is read back (`recovered`); if that cannot
   *   be done it rejects with {@link SandboxStreamException} (`STREAM_INTERRUPTED`);
   * - silent for `idleTimeoutSeconds`: asked likewise, else {@link SandboxStreamException} (`STREAM_STALLED`), whose
   *   `stillRunning` says whether the program goes on;
   * - not started within `startTimeoutSeconds`: {@link SandboxTimeoutException} (`REQUEST_TIMEOUT`);
   * - aborted: {@link SandboxAbortException} (`ABORTED`); the program is ended, unless `onAbort` says otherwise.
   *
   * @param command Shell text, not empty.
   * @param options See {@link RunCommandOpts}.
   * @param handlers Called while the run goes on.
   * @param signal A signal as in the official SDK, or {@link CallOptions}. `requestTimeoutSeconds` limits the requests
   * around the run, not the run.
   * @throws {@link CommandExitException} for a program that fails, if `throwOnNonZero` is set.
   * @throws {@link SandboxStreamException} with `MALFORMED_EVENT` when the stream carries something that is no event, and
   * with `EVENT_TOO_LARGE` when one event is larger than `maxEventBytes`. What had arrived is in its `execution`; the program is
   * ended as by an abort.
   */
  run(
    command: string,
    options?: RunCommandOpts,
    handlers?: ExecutionHandlers,
    signal?: CallOptions | AbortSignal,
  ): Promise<CommandExecution>;
  /**
   * Starts a command and resolves when it runs, with a handle to read its output and to wait for its end. Not for
   * `background`. Nothing is read before you ask for it: a reader that pauses pauses the stream and with it the program.
   *
   * ```js
   * const handle = await sandbox.commands.start("make test");
   * for await (const text of handle.output) process.stdout.write(text);
   * const { exitCode } = await handle.wait();
   * ```
   *
   * @throws What {@link run} throws. After the start, readers and `wait()` reject with it.
   */
  start(command: string, options?: RunCommandOpts, signal?: CallOptions | AbortSignal): Promise<CommandHandle>;
  /**
   * Starts a command in the background and resolves when it runs, with a handle that reads its output, waits for its end,
   * and survives what a stream does not: lost connections, and, as JSON, the page or the process that it was made in.
   *
   * ```js
   * const handle = await sandbox.commands.startBackground("make test");
   * for await (const text of handle) {
   *   show(text);
   *   localStorage.setItem("build", JSON.stringify(handle));
   * }
   * const { exitCode } = await handle.wait();
   * ```
   *
   * When the shell of a background command ends, execd kills its whole process group: a `server &` inside it dies. If the
   * connection breaks after the program's id has come, you get a handle, too: its status tells whether the program runs.
   *
   * @param options See {@link StartBackgroundOpts}. `idleTimeoutSeconds` is about the start, as the others are.
   * @param signal Covers the start only. What an abort means for a program that may run by then: see `onAbort`.
   * `requestTimeoutSeconds` and `headers` are also for the requests of the handle.
   * @throws {@link SandboxApiException} with execd's code and message when it cannot start the program,
   * {@link SandboxStreamException} (`STREAM_INTERRUPTED`) when the connection breaks before the id has come, else what
   * {@link run} throws.
   */
  startBackground(
    command: string,
    options?: StartBackgroundOpts,
    signal?: CallOptions | AbortSignal,
  ): Promise<BackgroundCommand>;
  /**
   * The handle of a background command that was started before, perhaps elsewhere. Nothing is asked of the sandbox.
   *
   * @param handle What `handle.toJSON()` gave, as an object.
   * @throws {@link InvalidArgumentException} for another sandbox's, and for what is none.
   */
  attach(handle: BackgroundCommandJson, options?: AttachOptions): BackgroundCommand;
  /**
   * The events of a command as they are on the wire. Nothing is sent before the first one is asked for. It can be iterated
   * once; leaving the loop early is an abort (see `onAbort`). Ends as {@link run} does.
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop.
   */
  runStream(
    command: string,
    options?: RunCommandOpts,
    signal?: CallOptions | AbortSignal,
  ): AsyncIterable<ServerStreamEvent>;
  /**
   * Ends a command: SIGTERM to its whole process group, SIGKILL after 3 s. Resolves when it is gone. Given the id of a
   * session, it **destroys the session**. For an id that is unknown or has ended execd answers 500.
   */
  interrupt(sessionId: string, options?: CallOptions | AbortSignal): Promise<void>;
  /** Whether a command runs, and how it ended. Known until the daemon restarts. An unknown id is a 404. */
  getCommandStatus(commandId: string, options?: CallOptions | AbortSignal): Promise<CommandStatus>;
  /**
   * The output of a background command from a byte on. Does not wait for more. A character that is cut in two at the end
   * comes out as U+FFFD.
   *
   * @param cursor The `cursor` of the call before. Default 0. A byte offset, not a line number.
   */
  getBackgroundCommandLogs(
    commandId: string,
    cursor?: number,
    options?: CallOptions | AbortSignal,
  ): Promise<CommandLogs>;
  /**
   * Makes a session. Between its runs only the directory and **exported** variables are kept: no functions, aliases,
   * shell options or jobs. Lives until it is deleted.
   *
   * @param options `workingDirectory` is created if it is missing.
   * @returns The session's id.
   */
  createSession(options?: { workingDirectory?: string | undefined }, call?: CallOptions | AbortSignal): Promise<string>;
  /**
   * Runs a command in a session. Differs from {@link run}: stderr comes as stdout, empty lines are lost, a lost connection
   * ends the program, and so a stream that was cut cannot be recovered. Runs of one session are not queued. After `exit` nothing
   * of that run is kept. An unknown session is a 500.
   */
  runInSession(
    sessionId: string,
    command: string,
    options?: RunInSessionOpts,
    handlers?: ExecutionHandlers,
    signal?: CallOptions | AbortSignal,
  ): Promise<CommandExecution>;
  /** The events of a run in a session, as {@link runStream}. */
  runInSessionStream(
    sessionId: string,
    command: string,
    options?: RunInSessionOpts,
    signal?: CallOptions | AbortSignal,
  ): AsyncIterable<ServerStreamEvent>;
  /** Ends a session and kills what runs in it. An unknown one is a 404. */
  deleteSession(sessionId: string, options?: CallOptions | AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
