// The WebAssembly itself, as runtimes and bundlers give it that import it as a module. It does nothing alone: see `slim`.

import "./types/wasm.js";

/** For `init` and `initSync` of `opensandbox-wasm/slim`. */
declare const module: WebAssembly.Module;
export default module;
