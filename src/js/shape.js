// From wire objects to official ones: times become Dates, snake_case becomes camelCase, the rest passes untouched. Each changes the
// object that it is given, and gives it back.

import { unexpected } from "./failure.js";

function date(value) {
  const time = typeof value === "string" ? new Date(value) : undefined;
  return Number.isNaN(time?.getTime()) ? undefined : time;
}

function dateOrUndefined(object, name) {
  if (object[name] !== undefined) object[name] = date(object[name]);
  return object;
}

/** What all that has a life of its own has: `createdAt` must be there. */
function created(raw, what, requestId) {
  raw.createdAt = date(raw.createdAt);
  if (!raw.createdAt) throw unexpected(`The server sent a ${what} without a valid createdAt`, { requestId });
  if (typeof raw.status === "object" && raw.status !== null) dateOrUndefined(raw.status, "lastTransitionAt");
  return raw;
}

/** `SandboxInfo` and the response of a create: no `expiresAt` means manual cleanup. */
function sandbox(raw, requestId) {
  created(raw, "sandbox", requestId);
  raw.expiresAt = date(raw.expiresAt) ?? null;
  return raw;
}

/** `SnapshotInfo`. */
const snapshot = (raw, requestId) => created(raw, "snapshot", requestId);

/** `TemplateInfo`. */
const template = (raw, requestId) => dateOrUndefined(created(raw, "template", requestId), "updatedAt");

/** `PoolInfo`: its time of creation is optional. */
const pool = (raw) => dateOrUndefined(raw, "createdAt");

/** `DiagnosticContent`, and the answer to a renewal. */
const expiring = (raw) => dateOrUndefined(raw, "expiresAt");

/** `Endpoint`: `headers` is always an object. */
function endpoint(raw) {
  if (typeof raw.headers !== "object" || raw.headers === null) raw.headers = {};
  return raw;
}

/** Renames a property. */
function rename(object, from, to, value) {
  delete object[from];
  if (value !== undefined) object[to] = value;
}

/** `FileInfo`. */
function file(raw) {
  rename(raw, "modified_at", "modifiedAt", date(raw.modified_at));
  rename(raw, "created_at", "createdAt", date(raw.created_at));
  return raw;
}

/** `CommandStatus`: what is absent on the wire while the command runs is `null` here. */
function commandStatus(raw) {
  rename(raw, "exit_code", "exitCode", typeof raw.exit_code === "number" ? raw.exit_code : null);
  rename(raw, "started_at", "startedAt", date(raw.started_at));
  rename(raw, "finished_at", "finishedAt", date(raw.finished_at) ?? null);
  return raw;
}

/** The same for those who wait for the end: what does not say whether the program runs must not pass for that. */
function commandEnd(raw, requestId) {
  if (typeof raw.running === "boolean") return commandStatus(raw);
  const problem = "Get command status failed: the answer does not say whether the command is running";
  throw unexpected(problem, { requestId });
}

/** The id of a new bash session. */
function sessionId({ session_id: id }) {
  if (typeof id !== "string" || id === "") throw unexpected("Create session failed: the answer has no session_id");
  return id;
}

const METRICS = [
  ["cpu_count", "cpuCount"],
  ["cpu_used_pct", "cpuUsedPercentage"],
  ["mem_total_mib", "memoryTotalMiB"],
  ["mem_used_mib", "memoryUsedMiB"],
  ["timestamp", "timestamp"],
];

/** Whether it has any of the numbers of a sample. */
export const isSample = (raw) => METRICS.some(([name]) => typeof raw[name] === "number");

/** `SandboxMetrics`: missing numbers are 0. */
const metrics = (raw) =>
  Object.fromEntries(METRICS.map(([from, to]) => [to, typeof raw[from] === "number" ? raw[from] : 0]));

/** What the server knows of a terminal. */
function terminal({ running, output_offset: outputOffset }, requestId) {
  if (typeof running === "boolean" && typeof outputOffset === "number") return { running, outputOffset };
  throw unexpected("Get terminal failed: the answer has no running and output_offset", { requestId });
}

/** How often each text was found: `{path: {replacedCount}}` on the wire, a list here. */
const replaced = (raw) =>
  Object.entries(raw).map(([path, found]) => ({
    path,
    replacedCount: typeof found?.replacedCount === "number" ? found.replacedCount : 0,
  }));

/** By the names that requests have for them. */
export const shapes = {
  sandbox,
  snapshot,
  template,
  pool,
  expiring,
  endpoint,
  file,
  replaced,
  commandStatus,
  commandEnd,
  sessionId,
  metrics,
  terminal,
};
