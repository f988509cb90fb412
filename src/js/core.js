// The decisions that are Rust's: `core` is there before anything else is done, as all begins with a Transport (src/host/decisions.rs).

export let core;
/** The WebAssembly's. What Rust has decoded is read in place. */
export let memory;

/** Called from Rust. */
export function provideCore(given, its) {
  core ??= given;
  memory ??= its;
}
