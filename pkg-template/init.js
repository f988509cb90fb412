// Where the WebAssembly of the entry `slim` comes from.

import { InvalidArgumentException } from "./core_bg.js";
import { start, started, unavailable } from "./start.js";

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
// By their names: in some runtimes they come from another realm.
const isModule = (value) => tag(value) === "WebAssembly.Module";
const isBytes = (value) => tag(value) === "ArrayBuffer" || ArrayBuffer.isView(value);
const isResponse = (value) => typeof value?.arrayBuffer === "function" && typeof value.ok === "boolean";
const isUrl = (value) => tag(value) === "URL" || (typeof value === "string" && value !== "");

/** A module that was imported has it as its default export. */
const unwrapped = (value) => (tag(value) === "Module" ? value.default : value);
const invalid = (wanted) => new InvalidArgumentException({ message: `source must be ${wanted}` });

export function initSync(source) {
  const value = unwrapped(source);
  if (isModule(value)) return start(() => value);
  if (isBytes(value)) return start(() => new WebAssembly.Module(value));
  throw invalid("a WebAssembly.Module or its bytes");
}

// One after the other: whoever comes second finds it done, or tries what it brought itself.
let last = Promise.resolve();

export function init(source) {
  // It may have to wait, or not be needed: its failure is no unhandled rejection.
  Promise.resolve(source).catch(() => {});
  const mine = last.then(async () => {
    if (started()) return;
    const module = await compiled(source);
    start(() => module);
  });
  last = mine.catch(() => {});
  return mine;
}

async function compiled(source) {
  try {
    let value = source === undefined ? new URL("./core.wasm", import.meta.url) : unwrapped(await source);
    if (isUrl(value)) value = await load(value);
    if (isResponse(value)) value = await read(value);
    if (isModule(value)) return value;
    if (isBytes(value)) return await WebAssembly.compile(value);
  } catch (cause) {
    throw unavailable(`WebAssembly could not be loaded: ${cause?.message ?? cause}`, cause);
  }
  throw invalid("a WebAssembly.Module, its bytes, a Response or a URL");
}

async function load(url) {
  // Node's fetch reads no files.
  const fs = String(url).startsWith("file:") && globalThis.process?.getBuiltinModule?.("node:fs");
  return fs ? await fs.promises.readFile(new URL(url)) : await fetch(url);
}

async function read(response) {
  if (!response.ok) throw new Error(`${response.url || "the server"} answered ${response.status}`);
  return await response.arrayBuffer();
}
