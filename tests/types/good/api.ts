// Every part of the API once, with and without its options.
import {
  type BackgroundCommand,
  type BackgroundCommandJson,
  type Bytes,
  type CallOptions,
  ConnectionConfig,
  type ConnectionConfigOptions,
  DEFAULT_ENTRYPOINT,
  DEFAULT_EXECD_PORT,
  DEFAULT_RESOURCE_LIMITS,
  type DirectoryEntry,
  type Endpoint,
  type ExecdCommands,
  type ExecdHealth,
  type ExecdMetrics,
  type Execution,
  type ExecutionHandlers,
  type FileDownload,
  type FileInfo,
  type Logger,
  type RetryInfo,
  type RetryOptions,
  type RunCommandOpts,
  Sandbox,
  type SandboxException,
  type SandboxFiles,
  SandboxManager,
  type ServerStreamEvent,
  type TransferProgress,
  type UploadAllResult,
  type Volume,
} from "opensandbox-wasm";

const signal = AbortSignal.timeout(1000);
const retry: RetryOptions = {
  attempts: 5,
  initialDelayMillis: 100,
  maxDelayMillis: 1000,
  maxRetryAfterMillis: 5000,
  retryPost: true,
  onRetry: ({ attempt, attempts, delayMillis, method, path, statusCode, error, requestId }: RetryInfo) =>
    console.log(attempt, attempts, delayMillis, method, path, statusCode, error?.code, requestId),
};
const call: CallOptions = { signal, requestTimeoutSeconds: 5, retry: false, headers: { "X-Trace": "1" } };
const lines: string[] = [];
const keep = (line: string) => lines.push(line);
const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
new ConnectionConfig({ logger, retry });
new ConnectionConfig({ logger: console, retry: true });
const maybe = Math.random() > 0.5 ? signal : undefined;

// A configuration: a class, an object with its fields, a spread of either.
const options: ConnectionConfigOptions = { domain: "h:1/prefix", useServerProxy: true, debug: false };
const config = new ConnectionConfig(options);
const changed = new ConnectionConfig({ ...config, apiKey: "" });
const base: string = changed.withTransportIfMissing().getBaseUrl();
await config.closeTransport();

const volumes: Volume[] = [
  { name: "a", host: { path: "/data" }, mountPath: "/mnt" },
  { name: "b", pvc: { claimName: "c", storageClass: null }, mountPath: "/b", readOnly: true },
];
const sandbox: Sandbox = await Sandbox.create({
  image: { uri: "private/image", auth: { username: "u", password: "p" } },
  connectionConfig: { ...config },
  volumes,
  entrypoint: DEFAULT_ENTRYPOINT,
  resource: DEFAULT_RESOURCE_LIMITS,
  timeoutSeconds: null,
  createTimeoutSeconds: 300,
  readyTimeoutSeconds: 5,
  healthCheckPollingInterval: 100,
  signal: maybe,
});
const connected = await Sandbox.connect({ sandboxId: sandbox.id, connectionConfig: sandbox.connectionConfig });
const resumed = await Sandbox.resume({ sandboxId: sandbox.id, skipHealthCheck: true, signal });
const again: Sandbox = await resumed.resume({ readyTimeoutSeconds: 5 });
await again.waitUntilReady({ readyTimeoutSeconds: 5, pollingIntervalMillis: 50, healthCheck: () => true });

const commands: ExecdCommands = sandbox.commands;
const files: SandboxFiles = sandbox.files;
const health: ExecdHealth = sandbox.health;
const metrics: ExecdMetrics = sandbox.metrics;

const healthy: boolean = (await sandbox.isHealthy()) && (await health.ping(call));
const cpu: number = (await sandbox.getMetrics(signal)).cpuUsedPercentage + (await metrics.getMetrics()).cpuCount;
const endpoint: Endpoint = await sandbox.getEndpoint(8000, call);
const url: string = await sandbox.getEndpointUrl(DEFAULT_EXECD_PORT, signal);
const until: Date | undefined = (await sandbox.renew(600)).expiresAt;
const project: string | undefined = (await sandbox.patchMetadata({ project: "x", old: null })).metadata?.project;
await sandbox.pause(call);

