// Egress, the vault, isolated sessions, metrics as they come, capabilities.
import {
  type CapabilitiesOptions,
  type CommandExecution,
  type CredentialAuth,
  type CredentialBindingMetadata,
  type CredentialMetadata,
  type CredentialVault,
  type CredentialVaultState,
  type Egress,
  type IsolatedCapabilities,
  type IsolatedSessionState,
  type IsolatedSessionSummary,
  type IsolationService,
  type IsolationSession,
  type NetworkPolicy,
  Sandbox,
  type SandboxCapabilities,
  type SandboxMetrics,
} from "opensandbox-wasm";

const sandbox = await Sandbox.connect({ sandboxId: "s" });
const call = { signal: AbortSignal.timeout(1000), requestTimeoutSeconds: 5 };

const policy: NetworkPolicy = await sandbox.getEgressPolicy();
await sandbox.patchEgressRules([{ action: "allow", target: "*.example.com" }], call);
await sandbox.deleteEgressRules(["*.example.com"], call.signal);
const egress: Egress = sandbox.egress;
await egress.replacePolicy({ defaultAction: "deny", egress: [{ action: "allow", target: "api.example.com" }] });
await egress.patchRules(policy.egress ?? [], call);
await egress.deleteRules(["a"]);
const action: "allow" | "deny" | undefined = (await egress.getPolicy(call)).defaultAction;

const vault: CredentialVault = sandbox.credentialVault;
const substitutions = [{ credential: "c", placeholder: "__TOKEN__", in: ["query" as const, "body" as const] }];
const auths: CredentialAuth[] = [
  { type: "bearer", credential: "c" },
  { type: "basic", credential: "c" },
  { type: "apiKey", name: "X-Api-Key", credential: "c", substitutions },
  { type: "customHeaders", headers: [{ name: "X-A", credential: "c" }] },
  { type: "passthrough", substitutions },
];
const state: CredentialVaultState = await vault.create({
  credentials: [
    { name: "c", source: { value: "secret" } },
    { name: "d", source: { type: "inline", value: "secret" } },
  ],
  bindings: auths.map((auth, index) => ({ name: `b${index}`, match: { hosts: ["api.example.com"] }, auth })),
});
const next: number = (
  await vault.patch(
    {
      expectedRevision: state.revision,
      credentials: { add: [], replace: [{ name: "c", source: { value: "other" } }], delete: ["d"] },
      bindings: { delete: ["b0"] },
    },
    call,
  )
).revision;
const credentials: CredentialMetadata[] = [...(await vault.listCredentials()), await vault.getCredential("c", call)];
const bindings: CredentialBindingMetadata[] = [...(await vault.listBindings(call)), await vault.getBinding("b1")];
const header: string | undefined = bindings[0]?.auth?.name;
await vault.get();
await vault.delete();

const isolation: IsolationService = sandbox.isolation;
const able: IsolatedCapabilities = await isolation.capabilities();
const list: IsolatedSessionSummary[] = await isolation.list(call);
{
  await using session: IsolationSession = await isolation.create(
    {
      workspace: { path: "/workspace", mode: "overlay" },
      profile: "strict",
      share_net: false,
      binds: [{ source: "/data", readonly: true }],
      env_passthrough: { mode: "allow", keys: ["LANG"] },
      uid: 1000,
      uid_mode: "userns",
      idle_timeout_seconds: 60,
    },
    call,
  );
  const options = { envs: { A: "1" }, timeout_seconds: 5, idleTimeoutSeconds: 30 };
  const run: CommandExecution = await session.run("ls", options, { onStdout: (line) => line.text }, call.signal);
  const now: IsolatedSessionState = await session.get();
  await session.files.writeFiles([{ path: "a", data: run.stdout }]);
  console.log(now.status, session.info.created_at, session.sessionId);
}
const attached = await isolation.attach("id");
await attached.delete();
const once: number | null | undefined = (
  await isolation.runOnce("ls", "/workspace", { workspaceMode: "ro", runOpts: { timeout_seconds: 1 } }, call)
).exitCode;
const length: number = await isolation.withSession({ workspace: { path: "/w" } }, async (session) => {
  return (await session.run("pwd")).stdout.length;
});

for await (const sample of sandbox.metrics.watch({ ...call, idleTimeoutSeconds: 10 })) {
  const typed: SandboxMetrics = sample;
  if (typed.cpuCount > 1) break;
}
for await (const { memoryUsedMiB } of sandbox.metrics.watch(call.signal)) console.log(memoryUsedMiB);

const options: CapabilitiesOptions = { refresh: true, probeLanguages: true };
const found: SandboxCapabilities = await sandbox.capabilities(options);
const python: boolean = found.languages !== "unknown" && found.languages.includes("python");
const version: string | undefined = found.versions.server;
const interpreter: boolean = found.interpreter !== "unknown" && found.interpreter;
await sandbox.capabilities(call.signal);

export { able, action, credentials, header, interpreter, length, list, next, once, python, version };
