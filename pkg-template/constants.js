// The official SDK's constants.

/** The daemon's port inside every sandbox. */
export const DEFAULT_EXECD_PORT = 44772;
/** The egress sidecar's port. */
export const DEFAULT_EGRESS_PORT = 18080;
export const DEFAULT_ENTRYPOINT = ["tail", "-f", "/dev/null"];
export const DEFAULT_RESOURCE_LIMITS = { cpu: "1", memory: "2Gi" };
export const DEFAULT_TIMEOUT_SECONDS = 600;
export const DEFAULT_READY_TIMEOUT_SECONDS = 30;
export const DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS = 200;
export const DEFAULT_REQUEST_TIMEOUT_SECONDS = 30;
