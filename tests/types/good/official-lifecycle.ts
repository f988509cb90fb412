// The lifecycle part of the official SDK's surface, in its style: every name of it is used. Only the import has been changed.
import {
  type CodeContextRequest,
  type CreateSandboxRequest,
  type CreateSandboxResponse,
  type CreateSnapshotRequest,
  type CredentialProxyConfig,
  DEFAULT_EGRESS_PORT,
  DEFAULT_ENTRYPOINT,
  DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS,
  DEFAULT_READY_TIMEOUT_SECONDS,
  DEFAULT_REQUEST_TIMEOUT_SECONDS,
  DEFAULT_RESOURCE_LIMITS,
  DEFAULT_TIMEOUT_SECONDS,
  type Endpoint,
  type Execution,
  ExecutionEventDispatcher,
  type ExecutionHandlers,
  type FileMetadata,
  type Host,
  type ListSandboxesParams,
  type ListSandboxesResponse,
  type ListSnapshotsParams,
  type ListSnapshotsResponse,
  type Metrics,
  type NetworkPolicy,
  type NetworkRule,
  type NetworkRuleAction,
  type OSSFS,
  type Permission,
  type PingResponse,
  type PlatformSpec,
  type PVC,
  type RenameFileItem,
  type RenewSandboxExpirationRequest,
  type RenewSandboxExpirationResponse,
  type ReplaceFileContentItem,
  Sandbox,
  type SandboxConnectOptions,
  type SandboxCreateOptions,
  SandboxError,
  type SandboxErrorCode,
  SandboxException,
  type Sandboxes,
  type SandboxFilter,
  type SandboxId,
  type SandboxInfo,
  SandboxInternalException,
  SandboxManager,
  type SandboxManagerOptions,
  type SandboxMetadataPatch,
  SandboxUnhealthyException,
  type ServerStreamEvent,
  type SnapshotInfo,
  type SnapshotState,
  type SnapshotStatus,
  type SupportedLanguage,
  type Volume,
} from "opensandbox-wasm";

const host: Host = { path: "/data" };
const pvc: PVC = { claimName: "c", createIfNotExists: true, deleteOnSandboxTermination: false, accessModes: null };
const ossfs: OSSFS = { bucket: "b", endpoint: "e", version: "2.0", accessKeyId: "i", accessKeySecret: "s" };
const volumes: Volume[] = [
  { name: "a", host, mountPath: "/a" },
  { name: "b", pvc, mountPath: "/b", readOnly: true },
  { name: "c", ossfs, mountPath: "/c", subPath: "x" },
];
const platform: PlatformSpec = { os: "linux", arch: "amd64" };
const action: NetworkRuleAction = "allow";
const rule: NetworkRule = { action, target: "*.example.com" };
const networkPolicy: NetworkPolicy = { defaultAction: "deny", egress: [rule] };
const credentialProxy: CredentialProxyConfig = { enabled: true };

const options: SandboxCreateOptions = {
  image: { uri: "python:3.12", auth: { username: "u", password: "p" } },
  entrypoint: DEFAULT_ENTRYPOINT,
  env: {},
  metadata: { project: "demo" },
  networkPolicy,
  credentialProxy,
  volumes,
  extensions: { poolRef: "warm" },
  platform,
  secureAccess: false,
  resource: DEFAULT_RESOURCE_LIMITS,
  resourceRequests: { cpu: "100m" },
  timeoutSeconds: null,
  skipHealthCheck: false,
  readyTimeoutSeconds: DEFAULT_READY_TIMEOUT_SECONDS,
  healthCheckPollingInterval: DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS,
};
const sandbox = await Sandbox.create(options);
const id: SandboxId = sandbox.id;
const connect: SandboxConnectOptions = { sandboxId: id, connectionConfig: sandbox.connectionConfig };
await Sandbox.connect(connect);

