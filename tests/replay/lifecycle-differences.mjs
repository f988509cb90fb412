// What this server answers differently from the recorded one, on purpose, with the reason. `found` are patterns: every
// difference must match one, and every pattern must match a difference, so the list is never longer than the truth.
const snapshot = "snapshots are not implemented yet: 501 SNAPSHOT::NOT_IMPLEMENTED";
const diagnostics = "diagnostics are not implemented yet: 501 DIAGNOSTICS_NOT_IMPLEMENTED";
const direct = "sandboxes share the machine's network, so a direct endpoint is the port itself and not a path of execd";
const jail = "what a sandbox serves is jailed, because a page may share the origin with it";
const jailed = [
  /^header content-security-policy: recorded undefined, got sandbox allow-scripts allow-forms$/,
  /^header x-content-type-options: recorded undefined, got nosniff$/,
];
const status = (recorded, got) => new RegExp(`^status: recorded ${recorded}, got ${got}$`);
const body = /^(body: recorded keys|header (content-length|content-type|location):|recorded |not JSON)/;

export const lifecycle = {
  "endpoint-direct": {
    reason: `${direct}; execd wants its token`,
    found: [/^body: recorded keys endpoint, got endpoint,headers$/],
  },
  "endpoint-egress": { reason: direct, found: [/^endpoint: recorded .*\/proxy\/18080"/] },
  "proxy-ping": { reason: jail, found: jailed },
  "proxy-metrics": { reason: jail, found: jailed },
  "snapshot-create": { reason: snapshot, found: [status(202, 501), body] },
  "snapshot-get": { reason: snapshot, found: [status(200, 501), body] },
  "snapshots-list": { reason: snapshot, found: [status(200, 501), body] },
  "create-from-snapshot": { reason: snapshot, found: [status(202, 501), body] },
  "snapshot-delete": { reason: snapshot, found: [status(204, 501), body] },
  "diagnostics-logs": { reason: diagnostics, found: [status(200, 501), body] },
  "diagnostics-events": { reason: diagnostics, found: [status(200, 501), body] },
  "diagnostics-summary": { reason: diagnostics, found: [status(200, 501), body] },
  "create-missing-image": {
    reason: "the image is only a name here, so none can be missing",
    found: [status(500, 202), body],
  },
  "create-bad-volume": {
    reason: "no host path is allowed here, so the list in the message is empty",
    found: [/^message: .*Allowed prefixes: \[\]"$/],
  },
};
