// The entry `opensandbox-wasm/slim`: the same, with the WebAssembly beside it and not inside.

import "./types/wasm.js";
import type { InvalidArgumentException, SandboxException } from "./index.js";

export * from "./index.js";

/**
 * What {@link init} takes: the compiled module; the bytes of `opensandbox-wasm/core.wasm`; a response with them; where to fetch
 * them (`file:` is read in Node and Bun, and in Deno with `--allow-read`); or a module that has one of these as its default export.
 */
export type WasmSource = WebAssembly.Module | ArrayBuffer | ArrayBufferView | Response | URL | string | WasmModule;

/** A module that has the WebAssembly as its default export, as bundlers make it: one of the other sources. */
export interface WasmModule {
  /** The source. */
  default: unknown;
}

/**
 * Starts the WebAssembly. Before that the first use of the package is refused with the code `WASM_UNAVAILABLE`.
 *
 * Without a source it is fetched from beside the package's own files: `new URL("./core.wasm", import.meta.url)`, which many
 * bundlers replace by the address of the file in their output. Once it runs, further calls change nothing. The file of another
 * version of the package is refused.
 *
 * @throws {@link SandboxException} `WASM_UNAVAILABLE`: it could not be fetched, compiled or started, `cause` says why. It can be
 * tried again.
 * @throws {@link InvalidArgumentException} the source is none of these
 */
export declare function init(source?: WasmSource | Promise<WasmSource>): Promise<void>;

/**
 * The same at once, for a module that the runtime or a bundler has compiled (`import source`, workers) or for bytes. Browsers
 * compile large modules outside of workers only with {@link init}.
 *
 * @throws {@link SandboxException} `WASM_UNAVAILABLE`, as with {@link init}
 * @throws {@link InvalidArgumentException} the source is neither
 */
export declare function initSync(source: WebAssembly.Module | ArrayBuffer | ArrayBufferView | WasmModule): void;
