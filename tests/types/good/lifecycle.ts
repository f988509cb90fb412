// What the lifecycle API has beyond the official SDK.
import { type CallOptions, Sandbox, type SandboxDiagnostics, SandboxManager } from "opensandbox-wasm";

const signal = AbortSignal.timeout(1000);
const call: CallOptions = { signal, headers: { "X-Trace": "1" } };
const manager = SandboxManager.create();
const sandbox = await Sandbox.create({ image: "x", lifecycle: { preStart: { command: ["true"] } } });

// Lists gone through.
for await (const { id, status } of manager.sandboxes({ metadata: { project: "demo" } }, call))
  console.log(id, status.state);
for await (const { id, createdAt } of manager.snapshots({ sandboxId: sandbox.id }))
  console.log(id, createdAt.getTime());
for await (const { templateId, status } of manager.templates()) console.log(templateId, status.phase);

// Snapshots that are waited for, ports that are.
const ready = await sandbox.createSnapshot({ name: "x" }, { waitUntilReady: true, readyTimeoutSeconds: 60, signal });
await Sandbox.create({ snapshotId: ready.id });
await sandbox.waitForPort(8080, { timeoutSeconds: 5, intervalMillis: 100, path: "/health", signal });
await sandbox.waitForPort(8080, signal);

const diagnostics: SandboxDiagnostics = sandbox.diagnostics;
const { content, truncated, expiresAt } = await diagnostics.logs({ scope: "container", signal });
const report: string = (await diagnostics.summary({ tail: 10 })) + (await diagnostics.inspect(signal));
const happened = await manager.diagnostics("id").events();

const fromTemplate = await Sandbox.createFromTemplate({
  templateId: "tpl_1",
  timeoutSeconds: 60,
  metadata: { a: "b" },
});
const template = await manager.createTemplate({ image: "i", publish: "s3://b/x", readiness: { warmupSeconds: 5 } });
const phase: string = (await manager.getTemplate(template.templateId)).status.phase;
const templates: number = (await manager.listTemplates({ metadata: { a: "b" } })).items.length;
await manager.deleteTemplate(template.templateId);

const capacitySpec = { bufferMax: 3, bufferMin: 1, poolMax: 9, poolMin: 0 };
await manager.createPool({ name: "warm", template: { spec: {} }, capacitySpec });
const free = (await manager.listPools()).items.map(({ status }) => status?.available);
await manager.updatePool("warm", { capacitySpec });
await manager.deletePool((await manager.getPool("warm", call)).name);

await fromTemplate.kill({ keepalive: true });
await manager.killSandbox(sandbox.id, { keepalive: true });
const again = await sandbox.sandboxes.getSandbox(sandbox.id);

console.log(
  content.length,
  truncated,
  expiresAt?.getTime(),
  report,
  happened.kind,
  phase,
  templates,
  free,
  again.allocation,
);
