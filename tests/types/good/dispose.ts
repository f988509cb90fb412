// `await using` needs no lib setting of the user's: the types bring it.
import { Sandbox, SandboxManager } from "opensandbox-wasm";

await using sandbox = await Sandbox.create({ image: "x" });
await using manager = SandboxManager.create({ connectionConfig: sandbox.connectionConfig });
await manager.getSandboxInfo(sandbox.id);
