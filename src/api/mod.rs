//! The exported classes. Each method reads its arguments, calls `core` and `host`, shapes the result.
//!
//! Exported types hold an `Rc` and only take `&self`; a method that waits clones the `Rc` and returns a Promise, so that
//! nothing is borrowed across an await and `free()` in the middle of a call is harmless.

mod commands;
mod create;
mod endpoints;
mod execd;
mod files;
mod health;
mod lifecycle;
pub mod manager;
mod ready;
mod run;
pub mod sandbox;
mod shape;

use crate::host::failure::Failure;
use js_sys::Promise;
use std::future::Future;
use wasm_bindgen::JsValue;

/// The one way from a future to a Promise.
fn promise<T: Into<JsValue>>(work: impl Future<Output = Result<T, Failure>> + 'static) -> Promise {
    wasm_bindgen_futures::future_to_promise(async move { work.await.map(Into::into).map_err(JsValue::from) })
}
