//! Plain Rust: no JavaScript types, no I/O, no clock. Tested natively and fuzzed.

pub mod capture;
pub mod error;
pub mod events;
pub mod frames;
pub mod multipart;
pub mod rules;
pub mod run;
pub mod url;