const sandboxes: Sandboxes = sandbox.sandboxes;
const request: CreateSandboxRequest = {
  image: { uri: "python:3.12" },
  entrypoint: ["tail", "-f", "/dev/null"],
  resourceLimits: { cpu: "1" },
  timeout: DEFAULT_TIMEOUT_SECONDS,
  platform,
  volumes,
  networkPolicy,
  credentialProxy,
};
const created: CreateSandboxResponse = await sandboxes.createSandbox(request);
const made: [Date, Date | null, string[]] = [created.createdAt, created.expiresAt, created.entrypoint];
const params: ListSandboxesParams = { states: ["Running"], metadata: { project: "demo" }, page: 1, pageSize: 20 };
const listed: ListSandboxesResponse = await sandboxes.listSandboxes(params);
const total: number | undefined = listed.pagination?.totalItems;
const info: SandboxInfo = await sandboxes.getSandbox(created.id);
const patch: SandboxMetadataPatch = { project: null };
await sandboxes.patchSandboxMetadata(info.id, patch);
const renew: RenewSandboxExpirationRequest = { expiresAt: new Date().toISOString() };
const renewed: RenewSandboxExpirationResponse = await sandboxes.renewSandboxExpiration(info.id, renew);
await sandboxes.pauseSandbox(info.id);
await sandboxes.resumeSandbox(info.id);
const endpoint: Endpoint = await sandboxes.getSandboxEndpoint(info.id, DEFAULT_EGRESS_PORT, true);
const signed: Endpoint = await sandboxes.getSignedEndpoint(info.id, 8080, 1_999_999_999);
await sandbox.getSignedEndpoint(8080, 1_999_999_999);
// Optional in the official SDK.
sandboxes.invalidateEndpointCache?.(info.id);
await sandboxes.deleteSandbox(info.id);

const managerOptions: SandboxManagerOptions = {
  connectionConfig: { requestTimeoutSeconds: DEFAULT_REQUEST_TIMEOUT_SECONDS },
};
const manager = SandboxManager.create(managerOptions);
const filter: SandboxFilter = { states: ["Running"] };
await manager.listSandboxInfos(filter);
const name: CreateSnapshotRequest = { name: "checkpoint" };
const snapshot: SnapshotInfo = await manager.createSnapshot(id, name);
const status: SnapshotStatus = (await manager.getSnapshot(snapshot.id)).status;
const state: SnapshotState = status.state;
const snapshotParams: ListSnapshotsParams = {
  sandboxId: id,
  name: "checkpoint",
  states: ["Ready"],
  page: 1,
  pageSize: 5,
};
const snapshots: ListSnapshotsResponse = await manager.listSnapshots(snapshotParams);
await Promise.all(snapshots.items.map((item) => manager.deleteSnapshot(item.id)));
await sandboxes.createSnapshot(id);
await manager.close();

// An implementation of the caller's own, for tests.
const mock: Pick<Sandboxes, "getSandbox"> = { getSandbox: async () => info };

const execution: Execution = await sandbox.commands.run("ls");
const plain = { logs: { stdout: [], stderr: [] }, result: [] };
const handlers: ExecutionHandlers = { onStdout: (message) => console.log(message.text) };
for (const target of [plain, execution]) {
  const dispatcher = new ExecutionEventDispatcher(target, handlers);
  const event: ServerStreamEvent = { type: "stdout", text: "x", timestamp: 1 };
  await dispatcher.dispatch(event);
}

const code: SandboxErrorCode = SandboxError.UNHEALTHY;
const errors: SandboxException[] = [
  new SandboxException({ error: new SandboxError(code, "m") }),
  new SandboxInternalException({ message: "m" }),
  new SandboxUnhealthyException({ message: "m" }),
];

const wire: [FileMetadata, Permission, RenameFileItem, ReplaceFileContentItem, Metrics, PingResponse] = [
  { path: "/a", owner: "o", group: "g", mode: 644 },
  { mode: 755 },
  { src: "/a", dest: "/b" },
  { old: "a", new: "b" },
  { cpu_count: 1 },
  {},
];
const language: SupportedLanguage = "python";
const context: CodeContextRequest = { language };
console.log(made, total, renewed.expiresAt, endpoint.headers, signed, state, mock, errors, wire, context);
