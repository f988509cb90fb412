//! Requests to the egress sidecar, and what its errors mean.

use crate::api::execd::{Call, Execd};
use crate::core::egress::meaning;
use crate::core::error::Error;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::http::Response;
use wasm_bindgen::JsValue;

/// The sidecar's port inside the sandbox.
const PORT: u16 = 18080;

/// The sidecar of a sandbox. Looked up when first needed: most sandboxes have none.
pub fn of(execd: &Execd) -> Execd {
    execd.at_port(PORT)
}

/// Sends a request to it.
pub async fn send(
    sidecar: &Execd,
    call: Call<'_>,
    json: Option<&JsValue>,
    options: &CallOptions,
) -> Result<Response, Failure> {
    sidecar.send(call, json, options).await.map_err(explained)
}

/// With a code to branch on and, where the caller can do something, what.
pub fn explained(failure: Failure) -> Failure {
    let Failure::Typed(Error::Api { status, code, message }, details) = failure else { return failure };
    let error = match meaning(status, code.is_some(), &message) {
        Some(meaning) => Error::Api {
            status,
            code: Some(meaning.code.into()),
            message: if meaning.advice.is_empty() { message } else { format!("{message}. {}", meaning.advice) },
        },
        None => Error::Api { status, code, message },
    };
    Failure::Typed(error, details)
}
