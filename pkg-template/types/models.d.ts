// Sandboxes as the lifecycle server describes them.

/** Id of a sandbox, as the server gave it. `""`, `"."` and `".."` are refused. */
export type SandboxId = string;

/** Login for the registry of an image. */
export interface ImageAuth extends Record<string, unknown> {
  /** User name at the registry. */
  username?: string;
  /** Password, or a token in its place. */
  password?: string;
  /** In the official types. The lifecycle server 1.1.1 does not know it: use `username` and `password`. */
  token?: string;
}

/** A container image. */
export interface ImageSpec {
  /** Such as `"python:3.12-slim"`. */
  uri: string;
  /** When the registry wants a login. */
  auth?: ImageAuth | undefined;
}

/** Operating system and processor. */
export interface PlatformSpec extends Record<string, unknown> {
  /** The operating system. */
  os: "linux" | "windows";
  /** The processor. */
  arch: "amd64" | "arm64";
}

/** Names and amounts in Kubernetes' notation, such as `{ cpu: "500m", memory: "512Mi" }`. */
export type ResourceLimits = Record<string, string>;

/** What happens to traffic that a rule is for. */
export type NetworkRuleAction = "allow" | "deny";

/** One rule for outgoing traffic. */
export interface NetworkRule extends Record<string, unknown> {
  /** What happens to it. */
  action: NetworkRuleAction;
  /** A host name, such as `"api.example.com"` or `"*.example.com"`. */
  target: string;
}

/** Rules for outgoing traffic. */
export interface NetworkPolicy extends Record<string, unknown> {
  /** What applies where no rule does. Default `"deny"`. */
  defaultAction?: NetworkRuleAction;
  /** The rules. Default: none. */
  egress?: NetworkRule[];
}

/** A directory of the machine that the sandbox runs on. The server allows only those under the paths of its own list. */
export interface Host extends Record<string, unknown> {
  /** Absolute: `/data`, `C:\data` or `D:/data`. */
  path: string;
}

/** A persistent volume claim; with Docker, a named volume. */
export interface PVC extends Record<string, unknown> {
  /** Name of the claim or the named volume. */
  claimName: string;
  /** Default `true`. */
  createIfNotExists?: boolean;
  /** Default `false`. Only for one that was made for this sandbox, and only when the sandbox is killed, not when it expires. */
  deleteOnSandboxTermination?: boolean;
  /** Kubernetes' storage class for one that is made. Default: the cluster's. Docker ignores it. */
  storageClass?: string | null;
  /** Size of one that is made, such as `"10Gi"`. Default: the server's. Docker ignores it. */
  storage?: string | null;
  /** Access modes of one that is made. Default `["ReadWriteOnce"]`. Docker ignores them. */
  accessModes?: string[] | null;
}

/** A bucket of Alibaba Cloud's object storage. */
export interface OSSFS extends Record<string, unknown> {
  /** Name of the bucket. */
  bucket: string;
  /** Such as `"oss-cn-hangzhou.aliyuncs.com"`. */
  endpoint: string;
  /** Which ossfs the server mounts it with. Default: the server's. */
  version?: "1.0" | "2.0";
  /** Further options of ossfs, without the dashes. */
  options?: string[];
  /** Id of the access key. */
  accessKeyId: string;
  /** The access key itself. It is sent to the lifecycle server. */
  accessKeySecret: string;
}

/** Storage that is mounted into a sandbox: exactly one of `host`, `pvc` and `ossfs`. */
export interface Volume extends Record<string, unknown> {
  /** Of your choice; each volume of a sandbox has another. */
  name: string;
  /** A directory of the machine. */
  host?: Host;
  /** A claim or a named volume. */
  pvc?: PVC;
  /** A bucket. */
  ossfs?: OSSFS;
  /** Where it is in the sandbox. Absolute. */
  mountPath: string;
  /** Default `false`. */
  readOnly?: boolean;
  /** Mount only this directory of it. Relative, without `..`. */
  subPath?: string;
}

