//! The exported classes. Each method reads its arguments, calls `core` and `host`, shapes the result.
//!
//! Exported types hold an `Rc` and only take `&self`; a method that waits clones the `Rc` and returns a Promise, so that
//! nothing is borrowed across an await and `free()` in the middle of a call is harmless.

/// A method about one thing, by its id: reads the arguments at once, sends later. `$wire` is the function of the wire call;
/// `nothing` for one that gives nothing back.
macro_rules! by_id {
    ($transport:expr, $field:literal, $id:expr, $options:expr, $wire:path $(, $more:expr)*) => {{
        let (transport, id) = (std::rc::Rc::clone(&$transport), crate::host::args::filled($field, $id));
        let call = crate::host::args::CallOptions::read($options);
        crate::api::promise(async move { $wire(&transport, &id?, $($more,)* &call?).await })
    }};
    ($transport:expr, $field:literal, $id:expr, $options:expr, $wire:path $(, $more:expr)* => nothing) => {{
        let (transport, id) = (std::rc::Rc::clone(&$transport), crate::host::args::filled($field, $id));
        let call = crate::host::args::CallOptions::read($options);
        crate::api::promise(async move {
            $wire(&transport, &id?, $($more,)* &call?).await.map(|()| wasm_bindgen::JsValue::UNDEFINED)
        })
    }};
}

/// A method that gives a page of a list.
macro_rules! page {
    ($transport:expr, $listing:expr, $filter:expr, $options:expr) => {{
        let transport = std::rc::Rc::clone(&$transport);
        let filter = crate::host::args::Options::new("filter", $filter);
        let call = crate::host::args::CallOptions::read($options);
        crate::api::promise(async move { crate::api::lists::page(&transport, $listing, &filter?, &call?).await })
    }};
}

mod commands;
mod create;
mod creation;
mod diagnostics;
mod download;
mod endpoints;
mod execd;
mod files;
mod health;
mod lifecycle;
mod lists;
pub mod manager;
mod pools;
mod port;
mod program;
mod ready;
mod recovery;
mod run;
pub mod sandbox;
mod sandboxes;
mod shape;
mod snapshots;
mod templates;

use crate::host::failure::Failure;
use js_sys::Promise;
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::JsValue;

/// The one way from a future to a Promise.
fn promise<T: Into<JsValue>>(work: impl Future<Output = Result<T, Failure>> + 'static) -> Promise {
    spawn(Box::pin(async move { work.await.map(Into::into).map_err(JsValue::from) }))
}

/// Boxed, because the runtime under `future_to_promise` is compiled once for each type of future: 50 methods would carry
/// 50 copies of it, more than a third of the whole wasm.
fn spawn(work: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>) -> Promise {
    wasm_bindgen_futures::future_to_promise(work)
}
