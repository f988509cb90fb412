//! From nothing to a `Sandbox`: what create, connect and resume are asked for, checked. `src/js/creation.js` does it.

use crate::api::ready::Readiness;
use crate::api::{create, lifecycle, transport};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd, Transport};
use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;

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
pub fn create(options: &JsValue, made: Made) -> Result<Promise, Failure> {
    let options = Options::required("options", options)?;
    let body = match made {
        Made::FromImageOrSnapshot => create::body(&options)?,
        Made::FromTemplate => create::from_template(&options)?,
    };
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let limit_seconds = options.seconds("createTimeoutSeconds")?.unwrap_or(TIMEOUT_SECONDS);
    let transport = transport::of(&options)?;
    let wire = lifecycle::create(&transport, &body)?;
    Ok(js::create_sandbox(&transport, wire.as_ref(), limit_seconds, readiness.as_ref(), call.as_ref()))
}

/// The create request alone, for `Sandboxes.createSandbox`. `limit`: its name and how many seconds it is.
pub fn send(
    transport: &Transport,
    body: &Object,
    limit: (&'static str, f64),
    call: &CallOptions,
) -> Result<Promise, Failure> {
    let wire = lifecycle::create(transport, body)?;
    Ok(js::send_create(transport, wire.as_ref(), limit.0, limit.1, call.as_ref()))
}

/// `Sandbox.connect` and, with `resume`, `Sandbox.resume`.
pub fn connect(options: &JsValue, resume: bool) -> Result<Promise, Failure> {
    let options = Options::required("options", options)?;
    let id = options.raw("sandboxId");
    rules::segment("sandboxId", &args::string("sandboxId", &id)?)?;
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let transport = transport::of(&options)?;
    let resumption = if resume { lifecycle::resume(&transport, &id)?.as_ref().clone() } else { JsValue::UNDEFINED };
    Ok(js::connect_sandbox(&transport, &id, &resumption, readiness.as_ref(), call.as_ref()))
}

/// `sandbox.resume()`.
pub fn resume(execd: &Execd, options: &JsValue) -> Result<Promise, Failure> {
    let options = Options::new("options", options)?;
    let call = CallOptions::among(&options)?;
    let readiness = Readiness::read(&options)?;
    let wire = lifecycle::resume(&execd.transport(), &execd.endpoints().sandbox_id())?;
    Ok(js::resume_sandbox(execd, wire.as_ref(), readiness.as_ref(), call.as_ref()))
}
