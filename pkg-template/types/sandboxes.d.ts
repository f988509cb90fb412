// The lifecycle API with the wire's own names, as the official SDK has it.

import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException } from "./errors.js";
import type {
  CredentialProxyConfig,
  Endpoint,
  ImageSpec,
  ListSandboxesParams,
  ListSandboxesResponse,
  NetworkPolicy,
  PlatformSpec,
  RenewSandboxExpirationRequest,
  RenewSandboxExpirationResponse,
  ResourceLimits,
  SandboxId,
  SandboxInfo,
  SandboxLifecycle,
  SandboxMetadataPatch,
  SandboxStatus,
  Volume,
} from "./models.js";
import type { Sandbox, SandboxCreateOptions } from "./sandbox.js";
import type {
  CreateSnapshotOptions,
  CreateSnapshotRequest,
  ListSnapshotsParams,
  ListSnapshotsResponse,
  SnapshotInfo,
} from "./snapshots.js";

/**
 * The body of `POST /sandboxes`. Nothing is filled in: unlike {@link SandboxCreateOptions}, leaving `timeout` out means that the
 * sandbox has no expiry. Exactly one of `image`, `snapshotId` and `templateId` must be given.
 */
export interface CreateSandboxRequest extends Record<string, unknown> {
  /** What to start from. */
  image?: ImageSpec;
  /** A snapshot to start from. */
  snapshotId?: string;
  /** Needs a server from 1.1 on that runs on Kubernetes. */
  templateId?: string;
  /** Required with `image`. */
  entrypoint?: string[];
  /** What to run on. Default: the server's choice. */
  platform?: PlatformSpec;
  /** Ask the server to protect the sandbox's endpoints with a token. */
  secureAccess?: boolean;
  /** In seconds, at least 60. `null` or left out: it lives until it is deleted. */
  timeout?: number | null;
  /** Required with `image` and `snapshotId`; may be `{}`. */
  resourceLimits?: ResourceLimits;
  /** What is reserved, where the server tells that from limits. */
  resourceRequests?: ResourceLimits;
  /** Environment of the entrypoint. */
  env?: Record<string, string>;
  /** To find it again. The server takes what Kubernetes takes as labels. */
  metadata?: Record<string, string>;
  /** Rules for outgoing traffic. */
  networkPolicy?: NetworkPolicy;
  /** Whether outgoing requests get credentials on their way. Needs a `networkPolicy`. */
  credentialProxy?: CredentialProxyConfig;
  /** Storage to mount. */
  volumes?: Volume[];
  /** For the server's runtime. */
  extensions?: Record<string, string>;
  /** Commands that go with its life. Docker servers refuse them. */
  lifecycle?: SandboxLifecycle;
}

/** A sandbox that was made. */
export interface CreateSandboxResponse extends Record<string, unknown> {
  /** Its id from now on. */
  id: SandboxId;
  /** Docker has made it by now: `Running`. Its daemon may not answer yet. */
  status: SandboxStatus;
  /** What it runs on, where that was asked for. */
  platform?: PlatformSpec;
  /** As in the request. */
  metadata?: Record<string, string>;
  /** As in the request, where the server tells it. */
  extensions?: Record<string, string>;
  /** When it was made. */
  createdAt: Date;
  /** `null`: it has no expiry. */
  expiresAt: Date | null;
  /** What runs in it. */
  entrypoint: string[];
}

/**
 * The lifecycle API of a server, for any sandbox by its id: {@link Sandbox.sandboxes}. Its methods reject as those of
 * {@link Sandbox} do; closing the {@link Sandbox} closes it, too.
 */
export interface Sandboxes {
  /**
   * Makes a sandbox, and does not wait until it is ready. Its limit is 300 s, for the server may pull an image, unless
   * `requestTimeoutSeconds` of the call says otherwise. A sandbox that is made after the limit or an abort is deleted.
   */
  createSandbox(request: CreateSandboxRequest, options?: CallOptions | AbortSignal): Promise<CreateSandboxResponse>;
  /** What the server knows of a sandbox. */
  getSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<SandboxInfo>;
  /** One page of sandboxes, newest first. */
  listSandboxes(filter?: ListSandboxesParams, options?: CallOptions | AbortSignal): Promise<ListSandboxesResponse>;
  /** Sets metadata and, with `null`, deletes it. */
  patchSandboxMetadata(
    sandboxId: SandboxId,
    patch: SandboxMetadataPatch,
    options?: CallOptions | AbortSignal,
  ): Promise<SandboxInfo>;
  /** Ends a sandbox and everything in it. */
  deleteSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /** Stops a sandbox's programs. Its expiry is not stopped. */
  pauseSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /** Lets a sandbox's programs go on. Does not wait until it is ready. */
  resumeSandbox(sandboxId: SandboxId, options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Moves the time at which a sandbox ends, which may be earlier than before.
   *
   * @throws {@link InvalidArgumentException} when `expiresAt` is no time.
   */
  renewSandboxExpiration(
    sandboxId: SandboxId,
    request: RenewSandboxExpirationRequest,
    options?: CallOptions | AbortSignal,
  ): Promise<RenewSandboxExpirationResponse>;
  /** See {@link Sandbox.createSnapshot}. */
  createSnapshot(
    sandboxId: SandboxId,
    request?: CreateSnapshotRequest,
    options?: CreateSnapshotOptions | AbortSignal,
  ): Promise<SnapshotInfo>;
  /** How a snapshot is. */
  getSnapshot(snapshotId: string, options?: CallOptions | AbortSignal): Promise<SnapshotInfo>;
  /** One page of snapshots. */
  listSnapshots(filter?: ListSnapshotsParams, options?: CallOptions | AbortSignal): Promise<ListSnapshotsResponse>;
  /** The server refuses to delete one that is being made, or that a sandbox runs from: 409. */
  deleteSnapshot(snapshotId: string, options?: CallOptions | AbortSignal): Promise<void>;
  /** Where a port is reached. Asked anew each time; {@link Sandbox.getEndpoint} remembers. `useServerProxy`: default `false`. */
  getSandboxEndpoint(
    sandboxId: SandboxId,
    port: number,
    useServerProxy?: boolean,
    options?: CallOptions | AbortSignal,
  ): Promise<Endpoint>;
  /** See {@link Sandbox.getSignedEndpoint}. */
  getSignedEndpoint(
    sandboxId: SandboxId,
    port: number,
    expires: number,
    options?: CallOptions | AbortSignal,
  ): Promise<Endpoint>;
  /** Makes the {@link Sandbox} that this belongs to ask for its endpoints anew, if it has this id. Else it does nothing. */
  invalidateEndpointCache(sandboxId: SandboxId): void;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
