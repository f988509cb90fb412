//! Snapshots: the wire calls, and waiting until one is ready.

use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, promise, ready, shape};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Object, Promise};
use std::rc::Rc;
use wasm_bindgen::JsValue;

const READY_SECONDS: f64 = 300.0;
const POLL_MS: f64 = 500.0;

/// How long to wait for a snapshot, and how often to ask.
pub struct Waiting {
    seconds: f64,
    poll_ms: f64,
}

impl Waiting {
    /// `None` when nobody asked to wait.
    pub fn read(options: &Options) -> Result<Option<Self>, Error> {
        let seconds = options.seconds("readyTimeoutSeconds")?.unwrap_or(READY_SECONDS);
        let poll_ms = ready::interval(options, "pollingIntervalMillis")?.unwrap_or(POLL_MS);
        Ok(options.boolean("waitUntilReady")?.unwrap_or(false).then_some(Self { seconds, poll_ms }))
    }
}

const PART: &str = "Snapshots are";

/// `POST /sandboxes/{id}/snapshots`.
fn ask(transport: &Transport, sandbox: &JsValue, request: &JsValue) -> Result<Wire, Failure> {
    Options::new("request", request)?.string("name")?;
    let body = if object::absent(request) { Object::new().into() } else { request.clone() };
    let url = lifecycle::path(transport, sandbox, "/snapshots")?;
    Ok(Wire::new("POST", url, "Create snapshot failed").json(&body)?.shaped(shape::snapshot).part(PART))
}

/// Has one made, which the server does in the background; asked to wait, this resolves when it is ready.
pub fn create(transport: &Rc<Transport>, sandbox: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
    let (transport, wire) = (Rc::clone(transport), ask(transport, sandbox, request));
    let waiting = Options::new("options", options).and_then(|options| Waiting::read(&options));
    let call = CallOptions::read(options);
    promise(async move {
        let (wire, waiting, call) = (wire?, waiting?, call?);
        let snapshot = wire.ask(&transport, &call).await?;
        match waiting {
            Some(waiting) => until_ready(&transport, snapshot, &waiting, &call).await,
            None => Ok(snapshot),
        }
    })
}

/// `GET /snapshots/{id}`.
pub fn get(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("GET", wire::item(transport, "snapshots", "snapshotId", id)?, "Get snapshot failed")
        .shaped(shape::snapshot)
        .part(PART))
}

/// `DELETE /snapshots/{id}`.
pub fn delete(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("DELETE", wire::item(transport, "snapshots", "snapshotId", id)?, "Delete snapshot failed").part(PART))
}

/// Asks until the snapshot is ready, has failed, or the limit is reached. A question that went wrong and may go right the
/// next time is asked again.
async fn until_ready(
    transport: &Rc<Transport>,
    mut snapshot: JsValue,
    waiting: &Waiting,
    call: &CallOptions,
) -> Result<JsValue, Failure> {
    let id = object::text(&snapshot, "id").ok_or_else(|| {
        Error::new(ErrorKind::UnexpectedResponse, "Create snapshot failed: the answer has no id".into())
    })?;
    let deadline = time::now() + waiting.seconds * 1000.0;
    let mut last = JsValue::UNDEFINED;
    loop {
        let status = object::get(&snapshot, "status");
        let said = |name: &str| object::text(&status, name).unwrap_or_default();
        let state = said("state");
        match state.as_str() {
            "Ready" => return Ok(snapshot),
            "Failed" => {
                let message = format!("Snapshot {id} failed: {} ({})", said("message"), said("reason"));
                return Err(Failure::from(Error::new(ErrorKind::SnapshotFailed, message)).with_body(snapshot));
            }
            _ => {}
        }
        let left = deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Snapshot {id} was not ready within {} ms (readyTimeoutSeconds); its state is {state}",
                rules::short((waiting.seconds * 1000.0).round())
            );
            return Err(Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), last));
        }
        transport.sleep(waiting.poll_ms.min(left), call).await?;
        // Even a limit that is just over gives one more question the time to be answered.
        let left = (deadline - time::now()).max(1000.0);
        let asked = get(transport, &id.as_str().into())?.once().ask(transport, &transport.capped(call, left)).await;
        match asked {
            Ok(now) => {
                snapshot = now;
                last = JsValue::UNDEFINED;
            }
            Err(failure) if failure.is_retryable() => last = failure.into(),
            Err(failure) => return Err(failure),
        }
    }
}
