/// <reference lib="esnext.disposable" />

// Types of the package, written by hand: what the documentation promises is here. tests/types compares them with the code.

// ---------------------------------------------------------------------------------------------------------------------
// Constants
// ---------------------------------------------------------------------------------------------------------------------

/** Port of execd, the daemon inside every sandbox: 44772. */
export declare const DEFAULT_EXECD_PORT: 44772;
/** Port of the egress sidecar: 18080. */
export declare const DEFAULT_EGRESS_PORT: 18080;
/** What a sandbox runs when `entrypoint` is not given: `["tail", "-f", "/dev/null"]`. */
export declare const DEFAULT_ENTRYPOINT: string[];
/** Limits of a sandbox when `resource` is not given: `{ cpu: "1", memory: "2Gi" }`. */
export declare const DEFAULT_RESOURCE_LIMITS: Record<string, string>;
/** How long a sandbox lives when `timeoutSeconds` is not given: 600 seconds. */
export declare const DEFAULT_TIMEOUT_SECONDS: 600;
/** How long to wait for a sandbox to become ready: 30 seconds. */
export declare const DEFAULT_READY_TIMEOUT_SECONDS: 30;
/** Pause between two readiness checks: 200 milliseconds. */
export declare const DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS: 200;
/** Limit of one request: 30 seconds. */
export declare const DEFAULT_REQUEST_TIMEOUT_SECONDS: 30;

// ---------------------------------------------------------------------------------------------------------------------
// Connection
// ---------------------------------------------------------------------------------------------------------------------

/** Scheme of the lifecycle server, and of endpoints, which come without one. */
export type ConnectionProtocol = "http" | "https";

/** What the configured `fetch` is called with, beside the URL: a plain object, nothing else. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  /** A string, a `Blob`, or a `ReadableStream` (only where the runtime can send one). */
  // biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
  body?: any;
  /** Set together with a stream as the body. */
  duplex?: "half";
  /** Redirects are never followed: they could carry keys to another place. */
  redirect: "manual";
  /** Fires on abort, time-out and `close()`. */
  // biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
  signal: any;
}

/**
 * The part of `fetch` that is used. `globalThis.fetch` fits, and so do undici's and a function of yours that calls one of
 * them. The answer is read by its shape (`status`, `type`, `headers.get`, `body`, `text()`, `arrayBuffer()`).
 */
// biome-ignore lint/suspicious/noExplicitAny: must fit the fetch types of every runtime and library
export type FetchFunction = (url: string, init: FetchInit) => PromiseLike<any>;

/** Headers as an object, where `undefined` says nothing, or as pairs: a `Headers` or a `Map`. */
export type RequestHeaders = Record<string, string | undefined> | Iterable<readonly [string, string]>;

/** Where the server is, and how to talk to it. */
export interface ConnectionConfigOptions {
  /**
   * `host[:port][/prefix]`, or a whole `http(s)` URL, whose scheme then wins over `protocol`. User, query and hash are
   * dropped, and one `/v1` at the end. Default: the environment's `OPEN_SANDBOX_DOMAIN`, else `localhost:8080`.
   */
  domain?: string | undefined;
  /** Default `"http"`. */
  protocol?: ConnectionProtocol | undefined;
  /**
   * Sent as `OPEN-SANDBOX-API-KEY`, and only to URLs under the lifecycle base. Default: the environment's
   * `OPEN_SANDBOX_API_KEY`. An empty string means: no key, not even the environment's.
   */
  apiKey?: string | undefined;
  /** Sent with every request, those into a sandbox included. Default `{}`. */
  headers?: RequestHeaders | undefined;
  /** Limit of one request, its body included, in seconds. Default 30; 0, negative, NaN or Infinity: no limit. Not for streams. */
  requestTimeoutSeconds?: number | undefined;
  /** Print one line per request with `console.log`: method, URL without query, status, time, request id. Default `false`. */
  debug?: boolean | undefined;
  /**
   * Reach the sandboxes' ports through the lifecycle server. Default: `true` in a page or worker with an http(s) origin,
   * `false` elsewhere.
   */
  useServerProxy?: boolean | undefined;
  /** Used for every request. Default: `globalThis.fetch`, looked up at each call. Called as a plain function, without a `this`. */
  fetch?: FetchFunction | undefined;
  /** Accepted for code written for the official SDK; has no effect: an endpoint is looked up once per `Sandbox` object. */
  endpointCacheTtlMs?: number | undefined;
  /** Accepted for code written for the official SDK; has no effect. */
  endpointCacheSize?: number | undefined;
  /** Accepted for code written for the official SDK; has no effect. */
  endpointCacheDisabled?: boolean | undefined;
  /** Accepted for code written for the official SDK; has no effect: there are no metrics to disable. */
  disableMetrics?: boolean | undefined;
}

/**
 * Where the server is, and how to talk to it. Opens no connection, starts no WebAssembly. Its settings are plain own
 * properties, so that an object with the same properties does as well.
 *
 * @example
 * const connectionConfig = new ConnectionConfig({ domain: "sandbox.example.com", protocol: "https", apiKey });
 */
