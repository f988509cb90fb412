// A process of its own for background.test.mjs: goes on with a handle that another one has made.
import { Sandbox } from "opensandbox-wasm";

const known = JSON.parse(process.env.HANDLE);
const connectionConfig = JSON.parse(process.env.CONFIG);
const sandbox = await Sandbox.connect({ sandboxId: known.sandboxId, connectionConfig });
const handle = sandbox.commands.attach(known);
console.log("attached");
for await (const text of handle) process.stdout.write(text);
console.log("exit code", (await handle.wait()).exitCode);
await sandbox.close();
