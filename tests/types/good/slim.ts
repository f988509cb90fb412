// The entry without WebAssembly inside has the same types, and what starts it.
import type { Sandbox as Default } from "opensandbox-wasm";
import wasm from "opensandbox-wasm/core.wasm";
import { init, initSync, Sandbox, type WasmSource } from "opensandbox-wasm/slim";

const done: Promise<void> = init();
await init(wasm);
await init(new Uint8Array());
await init(new ArrayBuffer(0));
await init(fetch("/core.wasm"));
await init(new URL("https://example.com/core.wasm"));
await init("/core.wasm");
await init(import("opensandbox-wasm/core.wasm"));
initSync(wasm);
initSync(await import("opensandbox-wasm/core.wasm"));
const sources: WasmSource[] = [wasm, "/core.wasm"];
const same: typeof Default = Sandbox;
void [done, sources, same];
