// Types of the package, written by hand: what the documentation promises is here. tests/types compares them with the code.

export * from "./types/background.js";
export * from "./types/capabilities.js";
export * from "./types/code-interpreter.js";
export * from "./types/commands.js";
export * from "./types/connection.js";
export * from "./types/constants.js";
export * from "./types/diagnostics.js";
export * from "./types/egress.js";
export * from "./types/errors.js";
export * from "./types/execution.js";
export * from "./types/files.js";
export * from "./types/isolation.js";
export * from "./types/manager.js";
export * from "./types/metrics.js";
export * from "./types/models.js";
export * from "./types/pools.js";
export * from "./types/pty.js";
export * from "./types/sandbox.js";
export * from "./types/sandboxes.js";
export * from "./types/snapshots.js";
export * from "./types/templates.js";
export * from "./types/transfers.js";
export * from "./types/vault.js";
export * from "./types/wire.js";
