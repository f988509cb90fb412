//! What a sandbox is made from: options, checked and turned into the body of `POST /sandboxes`.

use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, Kind, Options};
use crate::host::object;
use js_sys::Object;
use wasm_bindgen::{JsCast, JsValue};

const DEFAULT_TIMEOUT_SECONDS: f64 = 600.0;

/// The request body of `Sandbox.create`. Errors name the option; nothing has been sent then.
pub fn body(options: &Options) -> Result<Object, Error> {
    let body = Object::new();
    let image = source(options, false)?;
    object::set_some(&body, "image", image);
    object::set_some(&body, "snapshotId", filled(options, "snapshotId")?);
    let entrypoint = options.raw("entrypoint");
    let entrypoint = if object::absent(&entrypoint) {
        object::array(["tail", "-f", "/dev/null"].map(JsValue::from)).into()
    } else {
        entrypoint
    };
    check(options)?;
    object::set(&body, "entrypoint", entrypoint);
    object::set(&body, "resourceLimits", string_map(options, "resource")?.unwrap_or_else(default_limits));
    object::set(&body, "secureAccess", options.boolean("secureAccess")?.unwrap_or(false));
    for name in ["env", "metadata", "extensions"] {
        object::set(&body, name, string_map(options, name)?.unwrap_or_default());
    }
    object::set_some(&body, "networkPolicy", network_policy(options)?);
    for name in ["resourceRequests", "credentialProxy", "platform", "volumes", "lifecycle"] {
        let value = options.raw(name);
        object::set_some(&body, name, (!object::absent(&value)).then_some(value));
    }
    // `null` means manual cleanup: the sandbox then has no expiry.
    if !options.raw("timeoutSeconds").is_null() {
        let seconds = options.number("timeoutSeconds")?.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        rules::lifetime("timeoutSeconds", seconds)?;
        object::set(&body, "timeout", seconds.floor());
    }
    Ok(body)
}

/// The request body of `Sandbox.createFromTemplate`: the server refuses what the template has settled.
pub fn from_template(options: &Options) -> Result<Object, Error> {
    let body = Object::new();
    object::set(&body, "templateId", options.filled("templateId")?);
    let seconds = args::number("timeoutSeconds", &options.raw("timeoutSeconds"))?;
    rules::lifetime("timeoutSeconds", seconds)?;
    object::set(&body, "timeout", seconds.floor());
    for name in ["metadata", "extensions"] {
        object::set_some(&body, name, string_map(options, name)?);
    }
    object::set_some(&body, "networkPolicy", network_policy(options)?);
    Ok(body)
}

/// The request of `Sandboxes.createSandbox`, which has the wire's own names: checked, and sent as it is.
pub fn request(options: &Options) -> Result<Object, Error> {
    let request = Object::assign(&Object::new(), options.value().unchecked_ref());
    if options.raw("image").is_string() {
        let problem = "image must be an object {uri, auth?}, as on the wire";
        return Err(Error::fixed(ErrorKind::InvalidArgument, problem));
    }
    let image = source(options, true)?;
    object::set_some(&request, "image", image);
    check(options)?;
    options.check(&[("resourceLimits", Kind::TextMap)])?;
    if let Some(seconds) = options.number("timeout")? {
        rules::lifetime("timeout", seconds)?;
    }
    Ok(request)
}

fn filled(options: &Options, name: &str) -> Result<Option<String>, Error> {
    Ok(options.string(name)?.filter(|text| !text.trim().is_empty()))
}

/// What the sandbox is made from: exactly one thing. Gives the image, if it is one.
fn source(options: &Options, templates: bool) -> Result<Option<Object>, Error> {
    let image = image(options)?;
    let snapshot = filled(options, "snapshotId")?.is_some();
    let template = templates && filled(options, "templateId")?.is_some();
    if u8::from(image.is_some()) + u8::from(snapshot) + u8::from(template) != 1 {
        let problem = "Exactly one of image or snapshotId must be provided";
        return Err(Error::fixed(ErrorKind::InvalidArgument, problem));
    }
    Ok(image)
}

