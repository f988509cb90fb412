//! What the credential vault answers, rebuilt field by field: what is not listed here is dropped, whatever a server puts in.

use crate::core::error::{Error, ErrorKind};
use crate::host::args::Options;
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

/// Makes errors about the caller's values ones about the server's answer. Their words name the field and the type.
fn checked(what: &str, raw: &JsValue, read: fn(&Options) -> Result<JsValue, Error>) -> Result<JsValue, Error> {
    Options::required("the answer", raw)
        .and_then(|raw| read(&raw))
        .map_err(|error| Error::new(ErrorKind::UnexpectedResponse, format!("{what}: the answer is wrong: {error}")))
}

/// `CredentialVaultState`.
pub fn state(what: &str, raw: &JsValue) -> Result<JsValue, Error> {
    checked(what, raw, |raw| {
        let state = Object::new();
        object::set(&state, "revision", revision(raw)?);
        object::set(&state, "credentials", each(raw, "credentials", credential_of)?);
        object::set(&state, "bindings", each(raw, "bindings", binding_of)?);
        Ok(state.into())
    })
}

/// `CredentialMetadata[]` of a `CredentialListResponse`.
pub fn credentials(what: &str, raw: &JsValue) -> Result<JsValue, Error> {
    checked(what, raw, |raw| each(raw, "credentials", credential_of))
}

/// `CredentialBindingMetadata[]` of a `CredentialBindingListResponse`.
pub fn bindings(what: &str, raw: &JsValue) -> Result<JsValue, Error> {
    checked(what, raw, |raw| each(raw, "bindings", binding_of))
}

/// `CredentialMetadata`.
pub fn credential(what: &str, raw: &JsValue) -> Result<JsValue, Error> {
    checked(what, raw, credential_of)
}

/// `CredentialBindingMetadata`.
pub fn binding(what: &str, raw: &JsValue) -> Result<JsValue, Error> {
    checked(what, raw, binding_of)
}

/// For an answer that says nothing.
pub fn nothing(_: &str, _: &JsValue) -> Result<JsValue, Error> {
    Ok(JsValue::UNDEFINED)
}

fn each(raw: &Options, name: &str, shape: fn(&Options) -> Result<JsValue, Error>) -> Result<JsValue, Error> {
    raw.children(name)?.iter().map(shape).collect::<Result<Array, _>>().map(JsValue::from)
}

fn revision(raw: &Options) -> Result<f64, Error> {
    raw.count("revision")?.ok_or_else(|| Error::invalid(format!("{} is missing", raw.path("revision"))))
}

fn credential_of(raw: &Options) -> Result<JsValue, Error> {
    let credential = Object::new();
    object::set(&credential, "name", raw.required_string("name")?);
    object::set(&credential, "sourceType", raw.required_string("sourceType")?);
    object::set(&credential, "revision", revision(raw)?);
    Ok(credential.into())
}

fn binding_of(raw: &Options) -> Result<JsValue, Error> {
    let binding = Object::new();
    object::set(&binding, "name", raw.required_string("name")?);
    object::set(&binding, "revision", revision(raw)?);
    object::set_some(&binding, "match", raw.nested("match")?.map(|raw| match_of(&raw)).transpose()?);
    if let Some(raw) = raw.nested("auth")? {
        let auth = Object::new();
        object::set(&auth, "type", raw.required_string("type")?);
        object::set_some(&auth, "name", raw.string("name")?);
        object::set(&binding, "auth", auth);
    }
    Ok(binding.into())
}

fn match_of(raw: &Options) -> Result<Object, Error> {
    let rebuilt = Object::new();
    for name in ["schemes", "hosts", "methods", "paths"] {
        if let Some(list) = raw.strings(name)? {
            object::set(&rebuilt, name, object::array(list.into_iter().map(JsValue::from)));
        }
    }
    if object::get(&rebuilt, "hosts").is_undefined() {
        return Err(Error::invalid(format!("{} is missing", raw.path("hosts"))));
    }
    if let Some(list) = raw.counts("ports")? {
        object::set(&rebuilt, "ports", object::array(list.into_iter().map(JsValue::from)));
    }
    Ok(rebuilt)
}
