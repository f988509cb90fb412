//! Pools of sandboxes that are kept warm by a server on Kubernetes: the wire calls.

use crate::api::{lists, shape};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, Response, send};
use crate::host::transport::Transport;
use js_sys::Object;

fn path(transport: &Transport, name: &str) -> Result<String, Error> {
    Ok(format!("{}/pools/{}", transport.base, rules::segment("poolName", name)?))
}

async fn sent(transport: &Transport, request: Request<'_>, call: &CallOptions) -> Result<Response, Failure> {
    send(transport, request, call).await.map_err(|failure| failure.or_unsupported("Pools are"))
}

/// The four sizes, all of them required.
fn check_capacity(request: &Options) -> Result<(), Error> {
    let capacity = request.required_nested("capacitySpec")?;
    for name in ["bufferMax", "bufferMin", "poolMax", "poolMin"] {
        capacity.required_count(name)?;
    }
    Ok(())
}

/// `POST /pools`.
pub async fn create(transport: &Transport, request: &Options, call: &CallOptions) -> Result<Object, Failure> {
    request.filled("name")?;
    request.required_nested("template")?;
    check_capacity(request)?;
    let url = format!("{}/pools", transport.base);
    let request = Request::new("POST", url, "Create pool failed").json(request.value())?;
    sent(transport, request, call).await?.shaped(shape::pool).await
}

/// `GET /pools`: all of them, there are no pages.
pub async fn list(transport: &Transport, call: &CallOptions) -> Result<Object, Failure> {
    const WHAT: &str = "List pools failed";
    let request = Request::new("GET", format!("{}/pools", transport.base), WHAT);
    sent(transport, request, call).await?.shaped(|page| lists::items(page, WHAT, shape::pool)).await
}

/// `GET /pools/{name}`.
pub async fn get(transport: &Transport, name: &str, call: &CallOptions) -> Result<Object, Failure> {
    let request = Request::new("GET", path(transport, name)?, "Get pool failed");
    sent(transport, request, call).await?.shaped(shape::pool).await
}

/// `PUT /pools/{name}`: only the sizes can be changed.
pub async fn update(
    transport: &Transport,
    name: &str,
    request: &Options,
    call: &CallOptions,
) -> Result<Object, Failure> {
    check_capacity(request)?;
    let request = Request::new("PUT", path(transport, name)?, "Update pool failed").json(request.value())?;
    sent(transport, request, call).await?.shaped(shape::pool).await
}

/// `DELETE /pools/{name}`.
pub async fn delete(transport: &Transport, name: &str, call: &CallOptions) -> Result<(), Failure> {
    sent(transport, Request::new("DELETE", path(transport, name)?, "Delete pool failed"), call).await?.done().await
}
