// Everything that the package exports. Where the WebAssembly comes from is the matter of the entries.

import {
  Codes,
  Commands,
  CredentialVault,
  Diagnostics,
  Egress,
  ExecdHealth,
  ExecdMetrics,
  Files,
  IsolatedSession,
  Isolation,
  METHODS,
  Pty,
  Sandbox,
  Sandboxes,
  SandboxManager,
} from "./core_bg.js";

export { CodeInterpreter, SupportedLanguages } from "./code-interpreter.js";
export * from "./constants.js";
export {
  CommandExitException,
  ConnectionConfig,
  ExecutionEventDispatcher,
  InvalidArgumentException,
  Sandbox,
  SandboxAbortException,
  SandboxApiException,
  SandboxConnectionException,
  SandboxError,
  SandboxException,
  SandboxInternalException,
  SandboxManager,
  SandboxReadyTimeoutException,
  SandboxStreamException,
  SandboxTimeoutException,
  SandboxUnhealthyException,
} from "./core_bg.js";
export { PYTHON_CHARTS } from "./python-charts.js";

// wasm-bindgen cannot export a static and an instance method of one name.
Sandbox.resume = Sandbox.resumeById;
delete Sandbox.resumeById;

const CLASSES = {
  Codes,
  Sandbox,
  Sandboxes,
  SandboxManager,
  Commands,
  CredentialVault,
  Diagnostics,
  Egress,
  ExecdHealth,
  ExecdMetrics,
  Files,
  IsolatedSession,
  Isolation,
  Pty,
};

/** A method that is one of those behind the class's single export, by its number. Named, for stack traces and consoles. */
function method(invoke, number, name) {
  const { [name]: made } = {
    [name](...given) {
      return invoke.call(this, number, ...given);
    },
  };
  return made;
}

for (const [name, { prototype }] of Object.entries(CLASSES)) {
  const { invoke } = prototype;
  delete prototype.invoke;
  METHODS[name].forEach((known, number) => {
    const getter = known.startsWith("get ");
    const key = known === "asyncDispose" ? Symbol.asyncDispose : known.replace("get ", "");
    // Older engines have no such symbol, and no `await using`.
    if (key === undefined) return;
    const made = method(invoke, number, known);
    const what = getter ? { get: made } : { value: made, writable: true };
    Object.defineProperty(prototype, key, { ...what, configurable: true });
  });
  // wasm-bindgen's own disposal frees memory at once and leaves an object that throws; the garbage collector does it in time.
  // With it in place, `using sandbox = …` would compile and neither close nor kill.
  delete prototype.free;
  if (Symbol.dispose) delete prototype[Symbol.dispose];
}
