/// <reference lib="esnext.disposable" />

// Code in contexts that keep their state, run by the kernels of the sandbox.

import type { ExecdCommands, StreamOptions } from "./commands.js";
import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException, SandboxApiException, SandboxStreamException } from "./errors.js";
import type { Execution, ExecutionHandlers, ServerStreamEvent } from "./execution.js";
import type { SandboxFiles } from "./files.js";
import type { ExecdMetrics } from "./metrics.js";
import type { Sandbox } from "./sandbox.js";

/** The official image has kernels for these. An image of your own may have others; `sql` needs a MySQL server in the sandbox. */
export type SupportedLanguage = "python" | "java" | "javascript" | "typescript" | "go" | "bash";

/** {@link SupportedLanguages} */
export interface SupportedLanguageNames {
  /** Python, by ipykernel. */
  readonly PYTHON: "python";
  /** Java. */
  readonly JAVA: "java";
  /** Go. */
  readonly GO: "go";
  /** TypeScript. */
  readonly TYPESCRIPT: "typescript";
  /** JavaScript. */
  readonly JAVASCRIPT: "javascript";
  /** bash. */
  readonly BASH: "bash";
}

/** The languages by name. */
export declare const SupportedLanguages: SupportedLanguageNames;

/** Where code runs. Its variables, imports and functions last from run to run. */
export interface CodeContext {
  /** Without one: the default context of the language, which is made at its first use and shared by all who use none. */
  id?: string;
  /** Which kernel. Always sent with the id: execd chooses by it who runs the code. */
  language: SupportedLanguage | "sql" | (string & {});
  /** The directory that it was made with, if one was given. */
  cwd?: string;
}

/** A context that is there. */
export interface StartedCodeContext extends CodeContext {
  id: string;
}

