/// <reference lib="esnext.disposable" />

// Sandboxes by their ids.

import type { CallOptions, ConnectionConfig, ConnectionConfigOptions } from "./connection.js";
import type { SandboxDiagnostics } from "./diagnostics.js";
import type { InvalidArgumentException } from "./errors.js";
import type { ListSandboxesResponse, SandboxFilter, SandboxId, SandboxInfo, SandboxMetadataPatch } from "./models.js";
import type { CreatePoolRequest, ListPoolsResponse, PoolInfo, UpdatePoolRequest } from "./pools.js";
import type { Sandbox } from "./sandbox.js";
import type {
  CreateSnapshotOptions,
  CreateSnapshotRequest,
  ListSnapshotsParams,
  ListSnapshotsResponse,
  SnapshotInfo,
} from "./snapshots.js";
import type { CreateTemplateRequest, ListTemplatesParams, ListTemplatesResponse, TemplateInfo } from "./templates.js";

/** Options of {@link SandboxManager.create}. */
export interface SandboxManagerOptions {
  /** Default: `new ConnectionConfig()`, that is, the environment's. */
  connectionConfig?: ConnectionConfig | ConnectionConfigOptions | undefined;
  /** Not supported: pass a `fetch` of your own in `connectionConfig`. Given at all, it is an {@link InvalidArgumentException}. */
  adapterFactory?: never;
}

/**
 * Lists and manages the sandboxes of a server by their ids, and its snapshots, templates and pools. Its methods reject as those
 * of {@link Sandbox} do, and with the code `NOT_SUPPORTED` where a server does not have what was asked for.
 *
 * @example
 * for await (const { id, status } of manager.sandboxes({ metadata: { project: "demo" } })) console.log(id, status.state);
 */
export declare class SandboxManager {
  protected constructor();

  /**
   * Makes a manager at once; nothing is sent.
   *
   * @throws {@link InvalidArgumentException} at once, not as a rejection.
   */
  static create(options?: SandboxManagerOptions): SandboxManager;

  /** The configuration that it was made with. */
  get connectionConfig(): ConnectionConfig;
  /** One page of sandboxes. `GET /sandboxes`. */
  listSandboxInfos(filter?: SandboxFilter, options?: CallOptions | AbortSignal): Promise<ListSandboxesResponse>;
  /**
   * All sandboxes that fit, one after another; a page is asked for when its first item is, and `break` ends the asking. The
   * loop may end what it is given: if the list has become shorter meanwhile, it is gone through again for what has moved up.
   * No sandbox comes twice. Can be iterated more than once, and asks again then.
   *
   * @throws {@link InvalidArgumentException} at once, for a wrong filter.
   */
  sandboxes(filter?: SandboxFilter, options?: CallOptions | AbortSignal): AsyncIterable<SandboxInfo>;
  /** What the server knows of a sandbox. `GET /sandboxes/{id}`. */
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
  /** Diagnostics of a sandbox. Sends nothing by itself. */
  diagnostics(sandboxId: SandboxId): SandboxDiagnostics;

  /** See {@link Sandbox.createSnapshot}. */
  createSnapshot(
    sandboxId: SandboxId,
    request?: CreateSnapshotRequest,
    options?: CreateSnapshotOptions | AbortSignal,
  ): Promise<SnapshotInfo>;
  /** How a snapshot is. `GET /snapshots/{id}`. */
  getSnapshot(snapshotId: string, options?: CallOptions | AbortSignal): Promise<SnapshotInfo>;
  /** One page of snapshots. `GET /snapshots`. */
  listSnapshots(filter?: ListSnapshotsParams, options?: CallOptions | AbortSignal): Promise<ListSnapshotsResponse>;
  /** All snapshots that fit, as {@link sandboxes} gives sandboxes. */
  snapshots(filter?: ListSnapshotsParams, options?: CallOptions | AbortSignal): AsyncIterable<SnapshotInfo>;
  /** The server refuses to delete one that is being made, or that a sandbox runs from: 409. */
  deleteSnapshot(snapshotId: string, options?: CallOptions | AbortSignal): Promise<void>;

  /** Begins to build a template; ask {@link getTemplate} how it goes. `POST /templates`. */
  createTemplate(request: CreateTemplateRequest, options?: CallOptions | AbortSignal): Promise<TemplateInfo>;
  /** How a template is. `GET /templates/{id}`. */
  getTemplate(templateId: string, options?: CallOptions | AbortSignal): Promise<TemplateInfo>;
  /** One page of templates. `GET /templates`. */
  listTemplates(filter?: ListTemplatesParams, options?: CallOptions | AbortSignal): Promise<ListTemplatesResponse>;
  /** All templates that fit, as {@link sandboxes} gives sandboxes. */
  templates(filter?: ListTemplatesParams, options?: CallOptions | AbortSignal): AsyncIterable<TemplateInfo>;
  /** Deletes a template. `DELETE /templates/{id}`. */
  deleteTemplate(templateId: string, options?: CallOptions | AbortSignal): Promise<void>;

  /** `POST /pools`. */
  createPool(request: CreatePoolRequest, options?: CallOptions | AbortSignal): Promise<PoolInfo>;
  /** How a pool is. `GET /pools/{name}`. */
  getPool(poolName: string, options?: CallOptions | AbortSignal): Promise<PoolInfo>;
  /** All pools. `GET /pools`. */
  listPools(options?: CallOptions | AbortSignal): Promise<ListPoolsResponse>;
  /** Changes the sizes of a pool. `PUT /pools/{name}`. */
  updatePool(poolName: string, request: UpdatePoolRequest, options?: CallOptions | AbortSignal): Promise<PoolInfo>;
  /** Deletes a pool. `DELETE /pools/{name}`. */
  deletePool(poolName: string, options?: CallOptions | AbortSignal): Promise<void>;

  /** Aborts this manager's requests; later calls reject with the code `CLOSED`. */
  close(): Promise<void>;
  /** `await using`: the same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
