// Every name that the official JavaScript SDK 0.1.11 exports is here, or on one of two lists that say why not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const sdk = await import("opensandbox-wasm");
const names = (text) => text.trim().split(/\s+/);

const VALUES = names(`
  ConnectionConfig DefaultAdapterFactory createDefaultAdapterFactory ExecutionEventDispatcher InvalidArgumentException Sandbox
  SandboxApiException SandboxError SandboxException SandboxInternalException SandboxManager SandboxReadyTimeoutException
  SandboxUnhealthyException
  DEFAULT_EXECD_PORT DEFAULT_EGRESS_PORT DEFAULT_ENTRYPOINT DEFAULT_RESOURCE_LIMITS DEFAULT_TIMEOUT_SECONDS
  DEFAULT_READY_TIMEOUT_SECONDS DEFAULT_HEALTH_CHECK_POLLING_INTERVAL_MILLIS DEFAULT_REQUEST_TIMEOUT_SECONDS
`);

const TYPES = names(`
  AdapterFactory ConnectionConfigOptions ConnectionProtocol
  Credential CredentialAuth CredentialAuthMetadata CredentialBinding CredentialBindingListResponse CredentialBindingMetadata
  CredentialBindingMutationSet CredentialListResponse CredentialMatch CredentialMatchScheme CredentialMetadata
  CredentialMutationSet CredentialProxyConfig CredentialVaultCreateRequest CredentialVaultPatchRequest CredentialVaultState
  CreateSnapshotRequest CreateSandboxRequest CreateSandboxResponse CustomHeaderEntry Endpoint Host InlineCredentialSource
  ListSnapshotsParams ListSnapshotsResponse ListSandboxesParams ListSandboxesResponse NetworkPolicy NetworkRule
  NetworkRuleAction OSSFS PlatformSpec PVC RenewSandboxExpirationRequest RenewSandboxExpirationResponse SnapshotInfo
  SnapshotState SnapshotStatus SandboxId SandboxInfo SandboxMetadataPatch Volume Sandboxes CredentialVault Egress
  SandboxFilter SandboxManagerOptions ExecdHealth ExecdMetrics FileEntryType FileInfo FileMetadata Permission RenameFileItem
  ReplaceFileContentItem SearchFilesResponse FilesInfoResponse CommandExecution CommandLogs CommandStatus RunCommandOpts
  ServerStreamEvent CodeContextRequest SupportedLanguage Metrics SandboxMetrics PingResponse ExecdCommands Execution
  ExecutionComplete ExecutionError ExecutionHandlers ExecutionInit ExecutionResult OutputMessage SandboxConnectOptions
  SandboxCreateOptions ContentReplaceEntry ContentReplaceResult DirectoryListEntry MoveEntry SearchEntry SetPermissionEntry
  WriteEntry SandboxFiles
  CredentialSubstitution CredentialSubstitutionSurface IsolationService IsolationSession RunOnceOpts
  CreateIsolatedSessionRequest IsolatedWorkspaceSpec EnvPassthroughSpec BindMount IsolatedSessionInfo IsolatedSessionState
  IsolatedRunOpts IsolatedCapabilities IsolatedSessionSummary ListIsolatedSessionsResponse
`);

/** What the official package for code exports, and types that it exports, too. */
const CODE = names("CodeInterpreter SupportedLanguages DefaultAdapterFactory createDefaultAdapterFactory");
const CODE_TYPES = names(`
  CodeInterpreterCreateOptions AdapterFactory CodeContext SupportedLanguage Codes
  Execution ExecutionComplete ExecutionError ExecutionHandlers ExecutionInit ExecutionResult OutputMessage
`);

/** Used in the signatures of the official SDK, which does not export them. */
const IN_SIGNATURES = names(`
  ImageSpec ImageAuth ResourceLimits SandboxState SandboxStatus PaginationInfo SandboxErrorCode
`);

/** Not here on purpose: the README's table for those who move over says what to use instead. */
const ELSEWHERE = names("AdapterFactory DefaultAdapterFactory createDefaultAdapterFactory");

const folder = fileURLToPath(new URL("../../pkg-template/types", import.meta.url));
const source = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), "utf8"))
  .join("\n");
const exported = [...source.matchAll(/^export (?:declare )?(?:class|interface|type|const) (\w+)/gm)].map(
  ([, name]) => name,
);

const missing = (wanted, there) => wanted.filter((name) => !there.includes(name) && !ELSEWHERE.includes(name));

test("every value", () => {
  assert.equal(VALUES.length, 21);
  assert.deepEqual(missing(VALUES, Object.keys(sdk)), []);
  assert.deepEqual(missing(VALUES, exported), [], "with its type");
});

test("every type", () => {
  assert.ok(TYPES.length > 100);
  assert.deepEqual(missing([...TYPES, ...IN_SIGNATURES], exported), []);
});

test("everything of the code interpreter, in the entry of its own and in the main one", async () => {
  const entry = await import("opensandbox-wasm/code-interpreter");
  for (const there of [sdk, entry]) assert.deepEqual(missing(CODE, Object.keys(there)), []);
  for (const name of Object.keys(entry)) assert.equal(entry[name], sdk[name], "one and the same");
  assert.deepEqual(missing([...CODE, ...CODE_TYPES], exported), []);
  const declared = readFileSync(join(folder, "../code-interpreter.d.ts"), "utf8");
  assert.deepEqual(missing([...CODE, ...CODE_TYPES], declared.match(/\w+/g)), []);
});

test("the lists of what is missing are exact", () => {
  const there = [...Object.keys(sdk), ...exported];
  for (const name of ELSEWHERE) {
    assert.ok(!there.includes(name), `${name} is here: take it off the list`);
    assert.ok([...VALUES, ...TYPES].includes(name), `${name} is no official name`);
  }
});

test("no type is declared twice", () => {
  assert.deepEqual(
    exported.filter((name, index) => exported.indexOf(name) !== index),
    [],
  );
});
