//! The calls of the lifecycle API that are about sandboxes, shared by `Sandbox`, `Sandboxes` and `SandboxManager`.

use crate::api::shape;
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::http::{Request, send};
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Date, Object};
use wasm_bindgen::JsValue;

/// The URL of a sandbox, or of what follows it. `rest` is encoded already.
pub fn path(transport: &Transport, id: &str, rest: &str) -> Result<String, Error> {
    Ok(format!("{}/sandboxes/{}{rest}", transport.base, rules::segment("sandboxId", id)?))
}

/// `POST /sandboxes`. Gives the raw response: the id is needed even if the rest should be unusable.
pub async fn create(transport: &Transport, body: &JsValue, call: &CallOptions) -> Result<Object, Failure> {
    let url = format!("{}/sandboxes", transport.base);
    send(transport, Request::new("POST", url, "Create sandbox failed").json(body)?, call).await?.object().await
}

/// `GET /sandboxes/{id}`.
pub async fn get(transport: &Transport, id: &str, call: &CallOptions) -> Result<Object, Failure> {
    let request = Request::new("GET", path(transport, id, "")?, "Get sandbox failed");
    send(transport, request, call).await?.shaped(shape::sandbox).await
}

/// `DELETE /sandboxes/{id}`.
pub async fn delete(transport: &Transport, id: &str, call: &CallOptions) -> Result<(), Failure> {
    send(transport, Request::new("DELETE", path(transport, id, "")?, "Delete sandbox failed"), call).await?.done().await
}

/// `POST /sandboxes/{id}/pause`.
pub async fn pause(transport: &Transport, id: &str, call: &CallOptions) -> Result<(), Failure> {
    send(transport, Request::new("POST", path(transport, id, "/pause")?, "Pause sandbox failed"), call)
        .await?
        .done()
        .await
}

/// `POST /sandboxes/{id}/resume`.
pub async fn resume(transport: &Transport, id: &str, call: &CallOptions) -> Result<(), Failure> {
    send(transport, Request::new("POST", path(transport, id, "/resume")?, "Resume sandbox failed"), call)
        .await?
        .done()
        .await
}

/// A renewal: the sandbox then ends `seconds` from now, which may be earlier than before.
pub async fn renew(transport: &Transport, id: &str, seconds: f64, call: &CallOptions) -> Result<Object, Failure> {
    let at = Date::new(&(time::now() + seconds * 1000.0).into());
    if at.get_time().is_nan() {
        return Err(Failure::invalid("timeoutSeconds is too large"));
    }
    renew_until(transport, id, at.to_iso_string().into(), call).await
}

/// `POST /sandboxes/{id}/renew-expiration`.
pub async fn renew_until(transport: &Transport, id: &str, at: JsValue, call: &CallOptions) -> Result<Object, Failure> {
    let body = Object::new();
    object::set(&body, "expiresAt", at);
    let request = Request::new("POST", path(transport, id, "/renew-expiration")?, "Renew sandbox expiration failed")
        .json(&body)?;
    send(transport, request, call).await?.shaped(|raw| Ok(shape::renewal(raw))).await
}

/// `PATCH /sandboxes/{id}/metadata`: a merge patch, `null` deletes a key.
pub async fn patch_metadata(
    transport: &Transport,
    id: &str,
    patch: &Object,
    call: &CallOptions,
) -> Result<Object, Failure> {
    for (key, value) in object::entries(patch) {
        if !value.is_string() && !value.is_null() {
            return Err(Failure::invalid(format!("patch.{key} must be a string, or null to delete the key")));
        }
    }
    let request =
        Request::new("PATCH", path(transport, id, "/metadata")?, "Patch sandbox metadata failed").json(patch)?;
    send(transport, request, call).await?.shaped(shape::sandbox).await
}

/// `GET /sandboxes/{id}/endpoints/{port}`, direct or through the server's proxy.
pub async fn endpoint(
    transport: &Transport,
    id: &str,
    port: u16,
    server_proxy: bool,
    call: &CallOptions,
) -> Result<Object, Failure> {
    let query = [("use_server_proxy", if server_proxy { "true" } else { "false" })];
    ask_endpoint(transport, id, port, &query, "Get sandbox endpoint failed", call).await
}

/// The same with a signature in it that is good until `expires`, in Unix seconds. Not to be had through the server's proxy.
pub async fn signed_endpoint(
    transport: &Transport,
    id: &str,
    port: u16,
    expires: f64,
    call: &CallOptions,
) -> Result<Object, Failure> {
    let query = [("expires", rules::short(expires))];
    let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
    ask_endpoint(transport, id, port, &query, "Get signed endpoint failed", call).await
}

async fn ask_endpoint(
    transport: &Transport,
    id: &str,
    port: u16,
    query: &[(&str, &str)],
    what: &'static str,
    call: &CallOptions,
) -> Result<Object, Failure> {
    let url = url::with_query(&path(transport, id, &format!("/endpoints/{port}"))?, query);
    send(transport, Request::new("GET", url, what), call).await?.shaped(|raw| Ok(shape::endpoint(raw))).await
}
