//! `sandbox.capabilities()`: what this sandbox and its server can do. `src/js/capabilities.js` finds it out.

use crate::api::interpreter::probe;
use crate::api::settled;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js;
use js_sys::Promise;
use wasm_bindgen::JsValue;

/// Lists the kernels that are installed.
const LIST_KERNELS: &str = "jupyter kernelspec list --json 2>/dev/null";
const KERNELS_SECONDS: f64 = 20.0;

/// What was found, now or before. `options`: `{refresh, probeLanguages}` and call options, or a bare signal.
pub fn get(capabilities: &js::Capabilities, options: &JsValue) -> Promise {
    let begin = || -> Result<Promise, Failure> {
        let call = CallOptions::read(options)?;
        let options = Options::new("options", options)?;
        let refresh = options.boolean("refresh")?.unwrap_or(false);
        let languages = options.boolean("probeLanguages")?.unwrap_or(false);
        let listing = if languages { Some(probe(LIST_KERNELS, KERNELS_SECONDS, &call)?) } else { None };
        Ok(capabilities.get(refresh, listing, call.as_ref()))
    };
    settled(begin())
}
