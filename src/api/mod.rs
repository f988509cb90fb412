//! The exported classes. Each method reads its arguments, calls `core` and `host`, shapes the result.
//!
//! Nothing here waits: what takes time goes on in `src/js`, and a method returns its Promise. So nothing is borrowed across a wait,
//! and `free()` in the middle of a call is harmless.

mod background;
mod capabilities;
mod codes;
mod commands;
mod create;
mod creation;
mod decisions;
mod diagnostics;
mod directory;
mod download;
mod egress;
mod files;
mod health;
mod interpreter;
mod isolated_session;
mod isolation;
mod lifecycle;
mod lists;
pub mod manager;
mod methods;
mod pools;
mod port;
mod pty;
mod ready;
mod resumable;
mod run;
pub mod sandbox;
mod sandboxes;
mod sidecar;
mod snapshots;
mod templates;
mod transport;
mod upload;
mod vault;
mod vault_request;
mod wire;

use crate::host::failure::Failure;
use js_sys::Promise;

/// The promise of something that goes on in JavaScript, or a rejected one.
fn settled(begun: Result<Promise, Failure>) -> Promise {
    begun.unwrap_or_else(|failure| Promise::reject(&failure.into()))
}
