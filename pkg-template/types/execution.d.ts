// What a run produces: raw events, and the Execution made of them.

import type { ExecdCommands } from "./commands.js";
import type { InvalidArgumentException } from "./errors.js";
import type { Bytes } from "./transfers.js";

/**
 * An event of a run as it is on the wire. Fields with an empty value are left out by execd. Types that are not listed here
 * are passed on, too.
 */
export interface ServerStreamEvent extends Record<string, unknown> {
  /** What the event tells. */
  type:
    | "init"
    | "stdout"
    | "stderr"
    | "result"
    | "execution_count"
    | "execution_complete"
    | "error"
    | "ping"
    | "status"
    | (string & {});
  /** Unix time in milliseconds. */
  timestamp?: number;
  /** `init`: the id. `stdout`, `stderr`: a line without its end; `"\n"` is one empty line. */
  text?: string;
  /** `result`: texts by MIME type. execd names `text/plain` `text`. */
  results?: Record<string, unknown>;
  /** `error`: `{ ename, evalue, traceback }`. */
  error?: Record<string, unknown>;
}

/** A line of output. */
export interface OutputMessage {
  /** Without its line break. `"\n"` stands for one empty line. */
  text: string;
  /** Unix time in milliseconds. */
  timestamp: number;
  /** `true` for stderr. */
  isError?: boolean;
}

/** A value that code has produced. */
export interface ExecutionResult {
  /** The plain text, if there is one. */
  text?: string;
  /** Unix time in milliseconds. */
  timestamp: number;
  /** All forms by MIME type, as on the wire. */
  raw?: Record<string, unknown>;
}

/** One form of a {@link RichResult}. */
export interface ResultForm {
  /** Its MIME type. */
  mime: string;
  /** As it came: text, base64 for images, an object for JSON. */
  value: unknown;
}

/**
 * A value that code has produced, in all the forms that the kernel has sent. Its enumerable properties are those of
 * {@link ExecutionResult}; the others are made when they are asked for. A form that is not there is `undefined`. Text comes
 * from the sandbox: HTML, SVG and JavaScript of it belong into a sandboxed `<iframe>`, not into your page.
 */
export interface RichResult extends ExecutionResult {
  raw: Record<string, unknown>;
  /** The MIME types that there are, the richest first: HTML, SVG, PNG, JPEG, Markdown, LaTeX, JSON, JavaScript, plain text. */
  readonly formats: string[];
  /** `text/html` */
  readonly html: string | undefined;
  /** `text/markdown` */
  readonly markdown: string | undefined;
  /** `image/svg+xml`, as text. */
  readonly svg: string | undefined;
  /** `image/png` in base64, as it came. {@link RichResult.bytes} decodes it, {@link RichResult.dataUrl} is for `<img src>`. */
  readonly png: string | undefined;
  /** `image/jpeg` in base64, as it came. */
  readonly jpeg: string | undefined;
  /** `text/latex` */
  readonly latex: string | undefined;
  /** `application/javascript` */
  readonly javascript: string | undefined;
  /** `application/json`, parsed. */
  readonly json: unknown;
  /** A form by its MIME type, as it came. */
  get(mime: string): unknown;
  /** The first of these MIME types that there is. Default: in the order of {@link RichResult.formats}. */
  preferred(order?: readonly string[]): ResultForm | undefined;
  /** A form as bytes: images decoded from base64, all else as UTF-8. */
  bytes(mime: string): Bytes | undefined;
  /** A form as a `data:` URL. */
  dataUrl(mime: string): string | undefined;
}

/** How a run failed. */
export interface ExecutionError {
  /**
   * `CommandExecError` for a program that ended with another exit code than 0; of code, the name of the exception
   * (`ZeroDivisionError`; empty for bash); else the server's code.
   */
  name: string;
  /** The exit code as text (`"-1"` for every signal), a sentence when the program could not be started, or what the exception says. */
  value: string;
  /** Unix time in milliseconds. */
  timestamp: number;
  /** For a program: `["exit status 7"]`, or which signal it was: `["signal: killed"]`. Of code: as the kernel sent it, with colours. */
  traceback: string[];
}

/** An {@link ExecutionError} with two ways to show it. */
export interface RichError extends ExecutionError {
  /** The traceback as one text with its colours (ANSI escapes), for a terminal. */
  readonly ansi: string;
  /** The same without colours; where there is no traceback, name and value. */
  readonly plain: string;
}

/** That a run came to its end without an error. */
export interface ExecutionComplete {
  /** Unix time in milliseconds. */
  timestamp: number;
  /** How long it took, as execd has measured it, in milliseconds. */
  executionTimeMs: number;
}

/** That a run has begun. */
export interface ExecutionInit {
  /** Id of the run. Of a run in a session: the session's. */
  id: string;
  /** Unix time in milliseconds. */
  timestamp: number;
}

