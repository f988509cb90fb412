// The decisions that are Rust's: `core` is there before anything else is done, as all begins with a Transport (src/api/decisions.rs).

export let core;
/** The WebAssembly's. What Rust has decoded is read in place. */
export let memory;

/** Called from Rust, once. */
export function provideCore(given, names, its) {
  core = Object.fromEntries(names.map((name, number) => [name, (...args) => given.invoke(number, ...args)]));
  memory = its;
}