export declare class ConnectionConfig {
  /**
   * @throws {@link InvalidArgumentException} for a value of the wrong type, a domain that cannot be read, or a scheme
   * other than http and https.
   */
  constructor(options?: ConnectionConfigOptions);
  readonly protocol: ConnectionProtocol;
  /** As given, without what `getBaseUrl` adds. With its scheme, if it was given with one. */
  readonly domain: string;
  readonly apiKey?: string;
  readonly headers: Record<string, string>;
  readonly requestTimeoutSeconds: number;
  readonly debug: boolean;
  readonly useServerProxy: boolean;
  readonly endpointCacheTtlMs: number;
  readonly endpointCacheSize: number;
  readonly endpointCacheDisabled: boolean;
  readonly disableMetrics: boolean;
  /** `"opensandbox-wasm"`. For code that reads it; no request carries it. */
  readonly userAgent: string;
  /** The `fetch` that requests go through. */
  get fetch(): typeof globalThis.fetch;
  /** The same as `fetch`. */
  get sseFetch(): typeof globalThis.fetch;
  /** Base of the lifecycle API, such as `http://localhost:8080/v1`. */
  getBaseUrl(): string;
  /** Gives the same object: there is no connection pool to set up. For code written for the official SDK. */
  withTransportIfMissing(): ConnectionConfig;
  /** Does nothing. For code written for the official SDK. */
  closeTransport(): Promise<void>;
  /** The settings for a log: the key and the values of headers are shown as `***`. */
  toJSON(): Record<string, unknown>;
}

/**
 * What every method that waits takes as its last argument. A bare `AbortSignal` does as well, as in the official SDK.
 * Signals are recognised by their shape, so one from another realm or a polyfill works.
 */
