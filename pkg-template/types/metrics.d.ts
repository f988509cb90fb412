// Liveness and usage of a sandbox.

import type { CallOptions } from "./connection.js";
import type {
  InvalidArgumentException,
  SandboxAbortException,
  SandboxApiException,
  SandboxStreamException,
  SandboxTimeoutException,
} from "./errors.js";

/** Is the daemon there? */
export interface ExecdHealth {
  /** `true`, or a rejection that says why not. `GET /ping`, sent once, whatever `retry` says: the question is whether it answers now. */
  ping(options?: CallOptions | AbortSignal): Promise<boolean>;
}

/** One sample of CPU and memory. Numbers that the daemon did not send are 0. */
export interface SandboxMetrics {
  /** Number of processors. */
  cpuCount: number;
  /** 0 to 100. */
  cpuUsedPercentage: number;
  /** Memory there is, in MiB. */
  memoryTotalMiB: number;
  /** Memory in use, in MiB. */
  memoryUsedMiB: number;
  /** Unix time in milliseconds. */
  timestamp: number;
}

/** Options of {@link ExecdMetrics.watch}. `requestTimeoutSeconds` limits the look-up of the daemon, not the watching. */
export interface WatchMetricsOptions extends CallOptions {
  /** How long the first sample may take, in seconds. Default 60; 0: no limit. */
  startTimeoutSeconds?: number | undefined;
  /** How long the stream may be silent after that, in seconds. Default 20; 0: no limit. */
  idleTimeoutSeconds?: number | undefined;
}

/** How busy is the machine? */
export interface ExecdMetrics {
  /** Takes about a second: the daemon watches the CPU for that long. */
  getMetrics(options?: CallOptions | AbortSignal): Promise<SandboxMetrics>;
  /**
   * Samples as they are taken, one about every two seconds, until you leave the loop, which closes the connection. Nothing is
   * sent before the first one is asked for. It can be iterated once.
   *
   * ```js
   * for await (const { cpuUsedPercentage } of sandbox.metrics.watch()) if (cpuUsedPercentage < 5) break;
   * ```
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop. In the loop:
   * - {@link SandboxStreamException}: the connection was cut (`STREAM_INTERRUPTED`), was silent for too long (`STREAM_STALLED`),
   *   or carried what is no sample (`MALFORMED_EVENT`). There is no other end: watch again to go on;
   * - {@link SandboxTimeoutException} (`REQUEST_TIMEOUT`): the first sample took longer than `startTimeoutSeconds`;
   * - {@link SandboxAbortException} (`ABORTED`): your signal fired;
   * - {@link SandboxApiException} (`RUNTIME_ERROR`): the daemon could not take a sample.
   */
  watch(options?: WatchMetricsOptions | AbortSignal): AsyncIterable<SandboxMetrics>;
}

/** The daemon's own form of {@link SandboxMetrics}. */
export interface Metrics extends Record<string, unknown> {
  /** See {@link SandboxMetrics.cpuCount}. */
  cpu_count?: number;
  /** See {@link SandboxMetrics.cpuUsedPercentage}. */
  cpu_used_pct?: number;
  /** See {@link SandboxMetrics.memoryTotalMiB}. */
  mem_total_mib?: number;
  /** See {@link SandboxMetrics.memoryUsedMiB}. */
  mem_used_mib?: number;
  /** Unix time in milliseconds. */
  timestamp?: number;
}

/** What the daemon answers to a ping: nothing that means anything. */
export type PingResponse = Record<string, unknown>;

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
