/// <reference lib="esnext.disposable" />

// Sessions that are walled off from the rest of the sandbox. The names are execd's own, as in the official SDK.

import type { ExecdCommands, RunCommandOpts } from "./commands.js";
import type { CallOptions } from "./connection.js";
import type { SandboxApiException, SandboxStreamException } from "./errors.js";
import type { CommandExecution, ExecutionHandlers } from "./execution.js";
import type { SandboxFiles } from "./files.js";

/** The directory that a session works in. */
export interface IsolatedWorkspaceSpec {
  /** An absolute path in the sandbox. */
  path: string;
  /**
   * `"rw"`: what the session writes is written there; `"overlay"`: it goes into a layer that is thrown away with the session;
   * `"ro"`: nothing can be written. Default: execd's, by profile.
   */
  mode?: "rw" | "overlay" | "ro" | undefined;
}

/** Which variables of execd's environment the session gets. */
export interface EnvPassthroughSpec {
  /** `"allow"`: only `keys`; `"deny"`: all but `keys`. */
  mode?: "allow" | "deny" | undefined;
  /** Names of variables. */
  keys?: string[] | undefined;
}

/** A path of the sandbox that the session can see. execd allows those below the directories that it is configured with. */
export interface BindMount {
  /** Absolute. It must exist. */
  source: string;
  /** Absolute. Default: the same as `source`. */
  dest?: string | undefined;
  /** Whether the session may only read it. Default: execd's. */
  readonly?: boolean | undefined;
}

/** What a session is made with. */
export interface CreateIsolatedSessionRequest {
  /** Where the session works. */
  workspace: IsolatedWorkspaceSpec;
  /** How strictly it is walled off. Default: execd's. */
  profile?: "strict" | "balanced" | undefined;
  /** Paths that the session may write to, beside its workspace. */
  extra_writable?: string[] | undefined;
  /** Further paths that it can see. */
  binds?: BindMount[] | undefined;
  /** Whether it shares the sandbox's network. */
  share_net?: boolean | undefined;
  /** What it gets of execd's environment. Default: execd's. */
  env_passthrough?: EnvPassthroughSpec | undefined;
  /** User to run as, a number. Default: execd's. */
  uid?: number | undefined;
  /** Group to run as, a number. Default: execd's. */
  gid?: number | undefined;
  /** How the user is changed: with `setpriv` or in a user namespace. */
  uid_mode?: "setpriv" | "userns" | undefined;
  /** A session in which nothing has run for so many seconds is ended. */
  idle_timeout_seconds?: number | undefined;
}

/** What execd says of a session that it has made. What it was made with is there if execd repeats it. */
export interface IsolatedSessionInfo extends Partial<CreateIsolatedSessionRequest> {
  /** For {@link IsolationService.attach}. */
  session_id: string;
  /** RFC 3339. */
  created_at: string;
}

/** How a session is. */
export interface IsolatedSessionState extends Partial<CreateIsolatedSessionRequest> {
  /** Whether it is still there. */
  status: "active" | "destroyed" | (string & {});
  /** RFC 3339. */
  created_at?: string;
  /** RFC 3339. */
  last_run_at?: string;
  /** How long it may stay idle before it is ended, in seconds. */
  idle_remaining_seconds?: number | null;
}

/** A session in a list. */
export interface IsolatedSessionSummary {
  /** For {@link IsolationService.attach}. */
  session_id: string;
  /** As in {@link IsolatedSessionState}. */
  status: string;
  /** RFC 3339. */
  created_at?: string;
  /** RFC 3339. */
  last_run_at?: string;
  /** How long it may stay idle before it is ended, in seconds. */
  idle_remaining_seconds?: number;
}

/** The list of sessions as it is on the wire. */
export interface ListIsolatedSessionsResponse {
  /** All sessions of the sandbox. */
  sessions?: IsolatedSessionSummary[];
}

/** What execd can isolate. */
export interface IsolatedCapabilities {
  /** Whether there can be isolated sessions at all. */
  available: boolean;
  /** The program that does it, such as `"bwrap"`. */
  isolator?: string;
  /** Version of that program. */
  version?: string;
  /** Why not, if not. */
  message?: string;
  /** `false` where execd does not say. */
  setpriv_available?: boolean;
  /** `false` where execd does not say. */
  userns_available?: boolean;
  /** Whether execd says that it can keep what was written to an overlay. Nothing here calls that. */
  commit_supported: boolean;
  /** Whether execd says that it can show what was written to an overlay. Nothing here calls that. */
  diff_supported: boolean;
}