export interface CallOptions {
  /** Aborts this call: it then rejects with {@link SandboxAbortException}. */
  signal?: AbortSignal | undefined;
  /** Replaces `requestTimeoutSeconds` of the configuration for this call. 0, negative or Infinity: no limit. */
  requestTimeoutSeconds?: number | undefined;
  /** Extra request headers. They win over those of the configuration. */
  headers?: RequestHeaders | undefined;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sandboxes: models
// ---------------------------------------------------------------------------------------------------------------------

/** Id of a sandbox, as the server gave it. `""`, `"."` and `".."` are refused. */
export type SandboxId = string;

/** Login for the registry of an image. */
export interface ImageAuth extends Record<string, unknown> {
  username?: string;
  password?: string;
  token?: string;
}

/** A container image. */
export interface ImageSpec {
  /** Such as `"python:3.12-slim"`. */
  uri: string;
  auth?: ImageAuth | undefined;
}

/** Operating system and processor. */
export interface PlatformSpec extends Record<string, unknown> {
  os: "linux" | "windows";
  arch: "amd64" | "arm64";
}

/** Names and amounts in Kubernetes' notation, such as `{ cpu: "500m", memory: "512Mi" }`. */
export type ResourceLimits = Record<string, string>;

export type NetworkRuleAction = "allow" | "deny";

/** One rule for outgoing traffic. */
export interface NetworkRule extends Record<string, unknown> {
  action: NetworkRuleAction;
  /** A host name, such as `"api.example.com"` or `"*.example.com"`. */
  target: string;
}

/** Rules for outgoing traffic. */
export interface NetworkPolicy extends Record<string, unknown> {
  /** What applies where no rule does. Default `"deny"`. */
  defaultAction?: NetworkRuleAction;
  egress?: NetworkRule[];
}

/** A directory of the host. */
export interface Host extends Record<string, unknown> {
  /** Absolute: `/data`, `C:\data` or `D:/data`. */
  path: string;
}

/** A persistent volume claim. */
export interface PVC extends Record<string, unknown> {
  claimName: string;
  createIfNotExists?: boolean;
  deleteOnSandboxTermination?: boolean;
  storageClass?: string | null;
  storage?: string | null;
  accessModes?: string[] | null;
}

/** A bucket of Alibaba Cloud's object storage. */
export interface OSSFS extends Record<string, unknown> {
  bucket: string;
  endpoint: string;
  version?: "1.0" | "2.0";
  options?: string[];
  accessKeyId: string;
  accessKeySecret: string;
}

/** Storage that is mounted into a sandbox: exactly one of `host`, `pvc` and `ossfs`. */
export interface Volume extends Record<string, unknown> {
  name: string;
  host?: Host;
  pvc?: PVC;
  ossfs?: OSSFS;
  mountPath: string;
  readOnly?: boolean;
  subPath?: string;
}

/** Whether the sandbox's outgoing traffic goes through the proxy that puts credentials into it. */
export interface CredentialProxyConfig extends Record<string, unknown> {
  enabled?: boolean;
}

export type SandboxState =
  | "Creating"
  | "Running"
  | "Pausing"
  | "Paused"
  | "Resuming"
  | "Deleting"
  | "Deleted"
  | "Error"
  | (string & {});

export interface SandboxStatus extends Record<string, unknown> {
  state: SandboxState;
  reason?: string;
  message?: string;
  lastTransitionAt?: Date;
}

/** What the lifecycle server knows of a sandbox. Fields that are not listed here are passed on as the server sent them. */
export interface SandboxInfo extends Record<string, unknown> {
  id: SandboxId;
  image?: ImageSpec;
  snapshotId?: string;
  platform?: PlatformSpec;
  entrypoint: string[];
  metadata?: Record<string, string>;
  extensions?: Record<string, string>;
  status: SandboxStatus;
  createdAt: Date;
  /** `null`: it has no expiry and lives until it is killed. */
  expiresAt: Date | null;
}

/** Values to set; `null` deletes a key. Keys that are not named stay. */
export type SandboxMetadataPatch = Record<string, string | null>;

export interface PaginationInfo extends Record<string, unknown> {
  page: number;
  pageSize: number;
  totalItems: number;
  totalPages: number;
  hasNextPage: boolean;
}

/** One page of sandboxes. */
export interface ListSandboxesResponse extends Record<string, unknown> {
  items: SandboxInfo[];
  pagination?: PaginationInfo;
}

/** Which sandboxes to list. */
export interface SandboxFilter {
  /** In any of these states. */
  states?: string[] | undefined;
  /** With all of these values. */
  metadata?: Record<string, string> | undefined;
  /** From 1. */
  page?: number | undefined;
  /** Sandboxes per page. */
  pageSize?: number | undefined;
}

/** The official name of the same thing on another level. */
export type ListSandboxesParams = SandboxFilter;

export interface RenewSandboxExpirationResponse extends Record<string, unknown> {
  /** When the sandbox ends now. */
  expiresAt?: Date;
}

/** Where a port of a sandbox is reached. */
export interface Endpoint extends Record<string, unknown> {
  /** `host[:port][/path]`, without a scheme and without a slash at the end. */
  endpoint: string;
  /** Every request to this endpoint must carry them. They may be secret. `{}` when there are none. */
  headers?: Record<string, string>;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sandboxes: options
// ---------------------------------------------------------------------------------------------------------------------

/** How to wait until a sandbox is ready. */
export interface ReadinessOptions {
  /** Do not wait. Default `false`. */
  skipHealthCheck?: boolean | undefined;
  /**
   * Says whether the sandbox is ready, instead of a ping to its daemon. One that throws counts as "not yet"; one that
   * hangs is cut at the limit.
   */
  healthCheck?: ((sandbox: Sandbox) => boolean | PromiseLike<boolean>) | undefined;
  /** How long to wait, in seconds. Default 30. There is always one attempt, also with 0. */
  readyTimeoutSeconds?: number | undefined;
  /** Pause between two checks, in **milliseconds**. Default 200. */
  healthCheckPollingInterval?: number | undefined;
}

/** Options of {@link Sandbox.create}. Exactly one of `image` and `snapshotId` must be given. */
export interface SandboxCreateOptions extends ReadinessOptions, CallOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
  /** Such as `"python:3.12-slim"`; an object when the registry wants a login. */
  image?: string | ImageSpec | undefined;
  /** A snapshot to start from. */
  snapshotId?: string | undefined;
  /** What runs in the sandbox. Default `["tail", "-f", "/dev/null"]`. */
  entrypoint?: string[] | undefined;
  /** Environment of the entrypoint. Default `{}`. */
  env?: Record<string, string> | undefined;
  /** To find it again with {@link SandboxManager.listSandboxInfos}. Default `{}`. */
  metadata?: Record<string, string> | undefined;
  /** Rules for outgoing traffic. A missing `defaultAction` is sent as `"deny"`. */
  networkPolicy?: NetworkPolicy | undefined;
  credentialProxy?: CredentialProxyConfig | undefined;
  volumes?: Volume[] | undefined;
  /** For the server's runtime. Default `{}`. */
  extensions?: Record<string, string> | undefined;
  platform?: PlatformSpec | undefined;
  /** Ask the server to protect the sandbox's endpoints with a token. Default `false`. */
  secureAccess?: boolean | undefined;
  /** Limits. Default `{ cpu: "1", memory: "2Gi" }`. */
  resource?: ResourceLimits | undefined;
  /** What is reserved, where the server tells that from limits. */
  resourceRequests?: ResourceLimits | undefined;
  /** How long the sandbox lives, in seconds; a fraction is cut off. Default 600. `null`: until it is killed. */
  timeoutSeconds?: number | null | undefined;
  /**
   * How long the server may take to make the sandbox, in seconds. Default 300: it may pull an image first. 0 or less: no
   * limit. A sandbox that is made after that is deleted.
   */
  createTimeoutSeconds?: number | undefined;
  /** Aborts the making and the waiting. A sandbox that was made, or is made after that, is killed. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Sandbox.connect} and of the static {@link Sandbox.resume}. */
export interface SandboxConnectOptions extends ReadinessOptions, CallOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
  sandboxId: SandboxId;
  /** Aborts the connecting. The sandbox stays. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Sandbox.resume} on an instance. */
export interface SandboxResumeOptions extends ReadinessOptions, CallOptions {}

/** Options of {@link Sandbox.waitUntilReady}. */
export interface WaitUntilReadyOptions extends CallOptions {
  /** In seconds. Default 30. There is always one attempt, also with 0. */
  readyTimeoutSeconds?: number | undefined;
  /** Pause between two checks, in milliseconds. Default 200. */
  pollingIntervalMillis?: number | undefined;
  /** As in {@link ReadinessOptions}. */
  healthCheck?: ((sandbox: Sandbox) => boolean | PromiseLike<boolean>) | undefined;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sandbox
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One sandbox. Made by {@link Sandbox.create}, {@link Sandbox.connect} or {@link Sandbox.resume}.
 *
 * Every method that asks a server may reject with
 * - {@link InvalidArgumentException}: a value is wrong; nothing was sent;
 * - {@link SandboxApiException}: the server refused; `code` and `message` are its own;
 * - {@link SandboxConnectionException} (`NETWORK_ERROR`): there was no answer;
 * - {@link SandboxTimeoutException} (`REQUEST_TIMEOUT`): the answer took longer than `requestTimeoutSeconds`;
 * - {@link SandboxAbortException} (`ABORTED`): your signal fired;
 * - {@link SandboxException} with the code `CLOSED`: the object was closed.
 *
 * @example
 * const sandbox = await Sandbox.create({ image: "python:3.12-slim" });
 * try {
 *   const run = await sandbox.commands.run("python3 -c 'print(6 * 7)'");
 *   console.log(run.exitCode, run.stdout);
 * } finally {
 *   await sandbox.kill();
 * }
 */
export declare class Sandbox {
  protected constructor();