const runOptions: RunCommandOpts = {
  workingDirectory: "/tmp",
  envs: { A: "1" },
  uid: 1000,
  gid: 1000,
  timeoutSeconds: 1.5,
  throwOnNonZero: true,
  onAbort: "detach",
  startTimeoutSeconds: 10,
  idleTimeoutSeconds: 0,
  signal: maybe,
};
const handlers: ExecutionHandlers = {
  skipAccumulation: true,
  onEvent: (event: ServerStreamEvent) => console.log(event.type, event.unknownField),
  onInit: ({ id }) => console.log(id),
  // What a handler returns does not matter, unless it is a promise.
  onStdout: (line) => line.text.length,
};
const run: Execution = await commands.run("ls", runOptions, handlers, call);
const code: number | null | undefined = run.exitCode;
const texts: string[] = [run.stdout, run.stderr, run.output, run.text ?? "", String(run.ok), String(run.timedOut)];
const { logs, ...rest } = run.toJSON();
const background = await commands.run("sleep 9", { background: true });
if (background.id) {
  const { running, exitCode, finishedAt } = await commands.getCommandStatus(background.id, call);
  const { cursor } = await commands.getBackgroundCommandLogs(background.id, 0, call);
  await commands.interrupt(background.id, signal);
  console.log(running, exitCode, finishedAt, cursor);
}
const session = await commands.createSession({ workingDirectory: "/srv/app" }, call);
await commands.runInSession(session, "pwd", { timeoutSeconds: 5, workingDirectory: "/" }, handlers, signal);
for await (const event of commands.runInSessionStream(session, "pwd", undefined, call)) console.log(event.timestamp);
await commands.deleteSession(session);

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(2);
}
await files.writeFiles(
  [
    { path: "/a", data: "text" },
    { path: "/b", data: new Uint8Array(3), mode: 600, owner: "root", group: "root" },
    { path: "/c", data: new ArrayBuffer(3) },
    { path: "/d", data: new Blob(["x"]) },
    { path: "/e", data: chunks() },
    { path: "/f", data: new Blob(["x"]).stream() },
    { path: "/g" },
  ],
  call,
);
const text: string = await files.readFile("/a", { encoding: "utf-8", offset: 1, limit: 2 }, signal);
const bytes: Bytes = await files.readBytes("/a", { range: "bytes=0-9", signal }, call);
// The bytes are usable wherever the platform wants bytes of its own.
const blob = new Blob([bytes]);
for await (const chunk of files.readBytesStream("/a")) console.log(chunk.byteLength);
const info: FileInfo | undefined = (await files.getFileInfo(["/a"]))["/a"];
const found: FileInfo[] = [
  ...(await files.search({ path: "/", pattern: "*.py" })),
  ...(await files.listDirectory({ path: "/", depth: 2 })),
];
await files.createDirectories([{ path: "/x" }, { path: "/y", mode: 700 }]);
await files.setPermissions([{ path: "/x", mode: 755, owner: "nobody" }]);
await files.moveFiles([{ src: "/a", dest: "/z" }]);
await files.replaceContents([{ path: "/z", oldContent: "a", newContent: "b" }]);
const count: number | undefined = (
  await files.replaceContentsDetailed([{ path: "/z", oldContent: "a", newContent: "b" }])
)[0]?.replacedCount;
await files.deleteFiles(["/z"], call);
await files.deleteDirectories(["/x"]);

const manager = SandboxManager.create();
const page = await manager.listSandboxInfos(undefined, call);
await manager.patchSandboxMetadata(sandbox.id, { a: null });
await manager.pauseSandbox(sandbox.id, signal);
await manager.resumeSandbox(sandbox.id);
await manager.killSandbox((await manager.getSandboxInfo(sandbox.id)).id);
await manager.close();
await sandbox.kill({ requestTimeoutSeconds: 3 });
await connected.close();

export {
  base,
  blob,
  code,
  count,
  cpu,
  endpoint,
  found,
  healthy,
  info,
  logs,
  page,
  project,
  rest,
  text,
  texts,
  until,
  url,
};

const handle = await sandbox.commands.start("make", { onAbort: "detach" }, AbortSignal.timeout(1000));
for await (const text of handle.output) text.toUpperCase();
const utf8: ReadableStream<Uint8Array> = handle.stderr.toReadableStream();
const handleCode: number | null | undefined = (await handle.wait()).exitCode;
await handle.kill();

export { handleCode, utf8 };

const started: BackgroundCommand = await sandbox.commands.startBackground(
  "make",
  { workingDirectory: "/srv", timeoutSeconds: 60, reconnectTimeoutSeconds: Number.POSITIVE_INFINITY },
  call,
);
for await (const text of started) text.toUpperCase();
for await (const text of started.read({ signal })) text.toUpperCase();
const known: BackgroundCommandJson = JSON.parse(JSON.stringify(started));
const attached = sandbox.commands.attach(known, { reconnectTimeoutSeconds: 0, headers: new Headers() });
const running: boolean | undefined = (await attached.status(signal)).running;
const ended: number | null | undefined = (await attached.wait(call)).exitCode;
await attached.kill();
const kept = await sandbox.commands.run("make", { capture: { headChars: 1000, tailChars: 1000 }, maxEventBytes: 1e6 });
const missing: number = kept.truncated?.stdout ?? 0;

export { ended, missing, running };

// Transfers: progress, downloads that are resumed, whole directories, many uploads.
const onProgress = ({ path, loaded, total }: TransferProgress) => console.log(path, loaded, total ?? 0);
await files.writeFiles([{ path: "/a" }], { ...call, onProgress });
await files.readBytes("/a", { onProgress });
const download: FileDownload = files.download("/a", { maxResumes: 3, onProgress, signal: maybe }, call);
for await (const chunk of download) console.log(chunk.byteLength);
const downloaded: Bytes = await files.download("/a").bytes();
const response = new Response(files.download("/a").toReadableStream());
async function* copies() {
  for await (const entry of files.downloadDirectory("/a", signal)) {
    const { path, info }: DirectoryEntry = entry;
    if (info.type === "file") yield { path: `/b/${path}`, data: entry.stream({ maxResumes: 1 }), mode: info.mode };
    else await entry.bytes({ onProgress }).catch((error: SandboxException) => console.log(error.path));
  }
}
const uploaded: UploadAllResult = await files.uploadAll(copies(), {
  concurrency: 2,
  onProgress: ({ filesDone, loaded }) => console.log(filesDone, loaded),
});
await files.uploadAll([{ path: "/a" }], signal);
await files.uploadAll(new Set([Promise.resolve({ path: "/a" })]));

export { downloaded, response, uploaded };