/** Whether the sandbox's outgoing traffic goes through the proxy that puts credentials into it. */
export interface CredentialProxyConfig extends Record<string, unknown> {
  /** Needs a `networkPolicy`. Default `false`. */
  enabled?: boolean;
}

/** A command that the daemon runs before the entrypoint. */
export interface LifecycleHook extends Record<string, unknown> {
  /** The program and its arguments. */
  command: string[];
  /** How long it may take, in seconds. Default: the daemon's. */
  timeoutSeconds?: number | null;
}

/** A command that the daemon runs from time to time. */
export interface PeriodicLifecycleHook extends LifecycleHook {
  /** Of your choice. */
  name: string;
  /** When it runs, as the daemon understands it. Passed on as it is. */
  schedule: string;
}

/** Commands that go with a sandbox's life. Needs a server from 1.1 on that runs on Kubernetes. */
export interface SandboxLifecycle extends Record<string, unknown> {
  /** Runs before the entrypoint. */
  preStart?: LifecycleHook | null;
  /** Run while the sandbox does. */
  periodic?: PeriodicLifecycleHook[] | null;
}

/** Which pool a sandbox has been taken from. */
export interface AllocationSummary extends Record<string, unknown> {
  /** How it was taken, in the server's words. */
  mode: string;
  /** Name of the pool. */
  poolRef: string;
  /** How the allocation is, in the server's words. */
  state: string;
}

/**
 * How a sandbox is. These are the official SDK's words; servers have others, too: `Pending`, `Stopping`, `Terminated`,
 * `Failed`.
 */
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

/** How a sandbox is, and why. */
export interface SandboxStatus extends Record<string, unknown> {
  /** How it is. */
  state: SandboxState;
  /** Why, as a word for programs, such as `CONTAINER_RUNNING`. */
  reason?: string;
  /** Why, for people. */
  message?: string;
  /** Since when. */
  lastTransitionAt?: Date;
}

/** What the lifecycle server knows of a sandbox. Fields that are not listed here are passed on as the server sent them. */
export interface SandboxInfo extends Record<string, unknown> {
  /** For {@link Sandbox.connect} and {@link SandboxManager}. */
  id: SandboxId;
  /** What it was made from, if that was an image. */
  image?: ImageSpec;
  /** What it was made from, if that was a snapshot. */
  snapshotId?: string;
  /** What it runs on, where that was asked for. */
  platform?: PlatformSpec;
  /** What runs in it. */
  entrypoint: string[];
  /** As given when it was made, and as patched since. */
  metadata?: Record<string, string>;
  /** As given when it was made, where the server tells it. */
  extensions?: Record<string, string>;
  /** There when it was taken from a pool. */
  allocation?: AllocationSummary;
  /** How it is. */
  status: SandboxStatus;
  /** When it was made. */
  createdAt: Date;
  /** `null`: it has no expiry and lives until it is killed. */
  expiresAt: Date | null;
}

/** Values to set; `null` deletes a key. Keys that are not named stay. */
export type SandboxMetadataPatch = Record<string, string | null>;

/** Which page of a list it is. */
export interface PaginationInfo extends Record<string, unknown> {
  /** Number of this page, from 1. */
  page: number;
  /** How many fit on a page. */
  pageSize: number;
  /** How many there are in all. */
  totalItems: number;
  /** How many pages there are. */
  totalPages: number;
  /** Whether another page follows. */
  hasNextPage: boolean;
}

/** One page of sandboxes. */
export interface ListSandboxesResponse extends Record<string, unknown> {
  /** The sandboxes of this page. */
  items: SandboxInfo[];
  /** Which page it is. */
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

/** When a sandbox shall end. */
export interface RenewSandboxExpirationRequest {
  /** As `Date.prototype.toISOString` writes it. */
  expiresAt: string;
}

/** When a sandbox will end. */
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
