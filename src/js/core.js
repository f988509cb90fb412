// The decisions that are Rust's: `core` is set when the WebAssembly has started (src/host/decisions.rs).

export let core;
/** The WebAssembly's. What Rust has decoded is read in place. */
export let memory;

/** Called from Rust, once. */
export function provideCore(...given) {
  [core, memory] = given;
}
