//! OpenSandbox client: plain Rust in [`core`], JavaScript in `host`, exported classes in `api`.
//!
//! Arrows point down only: `api` → `host` → `core`. The compiler enforces the lower one: `core` is a crate of its own that
//! does not depend on the JavaScript crates.

pub use opensandbox_core as core;

// Public for the tests of the bindings only.
#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
#[doc(hidden)]
pub mod api;
#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
#[doc(hidden)]
pub mod host;

#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
