// A program in the style of the official SDK. Only the import has been changed.
import {
  type CommandExecution,
  ConnectionConfig,
  type ExecutionHandlers,
  type OutputMessage,
  Sandbox,
  SandboxApiException,
  type SandboxCreateOptions,
  SandboxException,
  type SandboxInfo,
  SandboxManager,
  SandboxReadyTimeoutException,
  type WriteEntry,
} from "opensandbox-wasm";

const connectionConfig = new ConnectionConfig({
  domain: "localhost:8080",
  protocol: "http",
  apiKey: "key",
  requestTimeoutSeconds: 60,
  headers: { "X-Team": "demo" },
  disableMetrics: true,
});

const options: SandboxCreateOptions = {
  connectionConfig,
  image: "python:3.12-slim",
  timeoutSeconds: 300,
  env: { LANG: "C.UTF-8" },
  metadata: { project: "demo" },
  resource: { cpu: "500m", memory: "512Mi" },
  networkPolicy: { defaultAction: "deny", egress: [{ action: "allow", target: "api.example.com" }] },
  healthCheck: async (sandbox) => sandbox.isHealthy(),
};

async function main(): Promise<CommandExecution | undefined> {
  let sandbox: Sandbox | undefined;
  try {
    sandbox = await Sandbox.create(options);
    const info: SandboxInfo = await sandbox.getInfo();
    console.log(info.id, info.status.state, info.createdAt.toISOString(), info.expiresAt?.getTime());
    const files: WriteEntry[] = [{ path: "/tmp/a.py", data: "print('hi')", mode: 644 }];
    await sandbox.files.writeFiles(files);
    const handlers: ExecutionHandlers = {
      onStdout: (message: OutputMessage) => console.log(message.text),
      onStderr: async (message) => console.error(message.text),
      onError: (error) => console.error(error.name, error.value, error.traceback.join("\n")),
      onExecutionComplete: (complete) => console.log(complete.executionTimeMs),
    };
    const controller = new AbortController();
    const run = await sandbox.commands.run("python3 /tmp/a.py", { timeoutSeconds: 10 }, handlers, controller.signal);
    console.log(run.exitCode, run.logs.stdout.map((line) => line.text).join("\n"));
    for await (const event of sandbox.commands.runStream("ls")) if (event.type === "stdout") console.log(event.text);
    const manager = SandboxManager.create({ connectionConfig });
    const page = await manager.listSandboxInfos({ states: ["Running"], metadata: { project: "demo" }, pageSize: 10 });
    for (const item of page.items) await manager.renewSandbox(item.id, 600);
    return run;
  } catch (error) {
    if (error instanceof SandboxReadyTimeoutException) console.error("not ready", error.message);
    else if (error instanceof SandboxApiException) console.error(error.statusCode, error.error.code, error.requestId);
    else if (error instanceof SandboxException) console.error(error.error.code);
    else throw error;
    return undefined;
  } finally {
    await sandbox?.kill();
    await sandbox?.close();
  }
}

await main();
