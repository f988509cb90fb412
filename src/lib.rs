//! OpenSandbox client: plain Rust in [`core`], JavaScript in `host`, exported classes in `api`.
//!
//! Arrows point down only: `api` → `host` → `core`. The compiler enforces the lower one: the JavaScript
//! crates are dependencies of the wasm32 target alone, so `core` cannot name them when it is built natively.

pub mod core;

// Public for the tests of the bindings only.
#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
#[doc(hidden)]
pub mod api;
#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
#[doc(hidden)]
pub mod host;
