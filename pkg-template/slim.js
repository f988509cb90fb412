// The entry without WebAssembly inside: the program says where it comes from, before its first use.

export * from "./api.js";
export { init, initSync } from "./init.js";