/**
 * What a run has produced. Its enumerable properties are the official ones, so that a spread, `Object.keys` and JSON give the
 * official shape; the others are accessors.
 */
export interface Execution {
  /** For {@link ExecdCommands.getCommandStatus}, {@link ExecdCommands.interrupt} and the logs of a background command. */
  id?: string;
  /** Of code: the number of the cell, where execd tells it, which it does for cells that have a value. */
  executionCount?: number;
  /** The lines, one object each; made when they are first looked at. {@link Execution.stdout} is quicker. */
  logs: {
    /** Of the standard output. */
    stdout: OutputMessage[];
    /** Of the standard error. */
    stderr: OutputMessage[];
  };
  /** The values that code has produced: of its last expression, as execd passes on no other. */
  result: RichResult[];
  /** There when the run failed; an exit code other than 0 is a failure. */
  error?: RichError;
  /** There when the run came to its end without an error. */
  complete?: ExecutionComplete;
  /**
   * 0, or what the `error` event says. `-1`: ended by a signal, whichever. `null`: there is none, because the program could
   * not be started, or a session's run was cut by its timeout. Background commands have none here: see `getCommandStatus`.
   */
  exitCode?: number | null;
  /** No error, and the exit code, if there is one, is 0. */
  readonly ok: boolean;
  /**
   * The whole standard output. Every event is a line and gets its line break back; an event `"\n"` is one empty line. execd
   * does not tell whether the last line had a break, nor CR from LF.
   */
  readonly stdout: string;
  /** The whole standard error, as {@link Execution.stdout}. */
  readonly stderr: string;
  /** Both in the order of arrival. Their relative order is approximate: execd looks at each every 100 ms. */
  readonly output: string;
  /**
   * With `capture`: how many characters the outputs are shorter than they were, line breaks included. `undefined` when
   * nothing is missing. The beginning and the end then follow each other without a mark.
   */
  readonly truncated:
    | {
        /** Of the standard output. */
        stdout: number;
        /** Of the standard error. */
        stderr: number;
      }
    | undefined;
  /** Text of the last result. */
  readonly text: string | undefined;
  /** Whether the run was ended by its own `timeoutSeconds`. Nothing on the wire says so: it is a kill after that time. */
  readonly timedOut: boolean;
  /** Whether the stream was cut and the rest was read back from the sandbox: stdout first, then stderr. */
  readonly recovered: boolean;
  /** The enumerable properties. */
  toJSON(): ExecutionJson;
}

/** The enumerable properties of an {@link Execution}. */
export type ExecutionJson = Pick<
  Execution,
  "id" | "executionCount" | "logs" | "result" | "error" | "complete" | "exitCode"
>;

/** The official name for the {@link Execution} of a command. */
export type CommandExecution = Execution;

/**
 * Called in the order of the stream. A promise that one returns is waited for before the next is called, and until then
 * nothing more is read from the network. One that throws or rejects ends the run, which then rejects with that very value.
 */
export interface ExecutionHandlers {
  /** Every event as it is on the wire, pings and unknown types included, before the handler for its type. */
  onEvent?: ((event: ServerStreamEvent) => unknown) | undefined;
  /** A line of the standard output. */
  onStdout?: ((message: OutputMessage) => unknown) | undefined;
  /** A line of the standard error. */
  onStderr?: ((message: OutputMessage) => unknown) | undefined;
  /** A value that code has produced. */
  onResult?: ((result: RichResult) => unknown) | undefined;
  /** The end, when there was no error. */
  onExecutionComplete?: ((complete: ExecutionComplete) => unknown) | undefined;
  /** The end, when there was one; an exit code other than 0 is one. */
  onError?: ((error: RichError) => unknown) | undefined;
  /** The beginning, with the id of the run. */
  onInit?: ((init: ExecutionInit) => unknown) | undefined;
  /** Do not keep stdout and stderr in the `Execution`. Default `false`. */
  skipAccumulation?: boolean | undefined;
}

/**
 * Writes events into an execution and calls handlers, as {@link ExecdCommands.run} does: for code that reads the events itself,
 * from {@link ExecdCommands.runStream} or from a store. Sets no `exitCode`.
 *
 * @example
 * const execution = { logs: { stdout: [], stderr: [] }, result: [] };
 * const dispatcher = new ExecutionEventDispatcher(execution, { onStdout: ({ text }) => console.log(text) });
 * for await (const event of sandbox.commands.runStream("ls")) await dispatcher.dispatch(event);
 */
export declare class ExecutionEventDispatcher {
  /** @throws {@link InvalidArgumentException} for an execution without `logs` and `result`. */
  constructor(execution: ExecutionJson, handlers?: ExecutionHandlers);
  /** Resolves when the event's handlers have; rejects with what one of them throws. Wait for it before the next event. */
  dispatch(event: ServerStreamEvent): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
