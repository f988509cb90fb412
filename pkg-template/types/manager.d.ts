/// <reference lib="esnext.disposable" />

// Sandboxes by their ids.

import type { CallOptions, ConnectionConfig, ConnectionConfigOptions } from "./connection.js";
import type { InvalidArgumentException } from "./errors.js";
import type { ListSandboxesResponse, SandboxFilter, SandboxId, SandboxInfo, SandboxMetadataPatch } from "./models.js";
import type { Sandbox } from "./sandbox.js";

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

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
