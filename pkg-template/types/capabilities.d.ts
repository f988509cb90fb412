// What a sandbox and its server can do.

import type { CallOptions } from "./connection.js";

/** Options of `sandbox.capabilities()`. */
export interface CapabilitiesOptions extends CallOptions {
  /** Ask again. Default `false`: what this handle has found out before is good enough. */
  refresh?: boolean | undefined;
  /**
   * Run `jupyter kernelspec list` in the sandbox to learn the languages. It only reads, but takes a second or two. Default
   * `false`.
   */
  probeLanguages?: boolean | undefined;
}

/** What a sandbox and its server can do, as far as requests that change nothing can tell. */
export interface SandboxCapabilities {
  /**
   * Whether code can be run. `true`: a code context exists, or Jupyter answers at its usual port, 44771. `false`: execd cannot,
   * or no kernel is installed. Else `"unknown"`: execd does not tell whether a Jupyter is configured.
   */
  interpreter: boolean | "unknown";
  /**
   * Languages that code can be in: of the installed kernels if `probeLanguages` has found them, else of the contexts that
   * exist, which may be fewer. `"unknown"` if there is neither.
   */
  languages: string[] | "unknown";
  /** Whether execd has terminals. */
  pty: boolean;
  /** Whether `sandbox.isolation` works here. */
  isolation: boolean;
  /** Whether there is an egress sidecar: `sandbox.egress` works. */
  egress: boolean;
  /** Whether the sidecar takes credentials from here: `sandbox.credentialVault` works. */
  vault: boolean;
  /** Versions, as far as they are known. */
  versions: {
    /** Of the lifecycle server, if it tells: 1.1 and newer do. */
    server?: string;
  };
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
