/// <reference lib="esnext.disposable" />

// One sandbox, from creation to its end.

import type { CapabilitiesOptions, SandboxCapabilities } from "./capabilities.js";
import type { Codes } from "./code-interpreter.js";
import type { ExecdCommands } from "./commands.js";
import type { CallOptions, ConnectionConfig, ConnectionConfigOptions } from "./connection.js";
import type { SandboxDiagnostics } from "./diagnostics.js";
import type { Egress } from "./egress.js";
import type {
  InvalidArgumentException,
  SandboxAbortException,
  SandboxApiException,
  SandboxConnectionException,
  SandboxException,
  SandboxReadyTimeoutException,
  SandboxTimeoutException,
} from "./errors.js";
import type { SandboxFiles } from "./files.js";
import type { IsolationService } from "./isolation.js";
import type { SandboxManager } from "./manager.js";
import type { ExecdHealth, ExecdMetrics, SandboxMetrics } from "./metrics.js";
import type {
  CredentialProxyConfig,
  Endpoint,
  ImageSpec,
  NetworkPolicy,
  NetworkRule,
  PlatformSpec,
  RenewSandboxExpirationResponse,
  ResourceLimits,
  SandboxId,
  SandboxInfo,
  SandboxLifecycle,
  SandboxMetadataPatch,
  Volume,
} from "./models.js";
import type { SandboxPty } from "./pty.js";
import type { Sandboxes } from "./sandboxes.js";
import type { CreateSnapshotOptions, CreateSnapshotRequest, SnapshotInfo } from "./snapshots.js";
import type { CredentialVault } from "./vault.js";

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
  /** Whether outgoing requests get credentials on their way: `sandbox.credentialVault`. Default: no. */
  credentialProxy?: CredentialProxyConfig | undefined;
  /** Storage to mount. Default: none. */
  volumes?: Volume[] | undefined;
  /** For the server's runtime. Default `{}`. */
  extensions?: Record<string, string> | undefined;
  /** What to run on. Default: the server's choice. */
  platform?: PlatformSpec | undefined;
  /** Ask the server to protect the sandbox's endpoints with a token. Default `false`. */
  secureAccess?: boolean | undefined;
  /** Limits. Default `{ cpu: "1", memory: "2Gi" }`. */
  resource?: ResourceLimits | undefined;
  /** What is reserved, where the server tells that from limits. */
  resourceRequests?: ResourceLimits | undefined;
  /** Commands that go with its life. Docker servers refuse them. */
  lifecycle?: SandboxLifecycle | undefined;
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

/** Options of {@link Sandbox.createFromTemplate}. What is not here, the template has settled. */
export interface SandboxCreateFromTemplateOptions extends ReadinessOptions, CallOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
  /** A template whose phase is `Succeeded`. */
  templateId: string;
  /** How long the sandbox lives, in seconds; a fraction is cut off. Has no default. */
  timeoutSeconds: number;
  /** To find it again with {@link SandboxManager.listSandboxInfos}. Default `{}`. */
  metadata?: Record<string, string> | undefined;
  /** Rules for outgoing traffic. A missing `defaultAction` is sent as `"deny"`. */
  networkPolicy?: NetworkPolicy | undefined;
  /** For the server's runtime. Default `{}`. */
  extensions?: Record<string, string> | undefined;
  /** As in {@link SandboxCreateOptions}. */
  createTimeoutSeconds?: number | undefined;
  /** Aborts the making and the waiting. A sandbox that was made, or is made after that, is killed. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Sandbox.waitForPort}. */
export interface WaitForPortOptions extends CallOptions {
  /** How long to wait, in seconds. Default 30; `Infinity`: no limit; 0 or less: one attempt, of up to a second. */
  timeoutSeconds?: number | undefined;
  /** Pause between two attempts, in milliseconds. Default 200. */
  intervalMillis?: number | undefined;
  /** What to ask for, with its query. Default `"/"`. */
  path?: string | undefined;
}

