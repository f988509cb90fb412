//! Requests to the egress sidecar, and what its errors mean.

use crate::api::execd::{Call, Execd};
use crate::core::egress::meaning;
use crate::core::error::{Error, ErrorKind, Report};
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
    failure.renamed(|error| {
        let Report { kind: ErrorKind::Api, status, server_code, message } = &**error else { return None };
        let meaning = meaning(*status, server_code.is_some(), message)?;
        let message =
            if meaning.advice.is_empty() { message.clone() } else { format!("{message}. {}", meaning.advice) };
        Some(Error::api(*status, Some(meaning.code.into()), message))
    })
}
