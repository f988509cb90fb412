//! The calls of the lifecycle API, shared by `Sandbox` and `SandboxManager`.

use crate::api::shape;
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, Response, send};
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Date, Object};
use wasm_bindgen::{JsCast, JsValue};

fn path(transport: &Transport, id: &str, rest: &str) -> Result<String, Error> {
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

/// `POST /sandboxes/{id}/renew-expiration`: the sandbox then ends `seconds` from now, which may be earlier than before.
pub async fn renew(transport: &Transport, id: &str, seconds: f64, call: &CallOptions) -> Result<Object, Failure> {
    rules::lifetime(seconds)?;
    let at = Date::new(&(time::now() + seconds * 1000.0).into());
    if at.get_time().is_nan() {
        return Err(Failure::invalid("timeoutSeconds is too large"));
    }
    let body = Object::new();
    object::set(&body, "expiresAt", at.to_iso_string());
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
        if value.is_string() {
            args::string(&format!("patch.{key}"), &value)?;
        }
    }
    let request =
        Request::new("PATCH", path(transport, id, "/metadata")?, "Patch sandbox metadata failed").json(patch)?;
    send(transport, request, call).await?.shaped(shape::sandbox).await
}

/// `GET /sandboxes`, by states (any of them), metadata (all of it) and page.
pub async fn list(transport: &Transport, filter: &Options, call: &CallOptions) -> Result<Object, Failure> {
    let mut query: Vec<(&str, String)> = Vec::new();
    query.extend(filter.strings("states")?.unwrap_or_default().into_iter().map(|state| ("state", state)));
    let metadata = filter.string_map("metadata")?.unwrap_or_default();
    if !metadata.is_empty() {
        query.push(("metadata", url::metadata_filter(&metadata)));
    }
    for name in ["page", "pageSize"] {
        query.extend(filter.count(name)?.map(|number| (name, rules::short(number))));
    }
    let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = url::with_query(&format!("{}/sandboxes", transport.base), &pairs);
    let page = send(transport, Request::new("GET", url, "List sandboxes failed"), call).await?.object().await?;
    let items = object::get(&page, "items");
    let items = items
        .dyn_ref::<js_sys::Array>()
        .ok_or_else(|| Error::UnexpectedResponse("List sandboxes failed: the answer has no items".into()))?;
    for item in items.iter() {
        shape::sandbox(item.unchecked_into())?;
    }
    Ok(page)
}

/// `GET /sandboxes/{id}/endpoints/{port}`.
pub async fn endpoint(transport: &Transport, id: &str, port: u16, call: &CallOptions) -> Result<Object, Failure> {
    let proxy = if transport.use_server_proxy { "true" } else { "false" };
    let url = url::with_query(&path(transport, id, &format!("/endpoints/{port}"))?, &[("use_server_proxy", proxy)]);
    send(transport, Request::new("GET", url, "Get sandbox endpoint failed"), call).await?.object().await
}

/// `/sandboxes/{id}/networkpolicy`: the server passes it on to the sidecar and adds the sidecar's token itself.
pub async fn network_policy(
    transport: &Transport,
    id: &str,
    method: &'static str,
    json: Option<&JsValue>,
    what: &'static str,
    call: &CallOptions,
) -> Result<Response, Failure> {
    let request = Request::new(method, path(transport, id, "/networkpolicy")?, what);
    let request = if let Some(body) = json { request.json(body)? } else { request };
    send(transport, request, call).await
}

/// The server's version, where it tells: `/version` stands beside `/v1` and asks for no key.
pub async fn version(transport: &Transport, call: &CallOptions) -> Result<Response, Failure> {
    let root = transport.base.strip_suffix("/v1").unwrap_or(&transport.base);
    send(transport, Request::new("GET", format!("{root}/version"), "Get server version failed"), call).await
}
