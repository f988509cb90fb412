// Sandboxes as the lifecycle server describes them.

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

/** A directory of the machine that the sandbox runs on. The server allows only those under the paths of its own list. */
export interface Host extends Record<string, unknown> {
  /** Absolute: `/data`, `C:\data` or `D:/data`. */
  path: string;
}

/** A persistent volume claim; with Docker, a named volume. */
export interface PVC extends Record<string, unknown> {
  claimName: string;
  /** Default `true`. */
  createIfNotExists?: boolean;
  /** Default `false`. Only for one that was made for this sandbox, and only when the sandbox is killed, not when it expires. */
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

/** A command that the daemon runs before the entrypoint. */
export interface LifecycleHook extends Record<string, unknown> {
  command: string[];
  timeoutSeconds?: number | null;
}

/** A command that the daemon runs from time to time. */
export interface PeriodicLifecycleHook extends LifecycleHook {
  name: string;
  schedule: string;
}

/** Commands that go with a sandbox's life. Needs a server from 1.1 on that runs on Kubernetes. */
export interface SandboxLifecycle extends Record<string, unknown> {
  preStart?: LifecycleHook | null;
  periodic?: PeriodicLifecycleHook[] | null;
}

/** Which pool a sandbox has been taken from. */
export interface AllocationSummary extends Record<string, unknown> {
  mode: string;
  poolRef: string;
  state: string;
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
  /** There when it was taken from a pool. */
  allocation?: AllocationSummary;
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
  /** With all of these values, whatever characters they have. */
  metadata?: Record<string, string> | undefined;
  /** From 1. */
  page?: number | undefined;
  /** Sandboxes per page, at most 200. Default 20. */
  pageSize?: number | undefined;
}

/** The official name of the same thing on another level. */
export type ListSandboxesParams = SandboxFilter;

export interface RenewSandboxExpirationRequest {
  /** As `Date.prototype.toISOString` writes it. */
  expiresAt: string;
}

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

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
