//! What reads a stream. A crate of its own, because it alone is compiled for speed: see the profiles in `Cargo.toml`.

#![forbid(unsafe_code)]

pub mod capture;
pub mod events;
pub mod frames;
pub mod rows;
