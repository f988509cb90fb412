// What a server can tell of a sandbox when something is wrong. All of it is text for people; its lines follow no format.

import type { CallOptions } from "./connection.js";
import type { SandboxId } from "./models.js";

/** What to look at. */
export interface DiagnosticOptions extends CallOptions {
  /**
   * `"container"`, `"runtime"`, `"lifecycle"`, `"network"`, `"all"`: which ones there are depends on the server. Default
   * `"container"` for logs, `"runtime"` for events; those two work with servers before 1.1, too.
   */
  scope?: string | undefined;
}

/** A diagnostic text and what the server says of it. */
export interface DiagnosticContent extends Record<string, unknown> {
  /** The sandbox that was asked about. */
  sandboxId: SandboxId;
  /** Which of the two calls has given it. */
  kind: "logs" | "events";
  /** The scope that the text is about. */
  scope: string;
  /** Whether the server sent the text along or said where it is. `content` has it either way. */
  delivery: "inline" | "url" | (string & {});
  /** MIME type of the text. */
  contentType: string;
  /** The text itself. */
  content: string;
  /** Where it was read from. Whoever knows this address can read it until `expiresAt`. */
  contentUrl?: string;
  /** In bytes. */
  contentLength?: number;
  /** Until when `contentUrl` can be read. */
  expiresAt?: Date;
  /** Whether the server has cut it. Not known from servers before 1.1. */
  truncated?: boolean;
  /** What the server remarks about the text. */
  warnings?: string[];
}

export interface DiagnosticSummaryOptions extends CallOptions {
  /** Lines of the log. Default 50. */
  tail?: number | undefined;
  /** Default 20. */
  eventLimit?: number | undefined;
}

/**
 * Diagnostics of one sandbox. A server that does not have one of them rejects with the code `NOT_SUPPORTED`. The texts may show
 * the sandbox's environment: treat them as secret.
 */
export interface SandboxDiagnostics {
  /**
   * What the sandbox's entrypoint and its daemon have printed. `GET /sandboxes/{id}/diagnostics/logs`. A text that lies
   * elsewhere is fetched from there, without the API key, without any other header of the configuration, without cookies.
   */
  logs(options?: DiagnosticOptions | AbortSignal): Promise<DiagnosticContent>;
  /** What has happened to it. `GET /sandboxes/{id}/diagnostics/events`. */
  events(options?: DiagnosticOptions | AbortSignal): Promise<DiagnosticContent>;
  /** Its state, events and the end of its log in one text. `GET /sandboxes/{id}/diagnostics/summary`. */
  summary(options?: DiagnosticSummaryOptions | AbortSignal): Promise<string>;
  /** Its state: image, limits, ports, labels, environment. `GET /sandboxes/{id}/diagnostics/inspect`. */
  inspect(options?: CallOptions | AbortSignal): Promise<string>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