/// The types of all that has the same name in the options and on the wire.
fn check(options: &Options) -> Result<(), Error> {
    options.check(&[
        ("entrypoint", Kind::Texts),
        ("secureAccess", Kind::Boolean),
        ("env", Kind::TextMap),
        ("metadata", Kind::TextMap),
        ("extensions", Kind::TextMap),
        ("resourceRequests", Kind::TextMap),
    ])?;
    hooks(options)?;
    network_policy(options)?;
    check_nested(options, "credentialProxy", &[("enabled", Kind::Boolean)])?;
    check_nested(options, "platform", &[("os", Kind::RequiredText), ("arch", Kind::RequiredText)])?;
    volumes(options)
}

/// Checks the fields of a field that is an object, if it is there.
pub fn check_nested(options: &Options, name: &str, fields: &[(&str, Kind)]) -> Result<(), Error> {
    match options.nested(name)? {
        Some(nested) => nested.check(fields),
        None => Ok(()),
    }
}

/// The same for all objects of an array; gives them.
pub fn check_each(options: &Options, name: &str, fields: &[(&str, Kind)]) -> Result<Vec<Options>, Error> {
    let list = options.objects(name)?.unwrap_or_default();
    for each in &list {
        each.check(fields)?;
    }
    Ok(list)
}

/// Commands that go with the sandbox's life.
fn hooks(options: &Options) -> Result<(), Error> {
    let Some(lifecycle) = options.nested("lifecycle")? else { return Ok(()) };
    let mut hooks = check_each(&lifecycle, "periodic", &[("name", Kind::Filled), ("schedule", Kind::Filled)])?;
    hooks.extend(lifecycle.nested("preStart")?);
    for hook in &hooks {
        args::strings(&hook.path("command"), &hook.raw("command"))?;
        hook.check(&[("timeoutSeconds", Kind::Count)])?;
    }
    Ok(())
}

fn image(options: &Options) -> Result<Option<Object>, Error> {
    let value = options.raw("image");
    if value.is_string() {
        args::string("image", &value)?;
    }
    if let Some(uri) = value.as_string() {
        if uri.trim().is_empty() {
            return Ok(None);
        }
        let object = Object::new();
        object::set(&object, "uri", uri);
        return Ok(Some(object));
    }
    let Ok(nested) = options.nested("image") else {
        let problem = "image must be a string or an object {uri, auth?}";
        return Err(Error::fixed(ErrorKind::InvalidArgument, problem));
    };
    let Some(nested) = nested else { return Ok(None) };
    nested.check(&[("uri", Kind::Filled), ("auth", Kind::TextMap)])?;
    Ok(Some(value.unchecked_into()))
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
    let Some(policy) = options.nested("networkPolicy")? else { return Ok(None) };
    policy.check(&[("defaultAction", Kind::Text)])?;
    check_each(&policy, "egress", &[("action", Kind::RequiredText), ("target", Kind::Filled)])?;
    let copy = policy.copy();
    if object::absent(&policy.raw("defaultAction")) {
        object::set(&copy, "defaultAction", "deny");
    }
    Ok(Some(copy))
}

fn volumes(options: &Options) -> Result<(), Error> {
    for volume in &options.objects("volumes")?.unwrap_or_default() {
        let name = volume.filled("name")?;
        volume.check(&[("mountPath", Kind::Filled), ("readOnly", Kind::Boolean), ("subPath", Kind::Text)])?;
        let mut backends = 0;
        for backend in ["host", "pvc", "ossfs"] {
            backends += usize::from(!object::absent(&volume.raw(backend)));
        }
        rules::volume_backend(&name, backends)?;
        if let Some(host) = volume.nested("host")? {
            rules::host_path(&host.required_string("path")?)?;
        }
        check_nested(volume, "pvc", CLAIM)?;
        check_nested(volume, "ossfs", BUCKET)?;
    }
    Ok(())
}

const CLAIM: &[(&str, Kind)] = &[
    ("claimName", Kind::Filled),
    ("createIfNotExists", Kind::Boolean),
    ("deleteOnSandboxTermination", Kind::Boolean),
    ("storageClass", Kind::Text),
    ("storage", Kind::Text),
    ("accessModes", Kind::Texts),
];

const BUCKET: &[(&str, Kind)] = &[
    ("bucket", Kind::Filled),
    ("endpoint", Kind::Filled),
    ("version", Kind::Text),
    ("accessKeyId", Kind::Filled),
    ("accessKeySecret", Kind::Filled),
    ("options", Kind::Texts),
];
