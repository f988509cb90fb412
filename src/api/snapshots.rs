//! Snapshots: the wire calls, and waiting until one is ready.

use crate::api::poll::{Asker, Next, poll};
use crate::api::wire::{self, Asked, Wire};
use crate::api::{begun, lifecycle, ready, shape};
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
    let wire = ask(transport, sandbox, request);
    let begin = || -> Result<_, Failure> {
        let wire = wire?;
        let waiting = Waiting::read(&Options::new("options", options)?)?;
        let call = CallOptions::read(options)?;
        Ok(match waiting {
            Some(waiting) => poll(transport, &call, Making::new(wire, waiting)),
            None => wire.ask(transport, &call),
        })
    };
    begun(begin())
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
struct Making {
    /// Has it made: the first question.
    wire: Option<Wire>,
    waiting: Waiting,
    /// As it was last seen.
    snapshot: JsValue,
    id: String,
    deadline: f64,
    /// Why the last question went wrong.
    last: JsValue,
}

impl Making {
    fn new(wire: Wire, waiting: Waiting) -> Self {
        let (snapshot, last) = (JsValue::UNDEFINED, JsValue::UNDEFINED);
        Self { wire: Some(wire), waiting, snapshot, id: String::new(), deadline: 0.0, last }
    }
}

impl Asker for Making {
    fn ask(&mut self, transport: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        if let Some(wire) = self.wire.take() {
            return Ok(wire.ask(transport, call));
        }
        // Even a limit that is just over gives one more question the time to be answered.
        let left = (self.deadline - time::now()).max(1000.0);
        Ok(get(transport, &self.id.as_str().into())?.once().ask(transport, &transport.capped(call, left)))
    }

    fn judge(&mut self, answer: Result<JsValue, Failure>, _: &Transport, _: &CallOptions) -> Result<Next, Failure> {
        let made = self.id.is_empty();
        match answer {
            Err(failure) if !made && failure.is_retryable() => self.last = failure.into(),
            answer => (self.snapshot, self.last) = (answer?, JsValue::UNDEFINED),
        }
        if made {
            self.id = object::text(&self.snapshot, "id").ok_or_else(|| {
                Error::fixed(ErrorKind::UnexpectedResponse, "Create snapshot failed: the answer has no id")
            })?;
            self.deadline = time::now() + self.waiting.seconds * 1000.0;
        }
        let (id, status) = (&self.id, object::get(&self.snapshot, "status"));
        let said = |name: &str| object::text(&status, name).unwrap_or_default();
        let state = said("state");
        match state.as_str() {
            "Ready" => return Ok(Next::Done(self.snapshot.clone())),
            "Failed" => {
                let message = format!("Snapshot {id} failed: {} ({})", said("message"), said("reason"));
                let failure = Failure::from(Error::new(ErrorKind::SnapshotFailed, message));
                return Err(failure.with_body(self.snapshot.clone()));
            }
            _ => {}
        }
        let left = self.deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Snapshot {id} was not ready within {} ms (readyTimeoutSeconds); its state is {state}",
                rules::short((self.waiting.seconds * 1000.0).round())
            );
            return Err(Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), self.last.clone()));
        }
        Ok(Next::After(self.waiting.poll_ms.min(left)))
    }
}
