//! `sandbox.health` and `sandbox.metrics`: is the daemon there, and how busy is the machine?

use crate::api::execd::{Call, Execd};
use crate::api::{promise, shape};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use js_sys::{Object, Promise};
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

/// Resolves when the daemon answers.
pub async fn ping(execd: &Execd, call: &CallOptions) -> Result<(), Failure> {
    execd
        .send(Call { method: "GET", path: "/ping", query: &[], what: "Execd ping failed" }, None, call)
        .await?
        .done()
        .await
}

/// One sample.
pub async fn metrics(execd: &Execd, call: &CallOptions) -> Result<Object, Failure> {
    let call_to = Call { method: "GET", path: "/metrics", query: &[], what: "Get execd metrics failed" };
    let raw = execd.send(call_to, None, call).await?.object().await?;
    Ok(shape::metrics(&raw))
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

#[wasm_bindgen]
impl ExecdHealth {
    /// `true`, or a rejection that says why not.
    pub fn ping(&self, options: &JsValue) -> Promise {
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move { ping(&execd, &call?).await.map(|()| true) })
    }
}

#[wasm_bindgen]
impl ExecdMetrics {
    /// One sample.
    #[wasm_bindgen(js_name = getMetrics)]
    pub fn get_metrics(&self, options: &JsValue) -> Promise {
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move { metrics(&execd, &call?).await })
    }
}
