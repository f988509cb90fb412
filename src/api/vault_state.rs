//! What the credential vault answers, rebuilt field by field: what is not listed here is dropped, whatever a server puts in.

use crate::core::error::Error;
use crate::host::args::Options;
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

/// Makes errors about the caller's values ones about the server's answer. Their words name the field and the type.
fn checked<T>(what: &str, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    read().map_err(|error| Error::UnexpectedResponse(format!("{what}: the answer is wrong: {error}")))
}

/// `CredentialVaultState`.
pub fn state(what: &str, raw: &JsValue) -> Result<Object, Error> {
    checked(what, || {
        let raw = Options::required("the answer", raw)?;
        let state = Object::new();
        object::set(&state, "revision", revision(&raw)?);
        object::set(&state, "credentials", each(&raw, "credentials", credential_of)?);
        object::set(&state, "bindings", each(&raw, "bindings", binding_of)?);
        Ok(state)
    })
}

/// `CredentialMetadata[]` of a `CredentialListResponse`.
pub fn credentials(what: &str, raw: &JsValue) -> Result<Array, Error> {
    checked(what, || each(&Options::required("the answer", raw)?, "credentials", credential_of))
}

/// `CredentialBindingMetadata[]` of a `CredentialBindingListResponse`.
pub fn bindings(what: &str, raw: &JsValue) -> Result<Array, Error> {
    checked(what, || each(&Options::required("the answer", raw)?, "bindings", binding_of))
}

/// `CredentialMetadata`.
pub fn credential(what: &str, raw: &JsValue) -> Result<Object, Error> {
    checked(what, || credential_of(&Options::required("the answer", raw)?))
}

/// `CredentialBindingMetadata`.
pub fn binding(what: &str, raw: &JsValue) -> Result<Object, Error> {
    checked(what, || binding_of(&Options::required("the answer", raw)?))
}

fn each(raw: &Options, name: &str, shape: fn(&Options) -> Result<Object, Error>) -> Result<Array, Error> {
    raw.children(name)?.iter().map(|entry| shape(entry).map(JsValue::from)).collect()
}

fn revision(raw: &Options) -> Result<f64, Error> {
    raw.count("revision")?.ok_or_else(|| Error::InvalidArgument(format!("{} is missing", raw.path("revision"))))
}

fn credential_of(raw: &Options) -> Result<Object, Error> {
    let credential = Object::new();
    object::set(&credential, "name", raw.required_string("name")?);
    object::set(&credential, "sourceType", raw.required_string("sourceType")?);
    object::set(&credential, "revision", revision(raw)?);
    Ok(credential)
}

fn binding_of(raw: &Options) -> Result<Object, Error> {
    let binding = Object::new();
    object::set(&binding, "name", raw.required_string("name")?);
    object::set(&binding, "revision", revision(raw)?);
    object::set_some(&binding, "match", raw.child_if_any("match")?.map(|raw| match_of(&raw)).transpose()?);
    if let Some(raw) = raw.child_if_any("auth")? {
        let auth = Object::new();
        object::set(&auth, "type", raw.required_string("type")?);
        object::set_some(&auth, "name", raw.string("name")?);
        object::set(&binding, "auth", auth);
    }
    Ok(binding)
}

fn match_of(raw: &Options) -> Result<Object, Error> {
    let rebuilt = Object::new();
    for name in ["schemes", "hosts", "methods", "paths"] {
        if let Some(list) = raw.strings(name)? {
            object::set(&rebuilt, name, object::array(list.into_iter().map(JsValue::from)));
        }
    }
    if object::get(&rebuilt, "hosts").is_undefined() {
        return Err(Error::InvalidArgument(format!("{} is missing", raw.path("hosts"))));
    }
    if let Some(list) = raw.counts("ports")? {
        object::set(&rebuilt, "ports", object::array(list.into_iter().map(JsValue::from)));
    }
    Ok(rebuilt)
}
