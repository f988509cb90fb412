// Liveness and usage of a sandbox.

import type { CallOptions } from "./connection.js";

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

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
