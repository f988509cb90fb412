// The code interpreter by its official name: a sandbox and its `codes`. Also the subpath that stands in for the official package:
// without WebAssembly, which the sandbox brings along.

import { InvalidArgumentException } from "./core_bg.js";

/** The languages that the official image has kernels for, and SQL. */
export const SupportedLanguages = {
  PYTHON: "python",
  JAVA: "java",
  GO: "go",
  TYPESCRIPT: "typescript",
  JAVASCRIPT: "javascript",
  BASH: "bash",
};

const BY_HAND = Symbol("made by CodeInterpreter.create");

export class CodeInterpreter {
  constructor(sandbox, secret) {
    if (secret !== BY_HAND) throw invalid("A CodeInterpreter is made with CodeInterpreter.create");
    this.sandbox = sandbox;
    this.codes = sandbox.codes;
  }

  /** Waits until the sandbox's kernels can be used. */
  static async create(sandbox, options) {
    // By its shape: it may come from another copy of the package.
    if (typeof sandbox?.codes?.waitUntilReady !== "function")
      throw invalid("sandbox must be a Sandbox of this package");
    if (options?.adapterFactory !== undefined) {
      throw invalid("adapterFactory is not supported: pass a fetch of your own in connectionConfig");
    }
    await sandbox.codes.waitUntilReady(options);
    return new CodeInterpreter(sandbox, BY_HAND);
  }

  get id() {
    return this.sandbox.id;
  }
  get files() {
    return this.sandbox.files;
  }
  get commands() {
    return this.sandbox.commands;
  }
  get metrics() {
    return this.sandbox.metrics;
  }
}

const invalid = (message) => new InvalidArgumentException({ message });
