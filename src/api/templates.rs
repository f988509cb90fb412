//! Templates, which a server on Kubernetes builds from images: the wire calls.

use crate::api::create;
use crate::api::wire::{self, Wire};
use crate::host::args::{Kind, Options};
use crate::host::failure::Failure;
use crate::host::js::Transport;
use wasm_bindgen::JsValue;

const PART: &str = "Templates are";

/// `POST /templates`: the build goes on in the background.
pub fn create(transport: &Transport, request: &JsValue) -> Result<Wire, Failure> {
    let given = Options::required("request", request)?;
    given.check(&[
        ("image", Kind::Filled),
        ("publish", Kind::Filled),
        ("format", Kind::Text),
        ("entrypoint", Kind::Texts),
        ("resourceLimits", Kind::TextMap),
        ("env", Kind::TextMap),
        ("metadata", Kind::TextMap),
    ])?;
    create::check_nested(&given, "readiness", &[("probe", Kind::Text), ("warmupSeconds", Kind::Count)])?;
    let url = transport.base() + "/templates";
    Ok(Wire::new("POST", &url, "Create template failed", "template").json(request)?.part(PART))
}

/// `GET /templates/{id}`.
pub fn get(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("GET", &wire::item(transport, "templates", "templateId", id)?, "Get template failed", "template")
        .part(PART))
}

/// `DELETE /templates/{id}`.
pub fn delete(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("DELETE", &wire::item(transport, "templates", "templateId", id)?, "Delete template failed", "nothing")
        .part(PART))
}
