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

// wasm-bindgen's own disposal frees memory at once and leaves an object that throws; the garbage collector does it in time.
// With it in place, `using sandbox = …` would compile and neither close nor kill.
const CLASSES = [
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
];
for (const { prototype } of CLASSES) {
  delete prototype.free;
  if (Symbol.dispose) delete prototype[Symbol.dispose];
}
