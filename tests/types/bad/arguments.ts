// Each marked line must be refused, with that code; every other line must pass.
import { CodeInterpreter, ConnectionConfig, Sandbox, SandboxManager } from "opensandbox-wasm";

const sandbox = await Sandbox.create({ image: "x" });

await Sandbox.create({ image: 1 }); // error: TS2322
await Sandbox.create({ image: "x", timeout: 600 }); // error: TS2353
await Sandbox.create({ image: "x", timeoutSeconds: "600" }); // error: TS2322
await Sandbox.create({ image: "x", adapterFactory: {} }); // error: TS2322
await Sandbox.create({ image: "x", env: { A: 1 } }); // error: TS2322
await Sandbox.create({ image: "x", networkPolicy: { defaultAction: "block" } }); // error: TS2322
await Sandbox.create(); // error: TS2554
await Sandbox.connect({}); // error: TS2741
await Sandbox.connect("id"); // error: TS2345
new Sandbox(); // error: TS2674
new SandboxManager(); // error: TS2674
new ConnectionConfig({ protocol: "ftp" }); // error: TS2322
new ConnectionConfig({ requestTimeoutSeconds: "30" }); // error: TS2322
new ConnectionConfig().domain = "x"; // error: TS2540

await sandbox.commands.run(["ls"]); // error: TS2345
await sandbox.commands.run("ls", { cwd: "/" }); // error: TS2353
await sandbox.commands.run("ls", { onAbort: "kill" }); // error: TS2322
await sandbox.commands.run("ls", {}, (line: string) => line); // error: TS2559
await sandbox.commands.run("ls", {}, { onStdout: "log" }); // error: TS2322
await sandbox.commands.run("ls", {}, {}, 5); // error: TS2345
await sandbox.commands.runInSession("id", "ls", { envs: {} }); // error: TS2353
await sandbox.commands.getBackgroundCommandLogs("id", "0"); // error: TS2345
await sandbox.commands.startBackground("ls", { background: true }); // error: TS2353
await sandbox.commands.run("ls", { capture: { head: 5 } }); // error: TS2353
sandbox.commands.attach({ id: "x", cursor: 0 }); // error: TS2741
sandbox.commands.attach("x"); // error: TS2345
sandbox.commands = (await Sandbox.connect({ sandboxId: "x" })).commands; // error: TS2540
await sandbox.files.writeFiles({ path: "/a" }); // error: TS2353
await sandbox.files.writeFiles([{ path: "/a", mode: "644" }]); // error: TS2322
await sandbox.files.writeFiles([{ path: "/a", data: 5 }]); // error: TS2322
await sandbox.files.readFile("/a", "utf-8"); // error: TS2559
await sandbox.files.readBytes("/a", { onProgress: true }); // error: TS2322
await sandbox.files.uploadAll({ path: "/a" }); // error: TS2353
await sandbox.files.uploadAll([{ path: "/a" }], { concurrency: "4" }); // error: TS2322
sandbox.files.download("/a", { range: "bytes=0-" }); // error: TS2353
await sandbox.files.setPermissions([{ mode: 644 }]); // error: TS2741
await sandbox.getEndpoint("80"); // error: TS2345
await sandbox.renew(); // error: TS2554
await sandbox.patchMetadata({ a: 1 }); // error: TS2322
await sandbox.kill({ timeoutSeconds: 5 }); // error: TS2353
await sandbox.codes.run(["1"]); // error: TS2345
await sandbox.codes.run("1", { timeout: 5 }); // error: TS2353
await sandbox.codes.run("1", { onBusy: "wait" }); // error: TS2322
await sandbox.codes.run("1", { context: { id: "c" } }); // error: TS2741
await sandbox.codes.restartContext({ language: "python" }); // error: TS2741
new CodeInterpreter(sandbox); // error: TS2674
await CodeInterpreter.create(sandbox, { adapterFactory: {} }); // error: TS2322
await sandbox.patchEgressRules([{ action: "block", target: "x" }]); // error: TS2322
await sandbox.deleteEgressRules("x"); // error: TS2345
await sandbox.credentialVault.create({ credentials: [] }); // error: TS2741
await sandbox.credentialVault.create({ credentials: [{ name: "c", source: {} }], bindings: [] }); // error: TS2741
await sandbox.isolation.create({}); // error: TS2741
await sandbox.isolation.runOnce("ls"); // error: TS2554
await sandbox.capabilities({ refresh: 1 }); // error: TS2322
