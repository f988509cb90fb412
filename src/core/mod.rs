//! Plain Rust: no JavaScript types, no I/O. Tested natively.
