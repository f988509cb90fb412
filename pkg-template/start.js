// Starts the WebAssembly at its first use, so that importing the package costs nothing, needs no `await`, and a page whose
// policy forbids WebAssembly gets an error at the call and not a module that cannot be imported. All entries share this one:
// whichever of them has a module first starts it, once.

import { __wbg_set_wasm, ASYNC, build, imports, SandboxException, START } from "./core_bg.js";

let exports;
let source;

/** Where the module comes from when it is needed and nobody has started one. */
export function provide(get) {
  source ??= get;
}

export const started = () => exports !== undefined;

export const unavailable = (message, cause) =>
  new SandboxException({ message, cause, isRetryable: true }, "WASM_UNAVAILABLE");

/** The build that a module says it is of. One that does not say it (a tool has dropped its sections) is given a try. */
function buildOf(module) {
  try {
    const [section] = WebAssembly.Module.customSections(module, "opensandbox");
    return section ? new TextDecoder().decode(section) : build;
  } catch {
    return build;
  }
}

/** What `get` gives is instantiated, if nothing was before. It can fail, and then be tried again. */
export function start(get) {
  if (exports) return;
  let fresh;
  let hint = "A page needs script-src 'wasm-unsafe-eval' in its Content-Security-Policy";
  try {
    const module = get();
    const its = buildOf(module);
    if (its !== build) {
      hint = "Both must be of one version: one of them may come from a cache or an older deployment";
      throw new TypeError(`core.wasm is of version ${its}, the JavaScript of version ${build}`);
    }
    fresh = new WebAssembly.Instance(module, imports).exports;
    if (!fresh[START]) throw new TypeError("it is not the core.wasm of this package");
  } catch (cause) {
    throw unavailable(
      `WebAssembly could not be started: ${String(cause?.message ?? cause).replace(/\.$/, "")}. ${hint}`,
      cause,
    );
  }
  exports = fresh;
  __wbg_set_wasm(exports);
  exports[START]();
}

function startFromSource() {
  if (!source) throw unavailable('opensandbox-wasm/slim holds no WebAssembly: call "await init()" of it first');
  start(source);
}

/** Stands in for the exports until one is used; `start` then replaces it in the glue for good. */
__wbg_set_wasm(
  new Proxy(
    {},
    {
      get(_, name) {
        try {
          if (!exports) startFromSource();
        } catch (error) {
          // What gives a Promise must reject and not throw.
          if (ASYNC.includes(name)) return () => Promise.reject(error);
          throw error;
        }
        return exports[name];
      },
    },
  ),
);
