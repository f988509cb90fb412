// Each marked line must be refused, with that code; every other line must pass.
import { ExecutionEventDispatcher, Sandbox, SandboxManager, Sandboxes as Value } from "opensandbox-wasm";

const sandbox = await Sandbox.create({ image: "x" });
const manager = SandboxManager.create();
const capacitySpec = { bufferMax: 3, bufferMin: 1, poolMax: 9 };

new Value(); // error: TS2693
await sandbox.sandboxes.createSandbox({ image: "x" }); // error: TS2322
await sandbox.sandboxes.renewSandboxExpiration("id", { expiresAt: new Date() }); // error: TS2322
await sandbox.sandboxes.getSignedEndpoint("id", 80); // error: TS2554
await sandbox.getSignedEndpoint(80, new Date()); // error: TS2345
await sandbox.createSnapshot("name"); // error: TS2345
await sandbox.createSnapshot({}, { wait: true }); // error: TS2353
await sandbox.waitForPort(80, { timeout: 5 }); // error: TS2353
await sandbox.diagnostics.logs("container"); // error: TS2345
await Sandbox.createFromTemplate({ templateId: "t" }); // error: TS2741
await Sandbox.createFromTemplate({ templateId: "t", timeoutSeconds: 60, image: "x" }); // error: TS2353
await manager.createTemplate({ image: "x" }); // error: TS2741
await manager.createPool({ name: "x", template: {}, capacitySpec }); // error: TS2741
await manager.listSnapshots({ state: "Ready" }); // error: TS2561
for (const each of manager.sandboxes()) console.log(each); // error: TS2488
new ExecutionEventDispatcher({}); // error: TS2739
