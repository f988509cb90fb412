// The official SDK's constants.

/** Port of execd, the daemon inside every sandbox: 44772. */
export declare const DEFAULT_EXECD_PORT: 44772;
/** Port of the egress sidecar: 18080. */
export declare const DEFAULT_EGRESS_PORT: 18080;
/** What a sandbox runs when `entrypoint` is not given: `["tail", "-f", "/dev/null"]`. */
export declare const DEFAULT_ENTRYPOINT: string[];
/** Limits of a sandbox when `resource` is not given: `{ cpu: "1", memory: "2Gi" }`. */
export declare const DEFAULT_RESOURCE_LIMITS: Record<string, string>;
/** How long a sandbox lives when `timeoutSeconds` is not given: 600 seconds. */
export declare const DEFAULT_TIMEOUT_SECONDS: 600;
/** How long to wait for a sandbox to become ready: 30 seconds. */
export declare const DEFAULT_READY_TIMEOUT_SECONDS: 30;
/** Pause between two readiness checks: 200 milliseconds. */
export declare const DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS: 200;
/** Limit of one request: 30 seconds. */
export declare const DEFAULT_REQUEST_TIMEOUT_SECONDS: 30;

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
