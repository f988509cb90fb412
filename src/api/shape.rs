//! From wire objects to official ones: times become Dates, snake_case becomes camelCase, the rest passes untouched.

use crate::core::error::{Error, ErrorKind};
use crate::host::object;
use js_sys::{Date, Object};
use wasm_bindgen::{JsCast, JsValue};

fn date(value: &JsValue) -> Option<Date> {
    let date = Date::new(&value.as_string()?.into());
    (!date.get_time().is_nan()).then_some(date)
}

fn date_or_undefined(object: &Object, name: &str) {
    let value = object::get(object, name);
    if !value.is_undefined() {
        object::set(object, name, date(&value).map_or(JsValue::UNDEFINED, JsValue::from));
    }
}

/// What all that has a life of its own has: `createdAt` must be there.
fn created(raw: &Object, what: &str) -> Result<(), Error> {
    let created = date(&object::get(raw, "createdAt")).ok_or_else(|| {
        Error::new(ErrorKind::UnexpectedResponse, format!("The server sent a {what} without a valid createdAt"))
    })?;
    object::set(raw, "createdAt", created);
    if let Ok(status) = object::get(raw, "status").dyn_into::<Object>() {
        date_or_undefined(&status, "lastTransitionAt");
    }
    Ok(())
}

/// `SandboxInfo` and the response of a create: no `expiresAt` means manual cleanup.
pub fn sandbox(raw: Object) -> Result<Object, Error> {
    created(&raw, "sandbox")?;
    object::set(&raw, "expiresAt", date(&object::get(&raw, "expiresAt")).map_or(JsValue::NULL, JsValue::from));
    Ok(raw)
}

/// `SnapshotInfo`.
pub fn snapshot(raw: Object) -> Result<Object, Error> {
    created(&raw, "snapshot").map(|()| raw)
}

/// `TemplateInfo`.
pub fn template(raw: Object) -> Result<Object, Error> {
    created(&raw, "template")?;
    date_or_undefined(&raw, "updatedAt");
    Ok(raw)
}

/// `PoolInfo`: its time of creation is optional.
pub fn pool(raw: Object) -> Result<Object, Error> {
    date_or_undefined(&raw, "createdAt");
    Ok(raw)
}

/// `DiagnosticContent`.
pub fn diagnostics(raw: Object) -> Result<Object, Error> {
    date_or_undefined(&raw, "expiresAt");
    Ok(raw)
}

/// `Endpoint`: `headers` is always an object.
pub fn endpoint(raw: Object) -> Result<Object, Error> {
    if !object::get(&raw, "headers").is_object() {
        object::set(&raw, "headers", Object::new());
    }
    Ok(raw)
}

/// The response of a renewal.
pub fn renewal(raw: Object) -> Result<Object, Error> {
    date_or_undefined(&raw, "expiresAt");
    Ok(raw)
}

/// Renames a property.
fn rename(object: &Object, from: &str, to: &str, value: Option<JsValue>) {
    let _ = js_sys::Reflect::delete_property(object, &from.into());
    object::set_some(object, to, value);
}

/// `FileInfo`.
pub fn file(raw: &Object) {
    for (from, to) in [("modified_at", "modifiedAt"), ("created_at", "createdAt")] {
        rename(raw, from, to, date(&object::get(raw, from)).map(JsValue::from));
    }
}

/// `CommandStatus`: what is absent on the wire while the command runs is `null` here.
pub fn command_status(raw: Object) -> Object {
    let or_null = |value: Option<JsValue>| Some(value.unwrap_or(JsValue::NULL));
    let exit_code = object::get(&raw, "exit_code");
    rename(&raw, "exit_code", "exitCode", or_null(exit_code.as_f64().map(JsValue::from)));
    rename(&raw, "started_at", "startedAt", date(&object::get(&raw, "started_at")).map(JsValue::from));
    rename(&raw, "finished_at", "finishedAt", or_null(date(&object::get(&raw, "finished_at")).map(JsValue::from)));
    raw
}
