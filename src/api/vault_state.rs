//! What the credential vault answers, rebuilt field by field: what is not listed here is dropped, whatever a server puts in.

use crate::core::error::{Error, ErrorKind};
use crate::host::args::{Kind, Options};
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

/// From an answer to what the caller gets.
pub type Shape = fn(&Options) -> Result<JsValue, Error>;

/// Reads an answer. Makes errors about the caller's values ones about the server's answer: their words name the field and the
/// type.
pub fn read(what: &str, raw: &JsValue, shape: Shape) -> Result<JsValue, Error> {
    Options::required("the answer", raw)
        .and_then(|raw| shape(&raw))
        .map_err(|error| Error::new(ErrorKind::UnexpectedResponse, format!("{what}: the answer is wrong: {error}")))
}

/// `CredentialVaultState`.
pub fn state(raw: &Options) -> Result<JsValue, Error> {
    check_revision(raw)?;
    let state = some_of(raw, &["revision"]);
    object::set(&state, "credentials", credentials(raw)?);
    object::set(&state, "bindings", bindings(raw)?);
    Ok(state.into())
}

/// `CredentialMetadata[]` of a `CredentialListResponse`.
pub fn credentials(raw: &Options) -> Result<JsValue, Error> {
    each(raw, "credentials", credential)
}

/// `CredentialBindingMetadata[]` of a `CredentialBindingListResponse`.
pub fn bindings(raw: &Options) -> Result<JsValue, Error> {
    each(raw, "bindings", binding)
}

fn each(raw: &Options, name: &str, shape: Shape) -> Result<JsValue, Error> {
    let list = Array::new();
    for entry in &raw.children(name)? {
        list.push(&shape(entry)?);
    }
    Ok(list.into())
}

/// A new object with these fields, as far as they are there.
fn some_of(raw: &Options, names: &[&str]) -> Object {
    let rebuilt = Object::new();
    for name in names {
        let value = raw.raw(name);
        if !object::absent(&value) {
            object::set(&rebuilt, name, value);
        }
    }
    rebuilt
}

fn missing(raw: &Options, name: &str) -> Error {
    Error::invalid(raw.path(name) + " is missing")
}

fn check_revision(raw: &Options) -> Result<(), Error> {
    raw.count("revision")?.ok_or_else(|| missing(raw, "revision")).map(drop)
}

/// `CredentialMetadata`.
pub fn credential(raw: &Options) -> Result<JsValue, Error> {
    raw.check(&[("name", Kind::RequiredText), ("sourceType", Kind::RequiredText)])?;
    check_revision(raw)?;
    Ok(some_of(raw, &["name", "sourceType", "revision"]).into())
}

/// `CredentialBindingMetadata`.
pub fn binding(raw: &Options) -> Result<JsValue, Error> {
    raw.check(&[("name", Kind::RequiredText)])?;
    check_revision(raw)?;
    let binding = some_of(raw, &["name", "revision"]);
    if let Some(raw) = raw.nested("match")? {
        object::set(&binding, "match", match_of(&raw)?);
    }
    if let Some(raw) = raw.nested("auth")? {
        raw.check(&[("type", Kind::RequiredText), ("name", Kind::Text)])?;
        object::set(&binding, "auth", some_of(&raw, &["type", "name"]));
    }
    Ok(binding.into())
}

fn match_of(raw: &Options) -> Result<Object, Error> {
    raw.check(&[("schemes", Kind::Texts), ("hosts", Kind::Texts), ("methods", Kind::Texts), ("paths", Kind::Texts)])?;
    if object::absent(&raw.raw("hosts")) {
        return Err(missing(raw, "hosts"));
    }
    raw.counts("ports")?;
    Ok(some_of(raw, &["schemes", "hosts", "methods", "paths", "ports"]))
}
