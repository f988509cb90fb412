// The default entry: browsers, Node, Deno, Bun, any bundler. One file serves them all.

import "./load.js";
import { Sandbox } from "./core_bg.js";

export * from "./constants.js";
export {
  ConnectionConfig,
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

// wasm-bindgen cannot export a static and an instance method of one name.
Sandbox.resume = Sandbox.resumeById;
delete Sandbox.resumeById;
