// Starts the WebAssembly at its first use, so that importing the package costs nothing, needs no `await`, and a page whose
// policy forbids WebAssembly gets an error at the call and not a module that cannot be imported.

import { __wbg_set_wasm, SandboxException } from "./core_bg.js";
import { imports } from "./imports.js";
import hex from "./wasm-inline.js";

let exports;

function start() {
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(decode(hex)), imports);
    exports = instance.exports;
    __wbg_set_wasm(exports);
    exports.__wbindgen_start();
  } catch (cause) {
    throw new SandboxException(
      {
        message: `WebAssembly could not be started: ${cause?.message ?? cause}. A page needs script-src 'wasm-unsafe-eval' in its Content-Security-Policy`,
        cause,
        isRetryable: true,
      },
      "WASM_UNAVAILABLE",
    );
  }
}

// Hex, not base64: it keeps the bytes aligned, so that it compresses to 8 % more than the binary instead of 25 to 31 %.
function decode(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (digit(text.charCodeAt(2 * i)) << 4) | digit(text.charCodeAt(2 * i + 1));
  return bytes;
}
const digit = (code) => (code < 58 ? code - 48 : code - 87);

// What can be called before anything was started and gives a Promise: it must reject and not throw.
const ASYNC = /^sandbox_(create|connect|resumeById)/;

/** Stands in for the exports until one is used; `start` then replaces it in the glue for good. */
__wbg_set_wasm(
  new Proxy(
    {},
    {
      get(_, name) {
        try {
          if (!exports) start();
        } catch (error) {
          if (ASYNC.test(String(name))) return () => Promise.reject(error);
          throw error;
        }
        return exports[name];
      },
    },
  ),
);
