//! Snapshots: the wire calls, and how to wait until one is ready.

use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, ready, settled};
use crate::core::error::Error;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Transport};
use crate::host::object;
use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;

const READY_SECONDS: f64 = 300.0;
const POLL_MS: f64 = 500.0;
const PART: &str = "Snapshots are";

/// How many seconds to wait for a snapshot, and after how many milliseconds to ask again. `None` when nobody asked to wait.
fn waiting(options: &Options) -> Result<Option<(f64, f64)>, Error> {
    let seconds = options.seconds("readyTimeoutSeconds")?.unwrap_or(READY_SECONDS);
    let poll_ms = ready::interval(options, "pollingIntervalMillis")?.unwrap_or(POLL_MS);
    Ok(options.boolean("waitUntilReady")?.unwrap_or(false).then_some((seconds, poll_ms)))
}

/// `POST /sandboxes/{id}/snapshots`.
fn ask(transport: &Transport, sandbox: &JsValue, request: &JsValue) -> Result<Wire, Failure> {
    Options::new("request", request)?.string("name")?;
    let body = if object::absent(request) { Object::new().into() } else { request.clone() };
    let url = lifecycle::path(transport, sandbox, "/snapshots")?;
    Ok(Wire::new("POST", &url, "Create snapshot failed", "snapshot").json(&body)?.part(PART))
}

/// Has one made, which the server does in the background; asked to wait, this resolves when it is ready.
pub fn create(transport: &Transport, sandbox: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
    let begin = || -> Result<Promise, Failure> {
        let wire = ask(transport, sandbox, request)?;
        let waiting = waiting(&Options::new("options", options)?)?;
        let call = CallOptions::read(options)?;
        Ok(match waiting {
            Some((seconds, poll_ms)) => js::make_snapshot(transport, wire.as_ref(), seconds, poll_ms, call.as_ref()),
            None => js::ask(transport.as_ref(), wire.as_ref(), call.as_ref()),
        })
    };
    settled(begin())
}

/// A call about one of them.
fn about(transport: &Transport, id: &JsValue, method: &str, what: &str, answer: &str) -> Result<Wire, Failure> {
    let url = wire::item(transport, "snapshots", "snapshotId", id)?;
    Ok(Wire::new(method, &url, what, answer).part(PART))
}

/// `GET /snapshots/{id}`.
pub fn get(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    about(transport, id, "GET", "Get snapshot failed", "snapshot")
}

/// `DELETE /snapshots/{id}`.
pub fn delete(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    about(transport, id, "DELETE", "Delete snapshot failed", "nothing")
}
