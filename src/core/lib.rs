//! Plain Rust: no JavaScript types, no I/O, no clock. Tested natively and fuzzed.
//!
//! A crate of its own for two reasons: it cannot name the JavaScript crates even by mistake, and its decoder is compiled
//! for speed while the rest of the WebAssembly is compiled for size.

#![forbid(unsafe_code)]

pub mod answer;
pub mod batch;
pub mod capture;
pub mod egress;
pub mod error;
pub mod events;
pub mod frames;
pub mod multipart;
pub mod pty;
pub mod resume;
pub mod retry;
pub mod rows;
pub mod rules;
pub mod run;
pub mod secrets;
pub mod text;
pub mod tree;
pub mod url;
