// Terminals, and the adapter for xterm.js.
import {
  ConnectionConfig,
  type PtyAttachOptions,
  type PtyCreateOptions,
  type PtyGap,
  type PtyInfo,
  type PtyOutput,
  type PtySession,
  type PtySignal,
  type PtyState,
  Sandbox,
  type SandboxPty,
  type WebSocketConstructor,
} from "opensandbox-wasm";
import { type AttachedPty, attachPty, type TerminalLike } from "opensandbox-wasm/xterm";

/** As `ws` has it. */
declare class WsWebSocket {
  constructor(address: string | { href: string }, options?: { headers?: Record<string, string> });
  constructor(
    address: string | { href: string },
    protocols?: string | string[],
    options?: { headers?: Record<string, string> },
  );
  send(data: string | Uint8Array): void;
}
/** As the platform has it. */
declare class PlatformWebSocket {
  constructor(url: string | { href: string }, protocols?: string | string[]);
}
const constructors: WebSocketConstructor[] = [WsWebSocket, PlatformWebSocket];

const connectionConfig = new ConnectionConfig({ WebSocket: WsWebSocket });
const configured: WebSocketConstructor | undefined = connectionConfig.WebSocket;
const sandbox = await Sandbox.connect({ sandboxId: "s", connectionConfig });
const pty: SandboxPty = sandbox.pty;

const gaps: PtyGap[] = [];
const create: PtyCreateOptions = {
  cwd: "/workspace",
  command: "top",
  env: { LANG: "C.UTF-8" },
  cols: 100,
  rows: 30,
  pipe: false,
  takeover: false,
  WebSocket: constructors[1],
  idleTimeoutSeconds: 45,
  reconnectTimeoutSeconds: Number.POSITIVE_INFINITY,
  onGap: ({ from, to }) => void gaps.push({ from, to }),
  onStateChange: (state: PtyState) => console.log(state),
  signal: AbortSignal.timeout(1000),
  headers: { "X-Trace": "1" },
};
const session: PtySession = await pty.create(create);
await session.write("ls\n");
await session.write(new Uint8Array([3]));
await session.write(new ArrayBuffer(1));
session.resize(80, 24);
const signal: PtySignal = "SIGHUP";
await session.signal(signal);
const output: PtyOutput = session.output;
for await (const bytes of output) console.log(bytes.byteLength);
for await (const text of session.stderr.text()) console.log(text.length);
const exitCode: number | null = await session.wait();
const sofar: number | null | undefined = session.exitCode;
const mode: "pty" | "pipe" | undefined = session.mode;
await session.detach();

const attach: PtyAttachOptions = { since: session.offset, restart: true, takeover: true };
const again = await pty.attach(session.id, attach);
const info: PtyInfo = await pty.get(again.id, { requestTimeoutSeconds: 5 });
const numbers: number = info.outputOffset;
await again.kill();
await pty.kill(again.id);
await pty.create();

declare const terminal: TerminalLike;
const attached: AttachedPty = attachPty(terminal, session, { readOnly: true });
await attached.done;
attached.dispose();

console.log(configured, exitCode, sofar, mode, numbers);
