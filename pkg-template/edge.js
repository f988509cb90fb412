// The entry for edge workers, which may not compile WebAssembly while they run: there the module comes from the bundler. Found
// by the conditions `workerd` and `edge-light`; wrangler, miniflare and Next all know `?module`.

import module from "./core.wasm?module";
import { provide } from "./start.js";

provide(() => module);

export * from "./api.js";