/** A context that was made here: `await using context = await codes.createContext("python")` deletes it. */
export interface OwnedCodeContext extends StartedCodeContext {
  /** Deletes it; one that is gone already is no error. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link Codes.createContext}. */
export interface CreateContextOptions extends CallOptions {
  /** Made if it is not there. Whether the kernel starts in it is up to Jupyter. */
  cwd?: string | undefined;
}

/** Where and how long code runs. `throwOnNonZero` is refused: code has no exit code. */
export interface CodeOptions extends StreamOptions {
  /** Not together with `language`. */
  context?: CodeContext | undefined;
  /** The default context of this language. Default `"python"`. */
  language?: SupportedLanguage | "sql" | (string & {}) | undefined;
  /**
   * Interrupts the code after so many seconds, counted from its start; execd has no limit of its own. The run then resolves
   * with `timedOut: true` and, in Python, a `KeyboardInterrupt` as `error`. A kernel that has not ended 5 s later is given up:
   * {@link SandboxStreamException} with the code `KERNEL_UNRESPONSIVE`. Default: no limit.
   */
  timeoutSeconds?: number | undefined;
  /** How long the `init` event may take, in seconds: the kernel may have to be started. Default 120; 0: no limit. */
  startTimeoutSeconds?: number | undefined;
  /** What an abort means for the code. `"interrupt"` (default): as {@link Codes.interrupt}. `"detach"`: it goes on, and the context stays busy. */
  onAbort?: "interrupt" | "detach" | undefined;
}

/** Options of {@link Codes.run}. */
export interface RunCodeOptions extends CodeOptions {
  /** Called with what the code gives, while it runs. */
  handlers?: ExecutionHandlers | undefined;
  /**
   * What happens when the context runs something else. `"error"` (default): {@link SandboxApiException} with the code
   * `CONTEXT_BUSY`. `"queue"`: runs of this handle wait for each other in their order, and for others by asking again, up to
   * `startTimeoutSeconds`. `onInit` is then called once for each time.
   */
  onBusy?: "error" | "queue" | undefined;
}

/** What {@link Codes.runStream} takes: the official `{ code, context }`, or with the options of a run. */
export interface RunCodeRequest extends CodeOptions {
  /** What to run. */
  code: string;
}

/** How far {@link Codes.waitUntilReady} is. */
export interface InterpreterProgress {
  /** What it waits for: the daemon, or the Jupyter server behind it. */
  waitingFor: "execd" | "jupyter";
  /** How often it has asked. */
  attempts: number;
}

/** Options of {@link Codes.waitUntilReady} and {@link CodeInterpreter.create}. */
export interface InterpreterReadyOptions extends CallOptions {
  /** Seconds. Default 30. */
  readyTimeoutSeconds?: number | undefined;
  /** Milliseconds between attempts. Default 200. */
  healthCheckPollingInterval?: number | undefined;
  /** Called before each question. */
  onProgress?: ((progress: InterpreterProgress) => unknown) | undefined;
}

/**
 * `sandbox.codes`. Its methods reject as those of {@link Sandbox} do. The ids of contexts are Jupyter's and live as long as
 * the daemon.
 */
export interface Codes {
  /**
   * Makes a context, that is, starts a kernel. `POST /code/context`. execd never answers when there is no kernel for the
   * language, so the limit is 60 s unless `requestTimeoutSeconds` says otherwise.
   */
  createContext(
    language: SupportedLanguage | (string & {}),
    options?: CreateContextOptions | AbortSignal,
  ): Promise<OwnedCodeContext>;
  /** `GET /code/contexts/{id}`. 404 `CONTEXT_NOT_FOUND` for one that this daemon has not made. */
  getContext(contextId: string, options?: CallOptions | AbortSignal): Promise<StartedCodeContext>;
  /** All contexts, default ones among them, or those of a language. */
  listContexts(language?: string, options?: CallOptions | AbortSignal): Promise<StartedCodeContext[]>;
  /** Ends a context and its kernel. The way out when a kernel has died: its context stays busy for ever otherwise. */
  deleteContext(contextId: string, options?: CallOptions | AbortSignal): Promise<void>;
  /** Ends all contexts of a language. */
  deleteContexts(language: string, options?: CallOptions | AbortSignal): Promise<void>;
  /** Ends a context and makes a new one of its language, with another id. Its state is gone. */
  restartContext(context: StartedCodeContext, options?: CallOptions | AbortSignal): Promise<OwnedCodeContext>;
  /**
   * Runs code and resolves when it has ended; code that fails is no rejection: look at `error`. There is no exit code. `stdout`
   * and `stderr` are verbatim. `result` has the value of the last expression; what is shown otherwise (`display(…)`,
   * `plt.show()`) is dropped by execd: see {@link PYTHON_CHARTS}.
   *
   * @example
   * const run = await sandbox.codes.run("import math\nmath.factorial(20)");
   * console.log(run.text); // "2432902008176640000"
   */
  run(code: string, options?: RunCodeOptions, signal?: AbortSignal | CallOptions): Promise<Execution>;
  /** The raw events of code. Nothing is sent before the first is asked for; can be iterated once; `break` interrupts the code. */
  runStream(request: RunCodeRequest, signal?: AbortSignal | CallOptions): AsyncIterable<ServerStreamEvent>;
  /** Interrupts what runs in a context, like Ctrl-C. `DELETE /code?id=`. Does not wait until it has ended. */
  interrupt(contextId: string, options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Waits until the daemon answers and, where the sandbox has a Jupyter server (`JUPYTER_HOST`), until that accepts connections.
   *
   * @throws SandboxReadyTimeoutException
   */
  waitUntilReady(options?: InterpreterReadyOptions): Promise<void>;
}

/** Options of {@link CodeInterpreter.create}. */
export interface CodeInterpreterCreateOptions extends InterpreterReadyOptions {
  /** Do not wait. Default `false`. */
  skipHealthCheck?: boolean | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
}

/** A sandbox and its {@link Codes}, by the official name. `sandbox.codes` is the same without it. */
export declare class CodeInterpreter {
  protected constructor();
  /** Waits until code can be run: see {@link Codes.waitUntilReady}. */
  static create(sandbox: Sandbox, options?: CodeInterpreterCreateOptions): Promise<CodeInterpreter>;
  /** The sandbox that it was made with. */
  readonly sandbox: Sandbox;
  /** The same as {@link Sandbox.codes}. */
  readonly codes: Codes;
  /** The sandbox's id. */
  get id(): string;
  /** The same as {@link Sandbox.files}. */
  get files(): SandboxFiles;
  /** The same as {@link Sandbox.commands}. */
  get commands(): ExecdCommands;
  /** The same as {@link Sandbox.metrics}. */
  get metrics(): ExecdMetrics;
}

/**
 * Python code that makes charts visible: run it once in a context. execd drops what `plt.show()` displays and keeps the value of the
 * last expression; after this, a cell that ends in `plt.show()`, in a figure, in axes or in what plotting gives has the chart as
 * its value: `execution.result[0].png`.
 *
 * @example
 * await codes.run(PYTHON_CHARTS, { context });
 * const run = await codes.run("df.plot()", { context });
 * image.src = run.result[0].dataUrl("image/png");
 */
export declare const PYTHON_CHARTS: string;

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
