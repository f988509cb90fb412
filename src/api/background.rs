//! Background commands: how their handles are made. `src/js/background.js` has the handles.

use crate::api::run::Plan;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use js_sys::Promise;
use wasm_bindgen::JsValue;

/// How long lost connections are waited out.
const RECONNECT_SECONDS: f64 = 60.0;

/// From the options of the start or of `attach`: how long lost connections are waited out, in milliseconds; 0: not at all.
pub fn reconnect_ms(options: &Options) -> Result<f64, Error> {
    Ok(options.at_least_zero("reconnectTimeoutSeconds")?.unwrap_or(RECONNECT_SECONDS) * 1000.0)
}

/// Starts a command in the background; gives its handle once execd has said that it runs.
pub fn start(execd: &Execd, plan: Plan, reconnect_ms: f64) -> Result<Promise, Failure> {
    Ok(js::start_background(execd, &plan.handed()?, reconnect_ms))
}

/// The handle of a command that is known from before, from what its `toJSON()` gave.
pub fn attach(execd: &Execd, json: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let known = Options::required("handle", json)?;
    let id = args::filled("id", &known.raw("id"))?;
    rules::segment("id", &id)?;
    let sandbox = args::filled("sandboxId", &known.raw("sandboxId"))?;
    let here = execd.endpoints().sandbox_id().as_string().unwrap_or_default();
    if sandbox != here {
        return Err(Failure::invalid(format!("sandboxId is of another sandbox: this is {here}, not {sandbox}")));
    }
    let cursor = args::count("cursor", &known.raw("cursor"))?;
    let options = Options::new("options", options)?;
    let call = CallOptions::among(&options)?;
    Ok(js::background_command(execd, &id, cursor, reconnect_ms(&options)?, call.as_ref()))
}