  /**
   * Makes a sandbox and waits until its daemon answers. If anything fails after the server has given an id, the sandbox is
   * deleted again, and the first error is the one that you get.
   *
   * @throws {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`) when it is not ready in time; its message says what the
   * last check saw.
   */
  static create(options: SandboxCreateOptions): Promise<Sandbox>;
  /**
   * A handle to a sandbox that exists. Never deletes it.
   *
   * @throws {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`) when it does not answer in time.
   */
  static connect(options: SandboxConnectOptions): Promise<Sandbox>;
  /** Resumes a paused sandbox and connects to it. */
  static resume(options: SandboxConnectOptions): Promise<Sandbox>;

  get id(): SandboxId;
  /** The configuration that it was made with. */
  get connectionConfig(): ConnectionConfig;
  /** Programs and bash sessions. */
  get commands(): ExecdCommands;
  /** Files and directories. */
  get files(): SandboxFiles;
  /** Is the daemon there? */
  get health(): ExecdHealth;
  /** CPU and memory. */
  get metrics(): ExecdMetrics;

  /** What the lifecycle server knows of it. `GET /sandboxes/{id}`. */
  getInfo(options?: CallOptions | AbortSignal): Promise<SandboxInfo>;
  /** Whether the daemon answers a ping. Gives `false` for every failure, your abort included; rejects only for wrong arguments. */
  isHealthy(options?: CallOptions | AbortSignal): Promise<boolean>;
  /** One sample of CPU and memory. Takes about a second: the daemon watches the CPU for that long. */
  getMetrics(options?: CallOptions | AbortSignal): Promise<SandboxMetrics>;
  /**
   * Where a port of the sandbox is reached, for requests of your own. Add its `headers` to them. Asked once per port and
   * remembered until `pause()` or `kill()`.
   *
   * @param port A whole number from 1 to 65535.
   */
  getEndpoint(port: number, options?: CallOptions | AbortSignal): Promise<Endpoint>;
  /** The URL of a port, without a slash at the end. If {@link getEndpoint} gives `headers`, the URL alone does not do. */
  getEndpointUrl(port: number, options?: CallOptions | AbortSignal): Promise<string>;
  /**
   * Lets the sandbox live for so many seconds from now, by this machine's clock. That may be shorter than before.
   *
   * @param timeoutSeconds In seconds.
   */
  renew(timeoutSeconds: number, options?: CallOptions | AbortSignal): Promise<RenewSandboxExpirationResponse>;
  /** Sets metadata and, with `null`, deletes it. Gives the sandbox as it is then. */
  patchMetadata(patch: SandboxMetadataPatch, options?: CallOptions | AbortSignal): Promise<SandboxInfo>;
  /** Stops all its programs until it is resumed. Its expiry is not stopped. */
  pause(options?: CallOptions | AbortSignal): Promise<void>;
  /** Resumes it and gives a **new** handle with fresh endpoints. Close the old one if it is not needed. */
  resume(options?: SandboxResumeOptions): Promise<Sandbox>;
  /** Ends the sandbox and everything in it. The handle stays open; see {@link close}. */
  kill(options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Lets go of the sandbox, which lives on: its requests and runs, and all later calls, reject with the code `CLOSED`. Programs
   * go on. Other handles are not touched, even if they share its configuration.
   */
  close(): Promise<void>;
  /**
   * Checks until the sandbox is ready. `create`, `connect` and `resume` have done so already.
   *
   * @throws {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`)
   */
  waitUntilReady(options?: WaitUntilReadyOptions): Promise<void>;
  /**
   * `await using`: kills a sandbox that this handle has created, and closes the handle. A handle from `connect` or
   * the static `resume` is only closed.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link SandboxManager.create}. */
export interface SandboxManagerOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
}

/** Lists and manages the sandboxes of a server by their ids. Its methods reject as those of {@link Sandbox} do. */
export declare class SandboxManager {
  protected constructor();

