//! Snapshots: the wire calls, and waiting until one is ready.

use crate::api::{lifecycle, promise, shape};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, send};
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
        let poll_ms = options.number("pollingIntervalMillis")?.unwrap_or(POLL_MS).max(0.0);
        Ok(options.boolean("waitUntilReady")?.unwrap_or(false).then_some(Self { seconds, poll_ms }))
    }
}

fn path(transport: &Transport, id: &str) -> Result<String, Error> {
    Ok(format!("{}/snapshots/{}", transport.base, rules::segment("snapshotId", id)?))
}

fn unsupported(failure: Failure) -> Failure {
    failure.or_unsupported("Snapshots are")
}

/// [`create`] for the exported methods.
pub fn promised(transport: &Rc<Transport>, sandbox: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
    let (transport, id) = (Rc::clone(transport), args::filled("sandboxId", sandbox));
    let (request, options) = (request.clone(), options.clone());
    promise(async move { create(&transport, &id?, &request, &options).await })
}

/// `POST /sandboxes/{id}/snapshots`. The server makes it in the background; with `waiting` this resolves when it is ready.
pub async fn create(
    transport: &Transport,
    sandbox: &str,
    request: &JsValue,
    options: &JsValue,
) -> Result<Object, Failure> {
    let call = CallOptions::read(options)?;
    let waiting = Waiting::read(&Options::new("options", options)?)?;
    let given = Options::new("request", request)?;
    given.string("name")?;
    let body = if object::absent(request) { Object::new().into() } else { request.clone() };
    let url = lifecycle::path(transport, sandbox, "/snapshots")?;
    let request = Request::new("POST", url, "Create snapshot failed").json(&body)?;
    let snapshot = send(transport, request, &call).await.map_err(unsupported)?.shaped(shape::snapshot).await?;
    match waiting {
        Some(waiting) => until_ready(transport, snapshot, &waiting, &call).await,
        None => Ok(snapshot),
    }
}

/// `GET /snapshots/{id}`.
pub async fn get(transport: &Transport, id: &str, call: &CallOptions) -> Result<Object, Failure> {
    let request = Request::new("GET", path(transport, id)?, "Get snapshot failed");
    send(transport, request, call).await.map_err(unsupported)?.shaped(shape::snapshot).await
}

/// `DELETE /snapshots/{id}`.
pub async fn delete(transport: &Transport, id: &str, call: &CallOptions) -> Result<(), Failure> {
    let request = Request::new("DELETE", path(transport, id)?, "Delete snapshot failed");
    send(transport, request, call).await.map_err(unsupported)?.done().await
}

/// Asks until the snapshot is ready, has failed, or the limit is reached. A question that went wrong and may go right the
/// next time is asked again.
async fn until_ready(
    transport: &Transport,
    mut snapshot: Object,
    waiting: &Waiting,
    call: &CallOptions,
) -> Result<Object, Failure> {
    let id = object::text(&snapshot, "id")
        .ok_or_else(|| Error::UnexpectedResponse("Create snapshot failed: the answer has no id".into()))?;
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
                return Err(Failure::from(Error::SnapshotFailed(message)).with_body(snapshot.into()));
            }
            _ => {}
        }
        let left = deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Snapshot {id} was not ready within {} ms (readyTimeoutSeconds); its state is {state}",
                rules::short((waiting.seconds * 1000.0).round())
            );
            return Err(Failure::caused(Error::ReadyTimeout(message), last));
        }
        transport.sleep(waiting.poll_ms.min(left), call).await?;
        // Even a limit that is just over gives one more question the time to be answered.
        let left = (deadline - time::now()).max(1000.0);
        match get(transport, &id, &transport.capped(call, left)).await {
            Ok(now) => {
                snapshot = now;
                last = JsValue::UNDEFINED;
            }
            Err(failure) if failure.is_retryable() => last = failure.into(),
            Err(failure) => return Err(failure),
        }
    }
}
