//! The exported classes. Each method reads its arguments, calls `core` and `host`, shapes the result.
//!
//! Exported types hold an `Rc` and only take `&self`; a method that waits clones the `Rc` and returns a Promise, so that
//! nothing is borrowed across an await and `free()` in the middle of a call is harmless.

mod background;
mod capabilities;
mod codes;
mod commands;
mod create;
mod creation;
mod diagnostics;
mod directory;
mod download;
mod egress;
mod endpoints;
mod execd;
mod files;
mod health;
mod interpreter;
mod isolated_session;
mod isolation;
mod lifecycle;
mod lists;
pub mod manager;
mod methods;
mod poll;
mod pools;
mod port;
mod program;
mod pty;
mod ready;
mod recovery;
mod resumable;
mod run;
pub mod sandbox;
mod sandboxes;
mod shape;
mod sidecar;
mod snapshots;
mod templates;
mod upload;
mod vault;
mod vault_request;
mod vault_state;
mod wire;

use crate::host::failure::Failure;
use js_sys::Promise;
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::JsValue;

/// The one way from a future to a Promise.
fn promise(work: impl Future<Output = Result<JsValue, Failure>> + 'static) -> Promise {
    spawn(Box::pin(work))
}

/// The promise of something that goes on in JavaScript, or a rejected one.
fn settled(begun: Result<Promise, Failure>) -> Promise {
    begun.unwrap_or_else(|failure| Promise::reject(&failure.into()))
}

/// The promise of what is waited for, or a rejected one.
fn begun(asked: Result<wire::Asked, Failure>) -> Promise {
    settled(asked.map(spawn))
}

/// Boxed, because the runtime under `future_to_promise` is compiled once for each type of future: 50 methods would carry
/// 50 copies of it, more than a third of the whole wasm. All give a `JsValue`: a conversion here would be another future around
/// each of them.
fn spawn(work: Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>>) -> Promise {
    wasm_bindgen_futures::future_to_promise(async move { work.await.map_err(JsValue::from) })
}
