// ExecutionEventDispatcher: the recorder of runs for code that reads events itself.

import { InvalidArgumentException } from "./errors.js";
import { Batch, JSON_ROW, Recorder } from "./execution.js";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function check(name, value, ok) {
  if (!ok) throw new InvalidArgumentException({ message: `${name}, got ${value === null ? "null" : typeof value}` });
}

export class ExecutionEventDispatcher {
  #recorder;

  constructor(execution, handlers) {
    const { logs, result } = execution ?? {};
    const usable = Array.isArray(logs?.stdout) && Array.isArray(logs?.stderr) && Array.isArray(result);
    check("execution must be an object { logs: { stdout: [], stderr: [] }, result: [] }", execution, usable);
    check("handlers must be an object", handlers, handlers === undefined || handlers === null || isObject(handlers));
    for (const [name, value] of Object.entries(handlers ?? {})) {
      const type = name === "skipAccumulation" ? "boolean" : /^on[A-Z]/.test(name) && "function";
      const fits = !type || value === undefined || value === null || typeof value === type;
      check(`handlers.${name} must be a ${type}`, value, fits);
    }
    // As of code: who reads the events knows what the exit code is.
    this.#recorder = new Recorder({ execution, handlers, code: true, timeoutMs: 0 });
  }

  async dispatch(event) {
    check("event must be an object", event, isObject(event));
    await this.#recorder.take(new Batch("", new Float64Array([JSON_ROW, 0, 0]), new Map([[0, event]])), {});
  }
}
