//! Templates, which a server on Kubernetes builds from images: the wire calls.

use crate::api::shape;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, send};
use crate::host::transport::Transport;
use js_sys::Object;

fn unsupported(failure: Failure) -> Failure {
    failure.or_unsupported("Templates are")
}

fn path(transport: &Transport, id: &str) -> Result<String, Error> {
    Ok(format!("{}/templates/{}", transport.base, rules::segment("templateId", id)?))
}

/// `POST /templates`: the build goes on in the background.
pub async fn create(transport: &Transport, request: &Options, call: &CallOptions) -> Result<Object, Failure> {
    for name in ["image", "publish"] {
        request.filled(name)?;
    }
    request.string("format")?;
    request.strings("entrypoint")?;
    for name in ["resourceLimits", "env", "metadata"] {
        request.string_map(name)?;
    }
    if let Some(readiness) = request.nested("readiness")? {
        readiness.string("probe")?;
        readiness.count("warmupSeconds")?;
    }
    let url = format!("{}/templates", transport.base);
    let request = Request::new("POST", url, "Create template failed").json(request.value())?;
    send(transport, request, call).await.map_err(unsupported)?.shaped(shape::template).await
}

/// `GET /templates/{id}`.
pub async fn get(transport: &Transport, id: &str, call: &CallOptions) -> Result<Object, Failure> {
    let request = Request::new("GET", path(transport, id)?, "Get template failed");
    send(transport, request, call).await.map_err(unsupported)?.shaped(shape::template).await
}

/// `DELETE /templates/{id}`.
pub async fn delete(transport: &Transport, id: &str, call: &CallOptions) -> Result<(), Failure> {
    let request = Request::new("DELETE", path(transport, id)?, "Delete template failed");
    send(transport, request, call).await.map_err(unsupported)?.done().await
}
