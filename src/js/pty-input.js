// What a user gives to a terminal, checked.

import { InvalidArgumentException } from "./errors.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL", "SIGQUIT", "SIGHUP"];

const encoder = new TextEncoder();
const invalid = (message) => new InvalidArgumentException({ message });

export function toBytes(input) {
  if (typeof input === "string") return encoder.encode(input);
  if (input instanceof ArrayBuffer) return new Uint8Array(input.slice(0));
  // A copy: it may be sent later, and the caller's buffer may be used again by then.
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength).slice();
  throw invalid(`input must be a string or bytes, got ${input === null ? "null" : typeof input}`);
}

export function dimension(name, value) {
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw invalid(`${name} must be a whole number from 1 to 65535, got ${String(value)}`);
}

export function signalName(name) {
  if (SIGNALS.includes(name)) return name;
  throw invalid(`name must be one of ${SIGNALS.join(", ")}, got ${String(name)}`);
}
