//! `sandbox.health` and `sandbox.metrics`: is the daemon there, and how busy is the machine?

use crate::api::methods::methods;
use crate::api::run::{self, Plan, Reading};
use crate::api::wire::{self, Wire};
use crate::core::error::Error;
use crate::core::run::Endpoint;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::Execd;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Liveness of the daemon. `GET /ping`.
#[wasm_bindgen]
pub struct ExecdHealth {
    execd: Execd,
}

/// Usage of the sandbox's machine. `GET /metrics`, which takes a second: the daemon samples the CPU.
#[wasm_bindgen]
pub struct ExecdMetrics {
    execd: Execd,
}

/// Gives `true` when the daemon answers. Whether it does now is the question: not repeated.
pub fn ping() -> Wire {
    Wire::at("GET", "/ping", &[], "Execd ping failed", "yes").once()
}

/// One sample.
pub fn metrics() -> Wire {
    Wire::at("GET", "/metrics", &[], "Get execd metrics failed", "metrics")
}

/// `GET /metrics/watch`.
fn watch_plan(options: &JsValue) -> Result<Plan, Error> {
    let call = CallOptions::read(options)?;
    // A bare signal has none of them.
    let options = Options::new("options", options)?;
    Ok(Plan {
        endpoint: Endpoint::Watch,
        path: "/metrics/watch".into(),
        body: None,
        what: "Watch metrics failed",
        timeout_ms: 0.0,
        interrupts: false,
        call,
        reading: Reading::read(&options)?,
    })
}

impl ExecdHealth {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

impl ExecdMetrics {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

methods! { ExecdHealth:
    "ping" => ping(_),
}

impl ExecdHealth {
    /// `true`, or a rejection that says why not.
    pub fn ping(&self, options: &JsValue) -> Promise {
        wire::promised(self.execd.as_ref(), Ok(ping()), options)
    }
}

methods! { ExecdMetrics:
    "getMetrics" => get_metrics(_),
    "watch" => watch(_),
}

impl ExecdMetrics {
    /// One sample.
    pub fn get_metrics(&self, options: &JsValue) -> Promise {
        wire::promised(self.execd.as_ref(), Ok(metrics()), options)
    }

    /// Samples, one every two seconds, until the loop is left. The request is sent when the first one is asked for.
    pub fn watch(&self, options: &JsValue) -> Result<JsValue, Failure> {
        run::samples(&self.execd, watch_plan(options)?)
    }
}