  /**
   * Makes a manager at once; nothing is sent.
   *
   * @throws {@link InvalidArgumentException} at once, not as a rejection.
   */
  static create(options?: SandboxManagerOptions): SandboxManager;

  get connectionConfig(): ConnectionConfig;
  /** One page of sandboxes. `GET /sandboxes`. */
  listSandboxInfos(filter?: SandboxFilter, options?: CallOptions | AbortSignal): Promise<ListSandboxesResponse>;
  getSandboxInfo(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<SandboxInfo>;
  /** Sets metadata and, with `null`, deletes it. */
  patchSandboxMetadata(
    sandboxId: SandboxId,
    patch: SandboxMetadataPatch,
    options?: CallOptions | AbortSignal,
  ): Promise<SandboxInfo>;
  /** Ends a sandbox and everything in it. */
  killSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /** Stops a sandbox's programs. Its expiry is not stopped. */
  pauseSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /** Lets a sandbox's programs go on. Does not wait until it is ready. */
  resumeSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /** Lets a sandbox live for so many seconds from now. */
  renewSandbox(sandboxId: SandboxId, timeoutSeconds: number, options?: CallOptions | AbortSignal): Promise<void>;
  /** Aborts this manager's requests; later calls reject with the code `CLOSED`. */
  close(): Promise<void>;
  /** `await using`: the same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------------------------
// Runs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An event of a run as it is on the wire. Fields with an empty value are left out by execd. Types that are not listed here
 * are passed on, too.
 */
export interface ServerStreamEvent extends Record<string, unknown> {
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

/** How a run failed. */
export interface ExecutionError {
  /** `CommandExecError` for a program that ended with another exit code than 0; else the server's code. */
  name: string;
  /** The exit code as text (`"-1"` for every signal), or a sentence when the program could not be started. */
  value: string;
  /** Unix time in milliseconds. */
  timestamp: number;
  /** For a program: `["exit status 7"]`, or which signal it was: `["signal: killed"]`. */
  traceback: string[];
}

export interface ExecutionComplete {
  /** Unix time in milliseconds. */
  timestamp: number;
  executionTimeMs: number;
}

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
  executionCount?: number;
  /** The lines, one object each; made when they are first looked at. {@link Execution.stdout} is quicker. */
  logs: { stdout: OutputMessage[]; stderr: OutputMessage[] };
  result: ExecutionResult[];
  /** There when the run failed; an exit code other than 0 is a failure. */
  error?: ExecutionError;
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
  onStdout?: ((message: OutputMessage) => unknown) | undefined;
  onStderr?: ((message: OutputMessage) => unknown) | undefined;
  onResult?: ((result: ExecutionResult) => unknown) | undefined;
  onExecutionComplete?: ((complete: ExecutionComplete) => unknown) | undefined;
  onError?: ((error: ExecutionError) => unknown) | undefined;
  onInit?: ((init: ExecutionInit) => unknown) | undefined;
  /** Do not keep stdout and stderr in the `Execution`. Default `false`. */
  skipAccumulation?: boolean | undefined;
}

/** When a stream counts as lost. */
export interface StreamOptions {
  /** How long the `init` event may take, in seconds. Default 60; 0: no limit. */
  startTimeoutSeconds?: number | undefined;
  /**
   * How long the stream may be silent after `init`, in seconds. Default 20; 0: no limit. execd sends a ping every 3 s, and the
   * clock stands still while a handler works.
   */
  idleTimeoutSeconds?: number | undefined;
  /** Aborts the run. A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link ExecdCommands.run} and {@link ExecdCommands.runStream}. */
export interface RunCommandOpts extends StreamOptions {
  /** Must exist. Default: the daemon's. `$NAME` is expanded from the daemon's environment, not from `envs`. */
  workingDirectory?: string | undefined;
  /**
   * Start it and do not wait. The run then ends when the program has started: no output, no exit code; use
   * `getCommandStatus` and `getBackgroundCommandLogs` with its id. Default `false`. When the shell of a background command
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
  id?: string;
  /** The command's text. */
  content?: string;
  running?: boolean;
  /** `null` while it runs. */
  exitCode?: number | null;
  /** Such as `exit status 3` or `signal: killed`. */
  error?: string;
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
  readonly stderr: OutputView;
  /** Both, in the order of arrival. */
  readonly output: OutputView;
  /**
   * Reads to the end, not faster than those who read along, and resolves with the result. It holds the output if no view was
   * taken; else the views have it.
   */
  wait(): Promise<CommandExecution>;
  /** Ends the program: SIGTERM to its process group, SIGKILL after 3 s. Resolves when it is gone, and when it was already. */
  kill(): Promise<void>;
  /** `await using`: leaves a program that still runs, as `onAbort` says: by default it is ended. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs programs in the sandbox. */
export interface ExecdCommands {
  /**
   * Runs a command with `bash -c` (`sh -c` where there is no bash), without a terminal, with an empty stdin, and resolves
   * at its end. A program that fails resolves, too: look at `ok`, `exitCode` or `error`.
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
   * @throws {@link SandboxStreamException} with `MALFORMED_EVENT` when the stream carries something that is no event, and
   * with `EVENT_TOO_LARGE` when one line is longer than 64 MiB. What had arrived is in its `execution`; the program is
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

// ---------------------------------------------------------------------------------------------------------------------
// Files
// ---------------------------------------------------------------------------------------------------------------------

/** Bytes of their own, such as `new Blob([…])` takes. `Uint8Array<ArrayBuffer>`, and `Uint8Array` before TypeScript 5.7. */
export type Bytes = ReturnType<Uint8ArrayConstructor["of"]>;

export type FileEntryType = "file" | "directory" | "symlink" | "other";

/** What a file is. */
export interface FileInfo extends Record<string, unknown> {
  /** Absolute. */
  path: string;
  type?: FileEntryType;
  /** In bytes. */
  size?: number;
  modifiedAt?: Date;
  /** When its metadata was changed last: execd gives the ctime. */
  createdAt?: Date;
  /** Octal digits written as a decimal number: 644 is `rw-r--r--`. */
  mode?: number;
  /** A name, or the number as text where there is none. */
  owner?: string;
  group?: string;
}

export type FilesInfoResponse = Record<string, FileInfo>;
export type SearchFilesResponse = FileInfo[];

/** Owner and mode of something that is written. */
interface Ownership {
  /** Octal digits written as a decimal number: `644`, not `0o644`. 0: leave it. */
  mode?: number | undefined;
  /**
   * A name. Where neither `owner` nor `group` is given, execd **resets both** to its own user, which is mostly root. One that
   * does not exist is ignored.
   */
  owner?: string | undefined;
  group?: string | undefined;
}

/**
 * Something to write. Paths of all entries: `$NAME` and `${NAME}` are expanded from the daemon's environment; any other `$`
 * would be dropped by execd and is refused here.
 */
export interface WriteEntry extends Ownership {
  path: string;
  /**
   * Default: an empty file. A stream is sent as it comes where the runtime can do that; in pages it is collected first.
   */
  data?:
    | string
    | Uint8Array
    | ArrayBuffer
    | ArrayBufferView
    | Blob
    | AsyncIterable<Uint8Array | string>
    | ReadableStream<Uint8Array>
    | undefined;
}

/** A directory to make. `mode` defaults to 755. */
export interface CreateDirectoryEntry extends Ownership {
  path: string;
}

export interface SetPermissionEntry extends Ownership {
  path: string;
  /** Octal digits written as a number: 644. Left out, the mode stays as it is. */
  mode?: number | undefined;
}

export interface MoveEntry {
  src: string;
  dest: string;
}

export interface ContentReplaceEntry {
  path: string;
  /** Literal text, not empty. */
  oldContent: string;
  newContent: string;
}

export interface ContentReplaceResult {
  path: string;
  replacedCount: number;
}

export interface SearchEntry {
  path: string;
  /** For the **base name** only: `*.py`, `{a,b}.*`, `?`. Default: all files. */
  pattern?: string | undefined;
}

export interface DirectoryListEntry {
  path: string;
  /** Default 1. */
  depth?: number | undefined;
}

/** Which part of a file to read. */
export interface ReadBytesOptions {
  /** Value of a `Range` header: `bytes=0-9`. One that is past the end is a 416. */
  range?: string | undefined;
  /** First line, from 1. Where execd cannot read lines, the whole file is sent and they are cut out here. */
  offset?: number | undefined;
  /** Number of lines. Default: all that follow. */
  limit?: number | undefined;
  /** A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

export interface ReadFileOptions extends ReadBytesOptions {
  /** A label that `TextDecoder` knows. Default `"utf-8"`. */
  encoding?: string | undefined;
}

/** Files and directories of the sandbox. Calls on several files are not atomic: execd stops at the first failure. */
export interface SandboxFiles {
  /** Keyed by the paths as given. One that is missing fails the whole call with a 404. */
  getFileInfo(paths: string[], options?: CallOptions | AbortSignal): Promise<FilesInfoResponse>;
  /** Files below a directory by their names, hidden ones included, directories never. */
  search(entry: SearchEntry, options?: CallOptions | AbortSignal): Promise<SearchFilesResponse>;
  /** What is in a directory, hidden entries included. Symbolic links are not followed. */
  listDirectory(entry: DirectoryListEntry, options?: CallOptions | AbortSignal): Promise<FileInfo[]>;
  /** Makes directories with their parents. One that exists gets mode and owner anew. A path given twice is refused. */
  createDirectories(entries: CreateDirectoryEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Deletes directories and all that is in them; plain files, too. One that is missing is no error. */
  deleteDirectories(paths: string[], options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Writes files, one request each, one after another, and stops at the first failure. Makes missing parents. Mistakes in
   * paths and modes are found before anything is sent. A new file without a `mode` gets what the daemon's umask leaves of
   * 777, mostly 755; one that exists keeps its own.
   */
  writeFiles(entries: WriteEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** A file as text. Bytes that are no text in the encoding become U+FFFD; a byte order mark is dropped. */
  readFile(path: string, options?: ReadFileOptions, call?: CallOptions | AbortSignal): Promise<string>;
  /** A file as bytes. */
  readBytes(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): Promise<Bytes>;
  /**
   * A file as chunks, as they come. The request is sent when the first one is asked for. Can be iterated once; leaving the
   * loop closes the connection.
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop.
   */
  readBytesStream(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): AsyncIterable<Bytes>;
  /** Deletes files. One that is missing is no error; a directory is. */
  deleteFiles(paths: string[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Moves files and directories, making missing parents. A target that exists is an error, also when it is a directory. */
  moveFiles(entries: MoveEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Replaces literal text, every occurrence. One that does not occur is no error. A path given twice is refused. */
  replaceContents(entries: ContentReplaceEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** As {@link replaceContents}, and tells how often each was found. */
  replaceContentsDetailed(
    entries: ContentReplaceEntry[],
    options?: CallOptions | AbortSignal,
  ): Promise<ContentReplaceResult[]>;
  /** Sets mode and owner. Without `owner` and `group` execd resets both to its own user. A path given twice is refused. */
  setPermissions(entries: SetPermissionEntry[], options?: CallOptions | AbortSignal): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------------------------
// Health and metrics
// ---------------------------------------------------------------------------------------------------------------------

/** Is the daemon there? */
export interface ExecdHealth {
  /** `true`, or a rejection that says why not. `GET /ping`. */
  ping(options?: CallOptions | AbortSignal): Promise<boolean>;
}

/** One sample of CPU and memory. Numbers that the daemon did not send are 0. */
export interface SandboxMetrics {
  cpuCount: number;
  /** 0 to 100. */
  cpuUsedPercentage: number;
  memoryTotalMiB: number;
  memoryUsedMiB: number;
  /** Unix time in milliseconds. */
  timestamp: number;
}

/** How busy is the machine? */
export interface ExecdMetrics {
  /** Takes about a second: the daemon watches the CPU for that long. */
  getMetrics(options?: CallOptions | AbortSignal): Promise<SandboxMetrics>;
}

/** The daemon's own form of {@link SandboxMetrics}. */
export interface Metrics extends Record<string, unknown> {
  cpu_count?: number;
  cpu_used_pct?: number;
  mem_total_mib?: number;
  mem_used_mib?: number;
  timestamp?: number;
}

export type PingResponse = Record<string, unknown>;

// ---------------------------------------------------------------------------------------------------------------------
// Errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What to branch on: stable, and the same in two copies of the package. Of a {@link SandboxApiException} mostly the server's
 * own, such as `DOCKER::SANDBOX_NOT_FOUND`.
 */
export type SandboxErrorCode =
  | "INTERNAL_UNKNOWN_ERROR"
  | "READY_TIMEOUT"
  | "UNHEALTHY"
  | "INVALID_ARGUMENT"
  | "UNEXPECTED_RESPONSE"
  | "ABORTED"
  | "REQUEST_TIMEOUT"
  | "NETWORK_ERROR"
  | "REDIRECT_REFUSED"
  | "CLOSED"
  | "STREAM_INTERRUPTED"
  | "STREAM_STALLED"
  | "MALFORMED_EVENT"
  | "EVENT_TOO_LARGE"
  | "CONSUMER_TOO_SLOW"
  | "WASM_UNAVAILABLE"
  | (string & {});

/** Code and message of an exception. Not an `Error` itself, as in the official SDK. */
export declare class SandboxError {
  static readonly INTERNAL_UNKNOWN_ERROR: "INTERNAL_UNKNOWN_ERROR";
  static readonly READY_TIMEOUT: "READY_TIMEOUT";
  static readonly UNHEALTHY: "UNHEALTHY";
  static readonly INVALID_ARGUMENT: "INVALID_ARGUMENT";
  static readonly UNEXPECTED_RESPONSE: "UNEXPECTED_RESPONSE";
  constructor(code: SandboxErrorCode, message?: string);
  readonly code: SandboxErrorCode;
  readonly message?: string;
}

/** What the constructor of every exception takes. */
export interface SandboxExceptionOptions {
  message?: string | undefined;
  cause?: unknown;
  /** Default: the code of the class. */
  error?: SandboxError | undefined;
  requestId?: string | undefined;
  isRetryable?: boolean | undefined;
}

/** An exception for a log: no body and no header, which may hold secrets. */
export interface SandboxExceptionJson {
  name: string;
  code: SandboxErrorCode;
  message: string;
  statusCode?: number | undefined;
  requestId?: string | undefined;
  isRetryable: boolean;
  /** Message of the cause. */
  cause?: string | undefined;
}

/**
 * Base of all errors that the package makes. Thrown itself with the codes `CLOSED` (the object was closed) and
 * `WASM_UNAVAILABLE` (WebAssembly could not be started; a page's policy needs `script-src 'wasm-unsafe-eval'`).
 */
export declare class SandboxException extends Error {
  constructor(options?: SandboxExceptionOptions);
  readonly name: string;
  /** Code and message as one object, as in the official SDK. */
  readonly error: SandboxError;
  /** What is behind it: what `fetch` threw, the reason of a signal. */
  readonly cause?: unknown;
  /** `X-Request-ID` of the answer, or the one that was sent, to find the request in the server's log. */
  readonly requestId?: string;
  /** Whether the same request may well succeed later. It does not say whether repeating it is safe. */
  readonly isRetryable: boolean;
  /** What had arrived of a run that ended with this error, be it an abort or a cut. Missing for `runStream`, whose caller has it. */
  readonly execution?: Execution;
  /** Id of that run, if it had come: for `getCommandStatus` and `interrupt`. */
  readonly executionId?: string;
  /** What to branch on. */
  get code(): SandboxErrorCode;
  /** For a log. */
  toJSON(): SandboxExceptionJson;
}

/** What the constructor of {@link SandboxApiException} takes. */
export interface SandboxApiExceptionOptions extends SandboxExceptionOptions {
  statusCode?: number | undefined;
  rawBody?: unknown;
}

/**
 * The server answered with an error: `code` and `message` are its own. Also: it answered with what is no answer
 * (`UNEXPECTED_RESPONSE`), or with a redirect (`REDIRECT_REFUSED`).
 */
export declare class SandboxApiException extends SandboxException {
  constructor(options?: SandboxApiExceptionOptions);
  readonly name: "SandboxApiException";
  /** HTTP status. Missing for an answer of success that cannot be read, and for a redirect in a browser. */
  readonly statusCode?: number;
  /** The body: parsed, or as text. What a 422 repeats of the request is taken out. */
  readonly rawBody?: unknown;
}

/** For code written for the official SDK; this package does not throw it. */
export declare class SandboxInternalException extends SandboxException {
  readonly name: "SandboxInternalException";
}

/** `UNHEALTHY`. For code written for the official SDK; this package does not throw it. */
export declare class SandboxUnhealthyException extends SandboxException {
  readonly name: "SandboxUnhealthyException";
}

/** `READY_TIMEOUT`: the sandbox was not ready in time. `cause` is what the last check threw. */
export declare class SandboxReadyTimeoutException extends SandboxException {
  readonly name: "SandboxReadyTimeoutException";
}

/** `INVALID_ARGUMENT`: a value of yours is wrong. The message names it. Nothing was sent for it. */
export declare class InvalidArgumentException extends SandboxException {
  readonly name: "InvalidArgumentException";
}

/** `ABORTED`: your signal fired; `cause` is its reason. Named as the platform names it, so that common checks work. */
export declare class SandboxAbortException extends SandboxException {
  readonly name: "AbortError";
}

/** `REQUEST_TIMEOUT`: a request, or the start of a run, took longer than its limit. */
export declare class SandboxTimeoutException extends SandboxException {
  readonly name: "SandboxTimeoutException";
}

/**
 * `NETWORK_ERROR`: no answer. Refused, reset, or hidden by the browser; the message says what to look at, `cause` is what
 * `fetch` threw.
 */
export declare class SandboxConnectionException extends SandboxException {
  readonly name: "SandboxConnectionException";
}

/** What the constructor of {@link SandboxStreamException} takes. */
export interface SandboxStreamExceptionOptions extends SandboxExceptionOptions {
  execution?: Execution | undefined;
  executionId?: string | undefined;
  lastEvent?: ServerStreamEvent | undefined;
  stillRunning?: boolean | undefined;
}

/**
 * The stream of a run broke before the run had ended: `STREAM_INTERRUPTED`, `STREAM_STALLED`, `MALFORMED_EVENT` or
 * `EVENT_TOO_LARGE`. Nothing that had arrived is lost.
 */
export declare class SandboxStreamException extends SandboxException {
  constructor(options?: SandboxStreamExceptionOptions);
  readonly name: "SandboxStreamException";
  readonly lastEvent?: ServerStreamEvent;
  /** Whether the program goes on, if that could be found out. */
  readonly stillRunning?: boolean;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