/** Options of {@link IsolationSession.run}. */
export interface IsolatedRunOpts {
  /** Variables for this run. */
  envs?: Record<string, string> | undefined;
  /** The server then interrupts the run (SIGINT), which is told as `timedOut`. In whole seconds; 0: no limit, the default. */
  timeout_seconds?: number | undefined;
  /** As in {@link RunCommandOpts}. Default `false`. */
  throwOnNonZero?: boolean | undefined;
  /**
   * How long the first output may take, in seconds. Default 0: no limit, because execd sends nothing before it.
   */
  startTimeoutSeconds?: number | undefined;
  /** How long the stream may be silent after that, in seconds. Default 0: no limit, because execd sends no pings here. */
  idleTimeoutSeconds?: number | undefined;
  /** Aborts the run. A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link IsolationService.runOnce}. */
export interface RunOnceOpts {
  /** As `mode` of {@link IsolatedWorkspaceSpec}. */
  workspaceMode?: "rw" | "overlay" | "ro" | undefined;
  /** How to run the code. */
  runOpts?: IsolatedRunOpts | undefined;
  /** Called as the output comes. */
  handlers?: ExecutionHandlers | undefined;
  /** As in {@link CreateIsolatedSessionRequest}. */
  profile?: "strict" | "balanced" | undefined;
  /** As `share_net` of {@link CreateIsolatedSessionRequest}. */
  shareNet?: boolean | undefined;
  /** As in {@link CreateIsolatedSessionRequest}. */
  binds?: BindMount[] | undefined;
  /** A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

/** One isolated session: a shell that goes on between its runs. */
export interface IsolationSession {
  /** For {@link IsolationService.attach}. */
  readonly sessionId: string;
  /** What execd said of it when it was made or attached to. */
  readonly info: IsolatedSessionInfo;
  /** Files as the session sees them: with an overlay, what it has written is in them and not in `sandbox.files`. */
  readonly files: SandboxFiles;
  /**
   * Runs code in the session's shell and resolves at its end. Runs of one session are queued by execd. stderr comes as stdout,
   * empty lines are lost, and there is no id. An abort drops the connection, on which execd interrupts the run (SIGINT); the
   * session stays. A stream that was cut cannot be recovered.
   *
   * @param code Shell text, not empty.
   * @param signal A signal as in the official SDK, or {@link CallOptions}.
   * @throws {@link SandboxStreamException} as {@link ExecdCommands.runInSession} does.
   */
  run(
    code: string,
    options?: IsolatedRunOpts,
    handlers?: ExecutionHandlers,
    signal?: CallOptions | AbortSignal,
  ): Promise<CommandExecution>;
  /** How it is now. */
  get(options?: CallOptions | AbortSignal): Promise<IsolatedSessionState>;
  /** Ends it and all that runs in it. */
  delete(options?: CallOptions | AbortSignal): Promise<void>;
  /** `await using`: ends it. One that has ended already is no error. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Isolated sessions. Newer versions of execd have them; with others {@link capabilities} says so, and everything else
 * rejects with a {@link SandboxApiException} with the code `NOT_SUPPORTED`.
 */
export interface IsolationService {
  /** Makes a session. One that is made after an abort is deleted. */
  create(request: CreateIsolatedSessionRequest, options?: CallOptions | AbortSignal): Promise<IsolationSession>;
  /** A handle to a session that exists. One that does not is a 404 (`SESSION_NOT_FOUND`). */
  attach(sessionId: string, options?: CallOptions | AbortSignal): Promise<IsolationSession>;
  /** What execd can isolate. Where it has never heard of isolation: `available: false`, and a `message` that says so. */
  capabilities(options?: CallOptions | AbortSignal): Promise<IsolatedCapabilities>;
  /** All sessions of the sandbox. */
  list(options?: CallOptions | AbortSignal): Promise<IsolatedSessionSummary[]>;
  /**
   * Makes a session, runs code in it and deletes it, whatever has come of the run. The deletion is waited for, unless you have
   * aborted; if it fails, you are not told.
   *
   * @param workspace An absolute path in the sandbox.
   * @param call Wins over `options.signal`.
   */
  runOnce(
    code: string,
    workspace: string,
    options?: RunOnceOpts,
    call?: CallOptions | AbortSignal,
  ): Promise<CommandExecution>;
  /** Makes a session, calls `fn` with it, and deletes it, also when `fn` fails, whose error is then yours. */
  withSession<T>(
    request: CreateIsolatedSessionRequest,
    fn: (session: IsolationSession) => T | PromiseLike<T>,
    options?: CallOptions | AbortSignal,
  ): Promise<T>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
