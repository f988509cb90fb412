//! From nothing to a `Sandbox`: the create request, what is left behind when it fails, and connecting.

use crate::api::execd::PORT;
use crate::api::poll::promised;
use crate::api::ready::{self, Readiness};
use crate::api::sandbox::Sandbox;
use crate::api::wire::Asked;
use crate::api::{create, lifecycle, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options, Patience};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{js, object, time};
use js_sys::{Object, Promise};
use std::future;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The server may pull an image before it answers: minutes, not the 30 s of an ordinary request.
pub const TIMEOUT_SECONDS: f64 = 300.0;

/// What a sandbox is made from.
pub enum Made {
    /// The usual ways.
    FromImageOrSnapshot,
    /// A template of the server's, which settles nearly everything.
    FromTemplate,
}

/// `Sandbox.create` and `Sandbox.createFromTemplate`.
pub fn create(options: &JsValue, made: Made) -> Result<Asked, Failure> {
    let options = Options::required("options", options)?;
    let body = match made {
        Made::FromImageOrSnapshot => create::body(&options)?,
        Made::FromTemplate => create::from_template(&options)?,
    };
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let limit_seconds = options.seconds("createTimeoutSeconds")?.unwrap_or(TIMEOUT_SECONDS);
    let transport = Rc::new(Transport::of(&options)?);
    let id = send(&transport, &body, ("createTimeoutSeconds", limit_seconds), &call, id_of)?;
    Ok(Box::pin(opened(Opening { id, transport, readiness, call, failing: Failing::Delete })))
}

fn id_of(created: Object) -> Result<JsValue, Error> {
    let id = object::get(&created, "id");
    if id.as_string().is_none_or(|id| id.is_empty()) {
        return Err(Error::fixed(ErrorKind::UnexpectedResponse, "Create sandbox failed: the answer has no id"));
    }
    Ok(id)
}

/// A sandbox to which a handle is made.
pub struct Opening {
    /// Its id, when it has one and runs.
    pub id: Asked,
    /// The new handle's own.
    pub transport: Rc<Transport>,
    /// How to wait for it.
    pub readiness: Readiness,
    /// Signal and headers.
    pub call: CallOptions,
    /// What to do when it cannot be reached.
    pub failing: Failing,
}

/// What becomes of a sandbox that cannot be reached.
#[derive(Clone, Copy, PartialEq)]
pub enum Failing {
    /// Nothing: there is another handle.
    Leave,
    /// Its requests are stopped.
    Close,
    /// It was made for this and is deleted: nobody else knows of it.
    Delete,
}

/// Looks the daemon up and waits for it; gives the JavaScript object.
pub async fn opened(opening: Opening) -> Result<JsValue, Failure> {
    let Opening { id, transport, readiness, call, failing } = opening;
    let id = id.await?;
    let owned = failing == Failing::Delete;
    let (sandbox, execd) = Sandbox::new(Rc::clone(&transport), id.clone(), owned, call.for_others());
    let sandbox = JsValue::from(sandbox);
    let reached = match execd.endpoints.get(PORT, &call).await {
        Ok(_) if readiness.skip => return Ok(sandbox),
        Ok(_) => ready::wait(&execd, sandbox.clone(), readiness, &call).await,
        Err(failure) => Err(failure),
    };
    let Err(first) = reached else { return Ok(sandbox) };
    if failing != Failing::Leave {
        transport.close();
    }
    if owned {
        // A transport of its own: the sandbox's is closed.
        let cleaner = Rc::new(Transport::new(&transport.config)?);
        // The caller learns the first error, not one of the cleaning up.
        let cleaning = lifecycle::delete(&cleaner, &id)?.unheard().ask(&cleaner, &call.for_others());
        if first.is(ErrorKind::Aborted) {
            let _ = spawn(cleaning);
        } else {
            let _ = cleaning.await;
        }
    }
    Err(first)
}

/// Sends the create request. Left early, by an abort or the limit, the request goes on unheard, and the sandbox that it
/// may yet make is deleted: cutting it off would leave one that nobody knows of.
pub fn send(
    transport: &Rc<Transport>,
    body: &Object,
    (limit_name, limit_seconds): (&'static str, f64),
    call: &CallOptions,
    shape: fn(Object) -> Result<JsValue, Error>,
) -> Result<Asked, Failure> {
    transport.check(call)?;
    let limit_ms = if limit_seconds > 0.0 { limit_seconds * 1000.0 } else { f64::INFINITY };
    // What is under way goes on after the caller has left. It is not begun again then.
    let patience = Some(Patience { signal: call.signal.clone(), until: time::now() + limit_ms });
    let unlimited = call.for_others().with(|call| {
        call.timeout_seconds = Some(0.0);
        call.patience = patience;
    });
    let creating = spawn(lifecycle::create(transport, body)?.ask(transport, &unlimited));
    let created = promised(js::within(&creating, limit_ms, &transport.bare_signals(call)));
    let (transport, call) = (Rc::clone(transport), call.clone());
    Ok(Box::pin(async move {
        let created = created.await?;
        if !created.is_undefined() {
            return Ok(shape(created.unchecked_into())?);
        }
        let _ = spawn(Box::pin(abandoned(Rc::clone(&transport), creating, call.for_others())));
        transport.check(&call)?;
        Err(Error::new(
            ErrorKind::Timeout,
            format!("Create sandbox failed: no answer within {} ms ({limit_name})", rules::short(limit_ms)),
        )
        .into())
    }))
}

/// Deletes a sandbox that nobody waits for any more, once it is made.
async fn abandoned(transport: Rc<Transport>, creating: Promise, call: CallOptions) -> Result<JsValue, Failure> {
    let created = JsFuture::from(creating).await.unwrap_or_default();
    match lifecycle::delete(&transport, &object::get(&created, "id")) {
        Ok(wire) => wire.unheard().ask(&transport, &call).await,
        Err(_) => Ok(JsValue::UNDEFINED),
    }
}

/// `Sandbox.connect` and, with `resume`, `Sandbox.resume`.
pub fn connect(options: &JsValue, resume: bool) -> Result<Asked, Failure> {
    let options = Options::required("options", options)?;
    let id = options.raw("sandboxId");
    rules::segment("sandboxId", &args::string("sandboxId", &id)?)?;
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let transport = Rc::new(Transport::of(&options)?);
    let id: Asked = if resume {
        lifecycle::resume(&transport, &id)?.then(|done| done.map(|_| id)).ask(&transport, &call)
    } else {
        Box::pin(future::ready(Ok(id)))
    };
    Ok(Box::pin(opened(Opening { id, transport, readiness, call, failing: Failing::Close })))
}
