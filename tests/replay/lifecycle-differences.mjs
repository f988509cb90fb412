// What this server answers differently from the recorded one, on purpose, with the reason. `found` are patterns: every
// difference must match one, and every pattern must match a difference, so the list is never longer than the truth.
const direct = "sandboxes share the machine's network, so a direct endpoint is the port itself and not a path of execd";
const jail = "what a sandbox serves is jailed, because a page may share the origin with it";
const jailed = [
  /^header content-security-policy: recorded undefined, got sandbox allow-scripts allow-forms$/,
  /^header x-content-type-options: recorded undefined, got nosniff$/,
];
const printed = "this server's execd says other things when it starts";
const status = (recorded, got) => new RegExp(`^status: recorded ${recorded}, got ${got}$`);
const body = /^(body: recorded keys|header (content-length|content-type|location):|recorded |not JSON)/;
const logLine = /^(missing|extra) line: <time> /;

/** With the recorded server's configuration. */
export const lifecycle = {
  "endpoint-direct": {
    reason: `${direct}; execd wants its token`,
    found: [/^body: recorded keys endpoint, got endpoint,headers$/],
  },
  "endpoint-egress": { reason: direct, found: [/^endpoint: recorded .*\/proxy\/18080"/] },
  "proxy-ping": { reason: jail, found: jailed },
  "proxy-metrics": { reason: jail, found: jailed },
  "diagnostics-logs": {
    reason: printed,
    found: [/^content: recorded "<lines with times>.*, got "<lines with times>/, /^contentLength: /],
  },
  "diagnostics-summary": {
    reason: `${printed}; limits are not enforced, there is no container network and no second published port`,
    found: [
      logLine,
      /^(missing|extra) line: {3}CPU: {10}0\.50 cores( \(not enforced\))?$/,
      /^(missing|extra) line: {3}Memory: {7}512 MiB( \(not enforced\))?$/,
      /^missing line: {3}PIDs Limit: {3}4096$/,
      /^(missing line: {3}bridge|extra line: {3}host): <address>$/,
      /^missing line: {3}8080\/tcp -> <address>$/,
      /^missing line: {3}opensandbox\.io\/http-port=<port>$/,
    ],
  },
  "create-missing-image": {
    reason: "the image is only a name here, so none can be missing",
    found: [status(500, 202), body],
  },
};

/** With this server's defaults: what differs besides. */
export const byDefault = {
  "create-network-policy-no-egress": {
    reason: "network policies are taken and stored, though not enforced, so that code that uses them runs",
    found: [status(400, 202), body],
  },
  "create-bad-volume": {
    reason: "no host path is allowed, so the list in the message is empty",
    found: [/^message: .*Allowed prefixes: \[\]"$/],
  },
};
