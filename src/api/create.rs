//! The options of `Sandbox.create`, checked and turned into the body of `POST /sandboxes`.

use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{Options, string, strings};
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};

const DEFAULT_TIMEOUT_SECONDS: f64 = 600.0;

/// The request body. Errors name the option; nothing has been sent then.
pub fn body(options: &Options) -> Result<Object, Error> {
    let body = Object::new();
    let (image, snapshot) = (image(options)?, options.string("snapshotId")?.filter(|id| !id.trim().is_empty()));
    if image.is_some() == snapshot.is_some() {
        return Err(Error::InvalidArgument("Exactly one of image or snapshotId must be provided".into()));
    }
    object::set_some(&body, "image", image);
    object::set_some(&body, "snapshotId", snapshot);
    let entrypoint = options.raw("entrypoint");
    let entrypoint = if object::absent(&entrypoint) {
        object::array(["tail", "-f", "/dev/null"].map(JsValue::from)).into()
    } else {
        strings("entrypoint", &entrypoint)?;
        entrypoint
    };
    object::set(&body, "entrypoint", entrypoint);
    object::set(&body, "resourceLimits", string_map(options, "resource")?.unwrap_or_else(default_limits));
    object::set_some(&body, "resourceRequests", string_map(options, "resourceRequests")?);
    object::set(&body, "secureAccess", options.boolean("secureAccess")?.unwrap_or(false));
    for name in ["env", "metadata", "extensions"] {
        object::set(&body, name, string_map(options, name)?.unwrap_or_default());
    }
    object::set_some(&body, "networkPolicy", network_policy(options)?);
    for name in ["credentialProxy", "platform"] {
        object::set_some(&body, name, options.object(name)?);
    }
    object::set_some(&body, "volumes", volumes(options)?);
    // `null` means manual cleanup: the sandbox then has no expiry.
    if !options.raw("timeoutSeconds").is_null() {
        let seconds = options.number("timeoutSeconds")?.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        rules::lifetime(seconds)?;
        object::set(&body, "timeout", seconds.floor());
    }
    Ok(body)
}

fn image(options: &Options) -> Result<Option<Object>, Error> {
    let value = options.raw("image");
    if value.is_string() {
        string("image", &value)?;
    }
    let object = match value.as_string() {
        Some(uri) if uri.trim().is_empty() => return Ok(None),
        Some(uri) => {
            let object = Object::new();
            object::set(&object, "uri", uri);
            object
        }
        None => match options.object("image") {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(None),
            Err(_) => return Err(Error::InvalidArgument("image must be a string or an object {uri, auth?}".into())),
        },
    };
    if object::text(&object, "uri").is_none_or(|uri| uri.trim().is_empty()) {
        return Err(Error::InvalidArgument("image.uri cannot be empty".into()));
    }
    Ok(Some(object))
}

fn string_map(options: &Options, name: &str) -> Result<Option<Object>, Error> {
    options.string_map(name)?;
    options.object(name)
}

fn default_limits() -> Object {
    let limits = Object::new();
    object::set(&limits, "cpu", "1");
    object::set(&limits, "memory", "2Gi");
    limits
}

/// Without a default action the server would take "deny"; it is said outright, as the official SDK does.
fn network_policy(options: &Options) -> Result<Option<Object>, Error> {
    let Some(policy) = options.object("networkPolicy")? else { return Ok(None) };
    let copy = Object::assign(&Object::new(), &policy);
    if object::absent(&object::get(&copy, "defaultAction")) {
        object::set(&copy, "defaultAction", "deny");
    }
    Ok(Some(copy))
}

fn volumes(options: &Options) -> Result<Option<Array>, Error> {
    let value = options.raw("volumes");
    if object::absent(&value) {
        return Ok(None);
    }
    for volume in crate::host::args::objects("volumes", &value)? {
        let name = volume.required_string("name")?;
        volume.required_string("mountPath")?;
        let backends = ["host", "pvc", "ossfs"].iter().filter(|backend| !object::absent(&volume.raw(backend))).count();
        rules::volume_backend(&name, backends)?;
        if let Some(host) = volume.object("host")? {
            rules::host_path(&object::text(&host, "path").unwrap_or_default())?;
        }
    }
    Ok(Some(value.unchecked_into()))
}
