//! Requests to the egress sidecar, and what its errors mean.

use crate::api::execd::Execd;
use crate::core::egress::meaning;
use crate::core::error::{Error, ErrorKind, Report};
use crate::host::args;
use crate::host::failure::Failure;
use wasm_bindgen::JsValue;

/// The sidecar's port inside the sandbox.
const PORT: u16 = 18080;

/// The sidecar of a sandbox. Looked up when first needed: most sandboxes have none.
pub fn of(execd: &Execd) -> Execd {
    execd.at_port(PORT)
}

/// An array of strings, none of them blank.
pub fn names(field: &str, list: &JsValue) -> Result<Vec<String>, Error> {
    let names = args::strings(field, list)?;
    for (index, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Error::invalid(format!("{field}[{index}] cannot be empty")));
        }
    }
    Ok(names)
}

/// With a code to branch on and, where the caller can do something, what.
pub fn explained(failure: Failure) -> Failure {
    failure.renamed(|error| {
        let Report { kind: ErrorKind::Api, status, server_code, message } = &**error else { return None };
        let meaning = meaning(*status, server_code.is_some(), message)?;
        let mut message = message.clone();
        if !meaning.advice.is_empty() {
            message.push_str(". ");
            message.push_str(meaning.advice);
        }
        Some(Error::api(*status, Some(meaning.code.into()), message))
    })
}
