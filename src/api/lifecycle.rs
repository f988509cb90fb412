//! The calls of the lifecycle API that are about sandboxes, shared by `Sandbox`, `Sandboxes` and `SandboxManager`.

use crate::api::wire::{self, Wire};
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args;
use crate::host::failure::Failure;
use crate::host::js::Transport;
use crate::host::object;
use js_sys::{Date, Object};
use wasm_bindgen::JsValue;

/// The URL of a sandbox, or of what follows it. `rest` is encoded already.
pub fn path(transport: &Transport, id: &JsValue, rest: &str) -> Result<String, Error> {
    Ok(wire::item(transport, "sandboxes", "sandboxId", id)? + rest)
}

/// `POST /sandboxes`. Gives the answer as it is: the id is needed even if the rest should be unusable.
pub fn create(transport: &Transport, body: &JsValue) -> Result<Wire, Failure> {
    let wire = Wire::new("POST", &(transport.base() + "/sandboxes"), "Create sandbox failed", "object").json(body)?;
    let from_template = !object::absent(&object::get(body, "templateId"));
    Ok(if from_template { wire.part("Templates are") } else { wire })
}

/// `GET /sandboxes/{id}`.
pub fn get(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("GET", &path(transport, id, "")?, "Get sandbox failed", "sandbox"))
}

/// `DELETE /sandboxes/{id}`.
pub fn delete(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("DELETE", &path(transport, id, "")?, "Delete sandbox failed", "nothing"))
}

/// `POST /sandboxes/{id}/pause`.
pub fn pause(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("POST", &path(transport, id, "/pause")?, "Pause sandbox failed", "nothing"))
}

/// `POST /sandboxes/{id}/resume`.
pub fn resume(transport: &Transport, id: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("POST", &path(transport, id, "/resume")?, "Resume sandbox failed", "nothing"))
}

/// A renewal: the sandbox then ends `seconds` from now, which may be earlier than before. `answer`: "expiring" or "nothing".
pub fn renew(transport: &Transport, id: &JsValue, seconds: &JsValue, answer: &str) -> Result<Wire, Failure> {
    let seconds = args::number("timeoutSeconds", seconds)?;
    rules::lifetime("timeoutSeconds", seconds)?;
    let at = Date::new(&(Date::now() + seconds * 1000.0).into());
    if at.get_time().is_nan() {
        return Err(Failure::invalid("timeoutSeconds is too large"));
    }
    renew_until(transport, id, at.to_iso_string().into(), answer)
}

/// `POST /sandboxes/{id}/renew-expiration`.
pub fn renew_until(transport: &Transport, id: &JsValue, at: JsValue, answer: &str) -> Result<Wire, Failure> {
    let body = Object::new();
    object::set(&body, "expiresAt", at);
    let path = path(transport, id, "/renew-expiration")?;
    Wire::new("POST", &path, "Renew sandbox expiration failed", answer).json(&body)
}

/// `PATCH /sandboxes/{id}/metadata`: a merge patch, `null` deletes a key.
pub fn patch_metadata(transport: &Transport, id: &JsValue, patch: &JsValue) -> Result<Wire, Failure> {
    args::Options::required("patch", patch)?;
    for (key, value) in object::entries(patch) {
        if !value.is_string() && !value.is_null() {
            return Err(Failure::invalid(format!("patch.{key} must be a string, or null to delete the key")));
        }
        if value.is_string() {
            args::string(&format!("patch.{key}"), &value)?;
        }
    }
    let path = path(transport, id, "/metadata")?;
    Wire::new("PATCH", &path, "Patch sandbox metadata failed", "sandbox").json(patch)
}

/// `GET /sandboxes/{id}/endpoints/{port}`, direct or through the server's proxy.
pub fn endpoint(
    transport: &Transport,
    id: &JsValue,
    port: Result<u16, Error>,
    server_proxy: bool,
) -> Result<Wire, Failure> {
    let query = ("use_server_proxy", if server_proxy { "true" } else { "false" });
    ask_endpoint(transport, id, port, query, "Get sandbox endpoint failed")
}

/// The same with a signature in it that is good until `expires`, in Unix seconds. Not to be had through the server's proxy.
pub fn signed_endpoint(
    transport: &Transport,
    id: &JsValue,
    port: Result<u16, Error>,
    expires: &JsValue,
) -> Result<Wire, Failure> {
    let port = port?;
    let expires = rules::short(args::count("expires", expires)?);
    ask_endpoint(transport, id, Ok(port), ("expires", &expires), "Get signed endpoint failed")
}

fn ask_endpoint(
    transport: &Transport,
    id: &JsValue,
    port: Result<u16, Error>,
    query: (&str, &str),
    what: &'static str,
) -> Result<Wire, Failure> {
    let path = path(transport, id, &format!("/endpoints/{}", port?))?;
    Ok(Wire::new("GET", &url::with_query(&path, &[query]), what, "endpoint"))
}
