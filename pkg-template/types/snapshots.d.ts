// Snapshots: a sandbox's file system as it was at one moment, to make other sandboxes from.

import type { CallOptions } from "./connection.js";
import type { PaginationInfo, SandboxId } from "./models.js";
import type { SandboxCreateOptions } from "./sandbox.js";

/** As the server writes it. Docker makes a snapshot in the background: `Creating`, then `Ready` or `Failed`. */
export type SnapshotState = "Creating" | "Deleting" | "Ready" | "Failed" | (string & {});

/** How a snapshot is, and why. */
export interface SnapshotStatus extends Record<string, unknown> {
  /** How it is. */
  state: SnapshotState;
  /** Why, as a word for programs. */
  reason?: string;
  /** Why, for people. */
  message?: string;
  /** Since when. */
  lastTransitionAt?: Date;
}

/** A snapshot. {@link SandboxCreateOptions.snapshotId} takes its `id`. It outlives the sandbox that it was made from. */
export interface SnapshotInfo extends Record<string, unknown> {
  /** What {@link SandboxCreateOptions.snapshotId} takes. */
  id: string;
  /** The sandbox that it was made from. */
  sandboxId: SandboxId;
  /** As given when it was made. */
  name?: string;
  /** How it is. */
  status: SnapshotStatus;
  /** When it was asked for. */
  createdAt: Date;
}

/** What a snapshot is to be called. */
export interface CreateSnapshotRequest extends Record<string, unknown> {
  /** To find it again. Not empty. */
  name?: string;
}

/** How to make a snapshot. */
export interface CreateSnapshotOptions extends CallOptions {
  /**
   * Resolve when the snapshot is `Ready`, not when the server has accepted the request. Default `false`. Questions that go
   * wrong for a reason that may pass are asked again within the limit.
   */
  waitUntilReady?: boolean | undefined;
  /** How long to wait, in seconds. Default 300; `Infinity`: no limit. The snapshot goes on being made after that. */
  readyTimeoutSeconds?: number | undefined;
  /** Pause between two questions, in milliseconds. Default 500. */
  pollingIntervalMillis?: number | undefined;
}

/** Which snapshots to list. */
export interface ListSnapshotsParams {
  /** Made from this sandbox. */
  sandboxId?: SandboxId | undefined;
  /** With this name. Servers before 1.1 ignore it. */
  name?: string | undefined;
  /** In any of these states, written as the server writes them: `ready` finds nothing. */
  states?: string[] | undefined;
  /** From 1. */
  page?: number | undefined;
  /** Snapshots per page, at most 200. Default 20. */
  pageSize?: number | undefined;
}

/** One page of snapshots. */
export interface ListSnapshotsResponse extends Record<string, unknown> {
  /** The snapshots of this page. */
  items: SnapshotInfo[];
  /** Which page it is. */
  pagination?: PaginationInfo;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