/** Options of {@link Sandbox.connect} and of the static {@link Sandbox.resume}. */
export interface SandboxConnectOptions extends ReadinessOptions, CallOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
  /** Which sandbox. */
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
   * As {@link create}, from a template. Needs a server from 1.1 on that runs on Kubernetes; others reject with the code
   * `NOT_SUPPORTED`, or refuse the request in words of their own.
   */
  static createFromTemplate(options: SandboxCreateFromTemplateOptions): Promise<Sandbox>;
  /**
   * A handle to a sandbox that exists. Never deletes it.
   *
   * @throws {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`) when it does not answer in time.
   */
  static connect(options: SandboxConnectOptions): Promise<Sandbox>;
  /** Resumes a paused sandbox and connects to it. */
  static resume(options: SandboxConnectOptions): Promise<Sandbox>;

  /** For {@link Sandbox.connect} and {@link SandboxManager}. */
  get id(): SandboxId;
  /** The configuration that it was made with. */
  get connectionConfig(): ConnectionConfig;
  /** Programs and bash sessions. */
  get commands(): ExecdCommands;
  /** Code in contexts that keep their state: Python and other languages that the image has kernels for. */
  get codes(): Codes;
  /** Files and directories. */
  get files(): SandboxFiles;
  /** Is the daemon there? */
  get health(): ExecdHealth;
  /** CPU and memory. */
  get metrics(): ExecdMetrics;
  /** Rules for outgoing traffic. */
  get egress(): Egress;
  /** Credentials that the egress proxy puts into requests. */
  get credentialVault(): CredentialVault;
  /** Sessions that are walled off from the rest of the sandbox. */
  get isolation(): IsolationService;
  /** Terminals. */
  get pty(): SandboxPty;
  /** The lifecycle API with the wire's own names, for any sandbox of the server. */
  get sandboxes(): Sandboxes;
  /** Logs, events and state, for when something is wrong. */
  get diagnostics(): SandboxDiagnostics;

  /** What the lifecycle server knows of it. `GET /sandboxes/{id}`. */
  getInfo(options?: CallOptions | AbortSignal): Promise<SandboxInfo>;
  /** Whether the daemon answers a ping. Gives `false` for every failure, your abort included; rejects only for wrong arguments. */
  isHealthy(options?: CallOptions | AbortSignal): Promise<boolean>;
  /** One sample of CPU and memory. Takes about a second: the daemon watches the CPU for that long. */
  getMetrics(options?: CallOptions | AbortSignal): Promise<SandboxMetrics>;
  /**
   * What this sandbox and its server can do. Found out with a few small requests, sent at the same time, that change nothing;
   * remembered by this handle.
   */
  capabilities(options?: CapabilitiesOptions | AbortSignal): Promise<SandboxCapabilities>;
  /** The current rules for outgoing traffic. The same as {@link Egress.getPolicy}. */
  getEgressPolicy(options?: CallOptions | AbortSignal): Promise<NetworkPolicy>;
  /** Adds rules before those that are there. The same as {@link Egress.patchRules}. */
  patchEgressRules(rules: NetworkRule[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Takes the rules for these targets away. The same as {@link Egress.deleteRules}. */
  deleteEgressRules(targets: string[], options?: CallOptions | AbortSignal): Promise<void>;
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
   * Where a port of a sandbox made with `secureAccess` is reached by anybody who has the address, until `expires`. Asked anew
   * each time. Docker servers refuse it: `SANDBOX::API_NOT_SUPPORTED`.
   *
   * @param port A whole number from 1 to 65535.
   * @param expires Unix time in **seconds**.
   */
  getSignedEndpoint(port: number, expires: number, options?: CallOptions | AbortSignal): Promise<Endpoint>;
  /**
   * Waits until a program in the sandbox answers at a port, whatever its answer is: also an error or a redirect. `GET` of
   * the endpoint's URL and `path`; the body is not read. An answer with 502 or 504 counts as one of a proxy that could not
   * reach the program.
   *
   * @param port A whole number from 1 to 65535.
   * @throws {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`) with the last attempt's error as its `cause`;
   * {@link SandboxApiException} when the sandbox is gone.
   */
  waitForPort(port: number, options?: WaitForPortOptions | AbortSignal): Promise<void>;
  /**
   * Keeps its file system as it is now, to make sandboxes from: {@link SandboxCreateOptions.snapshotId}. The sandbox must be
   * running, and Docker pauses it for a moment. The server makes the snapshot in the background: wait for it with
   * `waitUntilReady`, or ask {@link SandboxManager.getSnapshot}.
   *
   * @throws {@link SandboxApiException} with the code `SNAPSHOT_FAILED` when the server could not make it (`rawBody` is the
   * snapshot); {@link SandboxReadyTimeoutException} (`READY_TIMEOUT`) when it was not ready in time.
   */
  createSnapshot(request?: CreateSnapshotRequest, options?: CreateSnapshotOptions | AbortSignal): Promise<SnapshotInfo>;
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

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
