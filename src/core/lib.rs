//! Plain Rust: no JavaScript types, no I/O, no clock. Tested natively and fuzzed.
//!
//! A crate of its own, so that it cannot name the JavaScript crates even by mistake. The decoder is another one: it is compiled
//! for speed, while the rest of the WebAssembly is compiled for size.

#![forbid(unsafe_code)]

pub mod answer;
pub mod batch;
pub mod egress;
pub mod error;
pub mod multipart;
pub mod pty;
pub mod resume;
pub mod retry;
pub mod rules;
pub mod run;
pub mod secrets;
pub mod text;
pub mod tree;
pub mod url;

pub use opensandbox_decoder::{capture, events, frames, rows};
