// The WebAssembly as text, inside a JavaScript module: nothing to copy, to fetch or to configure.

import { provide } from "./start.js";
import bytes from "./wasm-inline.js";

provide(() => new WebAssembly.Module(bytes()));
