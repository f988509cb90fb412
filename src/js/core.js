// The decisions that are Rust's: `core` is set when the WebAssembly has started (src/host/decisions.rs).

export let core;

/** Called from Rust, once. */
export function provideCore(given) {
  core = given;
}
