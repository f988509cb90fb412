//! What the caller gives the credential vault, checked. No error repeats a value: a secret may stand in the wrong place.

use crate::api::sidecar;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{Kind, Options};
use crate::host::object;
use js_sys::Array;
use wasm_bindgen::JsValue;

const SURFACES: [&str; 4] = ["path", "query", "header", "body"];

/// A body, and the secrets in it, for keeping them out of errors.
#[derive(Default)]
pub struct Body {
    /// To send; `undefined` for nothing.
    pub json: JsValue,
    /// Values of credentials.
    pub secrets: Array,
}

impl Body {
    /// `{credentials, bindings}`.
    pub fn create(request: &JsValue) -> Result<Self, Error> {
        let request = Options::required("request", request)?;
        let (json, mut body) = (request.copy(), Self::default());
        object::set(&json, "credentials", body.credentials(&request.children("credentials")?)?);
        object::set(&json, "bindings", bindings(&request.children("bindings")?)?);
        body.json = json.into();
        Ok(body)
    }

    /// `{expectedRevision?, credentials?: {add, replace, delete}, bindings?: {…}}`.
    pub fn patch(request: &JsValue) -> Result<Self, Error> {
        let request = Options::required("request", request)?;
        request.count("expectedRevision")?;
        let (json, mut body) = (request.copy(), Self::default());
        for field in ["credentials", "bindings"] {
            let Some(changes) = request.nested(field)? else { continue };
            let copy = changes.copy();
            for name in ["add", "replace"] {
                let Some(entries) = changes.objects(name)? else { continue };
                let entries = if field == "credentials" { body.credentials(&entries)? } else { bindings(&entries)? };
                object::set(&copy, name, entries);
            }
            names(&changes, "delete")?;
            object::set(&json, field, copy);
        }
        body.json = json.into();
        Ok(body)
    }

    /// The sidecar wants the source's type, which the official SDK lets one leave out.
    fn credentials(&self, entries: &[Options]) -> Result<Array, Error> {
        let list = Array::new();
        for entry in entries {
            entry.filled("name")?;
            let source = entry.required_nested("source")?;
            let kind = source.string("type")?;
            let (copy, inner) = (entry.copy(), source.copy());
            if kind.is_none() {
                object::set(&inner, "type", "inline");
            }
            if kind.is_none_or(|kind| kind == "inline") {
                self.secrets.push(&source.filled("value")?.into());
            }
            object::set(&copy, "source", inner);
            list.push(&copy);
        }
        Ok(list)
    }
}

fn bindings(entries: &[Options]) -> Result<Array, Error> {
    let list = Array::new();
    for entry in entries {
        entry.filled("name")?;
        check_match(&entry.required_nested("match")?)?;
        check_auth(&entry.required_nested("auth")?)?;
        list.push(&entry.copy());
    }
    Ok(list)
}

/// An error about a field.
fn wrong(entry: &Options, name: &str, problem: &str) -> Error {
    Error::invalid(entry.path(name) + problem)
}

fn check_match(entry: &Options) -> Result<(), Error> {
    if names(entry, "hosts")?.is_empty() {
        return Err(wrong(entry, "hosts", " must name a host"));
    }
    for name in ["schemes", "methods", "paths"] {
        names(entry, name)?;
    }
    entry.counts("ports")?;
    Ok(())
}

fn check_auth(auth: &Options) -> Result<(), Error> {
    match auth.filled("type")?.as_str() {
        "bearer" | "basic" => {
            auth.filled("credential")?;
        }
        "apiKey" => check_header(auth)?,
        "customHeaders" => {
            let headers = auth.children("headers")?;
            if headers.is_empty() {
                return Err(wrong(auth, "headers", " cannot be empty"));
            }
            for header in &headers {
                check_header(header)?;
            }
        }
        // `passthrough` has nothing of its own, and of types to come we know nothing.
        _ => {}
    }
    for substitution in &auth.objects("substitutions")?.unwrap_or_default() {
        substitution.check(&[("credential", Kind::Filled), ("placeholder", Kind::Filled)])?;
        let surfaces = names(substitution, "in")?;
        if surfaces.is_empty() || !surfaces.iter().all(|surface| SURFACES.contains(&surface.as_str())) {
            return Err(wrong(substitution, "in", " must list some of path, query, header and body"));
        }
    }
    Ok(())
}

/// A header that a credential goes into.
fn check_header(entry: &Options) -> Result<(), Error> {
    if rules::header(&entry.filled("name")?, "").is_err() {
        return Err(wrong(entry, "name", " is not a valid header name"));
    }
    entry.filled("credential").map(drop)
}

/// An array of strings, none of them blank. One that is not given is empty.
fn names(entry: &Options, name: &str) -> Result<Vec<String>, Error> {
    let list = entry.raw(name);
    if object::absent(&list) { Ok(Vec::new()) } else { sidecar::names(&entry.path(name), &list) }
}
