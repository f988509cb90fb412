//! From nothing to a `Sandbox`: the create request, what is left behind when it fails, and connecting.

use crate::api::ready::Readiness;
use crate::api::sandbox::Sandbox;
use crate::api::{create, lifecycle, promise, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options, Patience};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::Object;
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
pub async fn create(options: Result<Options, Error>, made: Made) -> Result<JsValue, Failure> {
    let options = options?;
    let body = match made {
        Made::FromImageOrSnapshot => create::body(&options)?,
        Made::FromTemplate => create::from_template(&options)?,
    };
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let limit_seconds = options.seconds("createTimeoutSeconds")?.unwrap_or(TIMEOUT_SECONDS);
    let transport = Rc::new(Transport::of(&options)?);
    let created = send(&transport, body, ("createTimeoutSeconds", limit_seconds), &call).await?;
    let id = object::get(&created, "id");
    if id.as_string().is_none_or(|id| id.is_empty()) {
        return Err(
            Error::new(ErrorKind::UnexpectedResponse, "Create sandbox failed: the answer has no id".into()).into()
        );
    }
    match Sandbox::opened(Rc::clone(&transport), id.clone(), true, &readiness, &call).await {
        Ok(sandbox) => Ok(sandbox),
        Err(first) => {
            // Nobody else knows of it. A transport of its own, in case that a health check has closed the sandbox.
            let cleaner = Rc::new(Transport::new(&transport.config)?);
            transport.close();
            // The caller learns the first error, not one of the cleaning up.
            let cleaning = lifecycle::delete(&cleaner, &id)?.unheard().ask(&cleaner, &call.for_others());
            let cleaning = spawn(cleaning);
            if !first.is(ErrorKind::Aborted) {
                let _ = JsFuture::from(cleaning).await;
            }
            Err(first)
        }
    }
}

/// Sends the create request. Left early, by an abort or the limit, the request goes on unheard, and the sandbox that it
/// may yet make is deleted: cutting it off would leave one that nobody knows of.
pub async fn send(
    transport: &Rc<Transport>,
    body: Object,
    (limit_name, limit_seconds): (&str, f64),
    call: &CallOptions,
) -> Result<Object, Failure> {
    transport.check(call)?;
    let limit_ms = if limit_seconds > 0.0 { limit_seconds * 1000.0 } else { f64::INFINITY };
    // What is under way goes on after the caller has left. It is not begun again then.
    let patience = Some(Patience { signal: call.signal.clone(), until: time::now() + limit_ms });
    let unlimited = call.for_others().with(|call| {
        call.timeout_seconds = Some(0.0);
        call.patience = patience;
    });
    let creating = spawn(lifecycle::create(transport, &body)?.ask(transport, &unlimited));
    let created = time::within(&creating, limit_ms, &transport.bare_signals(call)).await.map_err(Failure::thrown)?;
    if !created.is_undefined() {
        return Ok(created.unchecked_into());
    }
    let (left, for_others) = (Rc::clone(transport), call.for_others());
    let _ = promise(async move {
        let created = JsFuture::from(creating).await.unwrap_or_default();
        if let Ok(wire) = lifecycle::delete(&left, &object::get(&created, "id")) {
            let _ = wire.ask(&left, &for_others).await;
        }
        Ok(JsValue::UNDEFINED)
    });
    transport.check(call)?;
    Err(Error::new(
        ErrorKind::Timeout,
        format!("Create sandbox failed: no answer within {} ms ({limit_name})", rules::short(limit_ms)),
    )
    .into())
}

/// `Sandbox.connect` and, with `resume`, `Sandbox.resume`.
pub async fn connect(options: Result<Options, Error>, resume: bool) -> Result<JsValue, Failure> {
    let options = options?;
    let id = options.raw("sandboxId");
    rules::segment("sandboxId", &args::string("sandboxId", &id)?)?;
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let transport = Rc::new(Transport::of(&options)?);
    if resume {
        lifecycle::resume(&transport, &id)?.ask(&transport, &call).await?;
    }
    let opened = Sandbox::opened(Rc::clone(&transport), id, false, &readiness, &call).await;
    if opened.is_err() {
        transport.close();
    }
    opened
}
