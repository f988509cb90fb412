import type { Ownership } from "opensandbox-wasm"; // error: TS2305
import { type Execution, Sandbox, SandboxException, Execution as Value } from "opensandbox-wasm";
import { internals } from "opensandbox-wasm/core_bg.js"; // error: TS2307

const sandbox = await Sandbox.connect({ sandboxId: "x" });
const run: Execution = await sandbox.commands.run("ls");

const code: number = run.exitCode; // error: TS2322
const id: string = run.id; // error: TS2322
run.ok = true; // error: TS2540
new Value(); // error: TS2693
const text: string = sandbox.files.readFile("/a"); // error: TS2322
for (const event of sandbox.commands.runStream("ls")) console.log(event); // error: TS2488
const expiry: Date = (await sandbox.getInfo()).expiresAt; // error: TS2322
const caught = new SandboxException();
caught.code = "X"; // error: TS2540
caught.statusCode; // error: TS2339

export type { Ownership };
export { code, expiry, id, internals, text };
