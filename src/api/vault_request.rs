//! What the caller gives the credential vault, checked. No error repeats a value: a secret may stand in the wrong place.

use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, Options};
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

const SURFACES: [&str; 4] = ["path", "query", "header", "body"];

/// A body, and the secrets in it, for keeping them out of errors.
#[derive(Default)]
pub struct Body {
    /// To send.
    pub json: Object,
    /// Values of credentials.
    pub secrets: Vec<String>,
}

impl Body {
    /// `{credentials, bindings}`.
    pub fn create(request: &JsValue) -> Result<Self, Error> {
        let request = Options::required("request", request)?;
        let mut body = Self { json: request.copy(), secrets: Vec::new() };
        let credentials = body.credentials(request.children("credentials")?)?;
        object::set(&body.json, "credentials", credentials);
        object::set(&body.json, "bindings", bindings(request.children("bindings")?)?);
        Ok(body)
    }

    /// `{expectedRevision?, credentials?: {add, replace, delete}, bindings?: {…}}`.
    pub fn patch(request: &JsValue) -> Result<Self, Error> {
        let request = Options::required("request", request)?;
        request.count("expectedRevision")?;
        let mut body = Self { json: request.copy(), secrets: Vec::new() };
        for field in ["credentials", "bindings"] {
            let Some(changes) = request.nested(field)? else { continue };
            let copy = changes.copy();
            for name in ["add", "replace"] {
                let Some(entries) = changes.objects(name)? else { continue };
                let entries = if field == "credentials" { body.credentials(entries)? } else { bindings(entries)? };
                object::set(&copy, name, entries);
            }
            names(&changes, "delete")?;
            object::set(&body.json, field, copy);
        }
        Ok(body)
    }

    /// The sidecar wants the source's type, which the official SDK lets one leave out.
    fn credentials(&mut self, entries: Vec<Options>) -> Result<Array, Error> {
        let list = Array::new();
        for entry in entries {
            entry.filled("name")?;
            let source = entry.required_nested("source")?;
            let kind = source.string("type")?.unwrap_or_else(|| "inline".into());
            if kind == "inline" {
                self.secrets.push(source.filled("value")?);
            }
            let (copy, inner) = (entry.copy(), source.copy());
            object::set(&inner, "type", kind);
            object::set(&copy, "source", inner);
            list.push(&copy);
        }
        Ok(list)
    }
}

fn bindings(entries: Vec<Options>) -> Result<Array, Error> {
    let list = Array::new();
    for entry in entries {
        entry.filled("name")?;
        check_match(&entry.required_nested("match")?)?;
        check_auth(&entry.required_nested("auth")?)?;
        list.push(&entry.copy());
    }
    Ok(list)
}

fn check_match(entry: &Options) -> Result<(), Error> {
    if names(entry, "hosts")?.is_none_or(|hosts| hosts.is_empty()) {
        return Err(Error::invalid(format!("{} must name a host", entry.path("hosts"))));
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
        "apiKey" => {
            header_name(auth)?;
            auth.filled("credential")?;
        }
        "customHeaders" => {
            let headers = auth.children("headers")?;
            if headers.is_empty() {
                return Err(Error::invalid(format!("{} cannot be empty", auth.path("headers"))));
            }
            for header in headers {
                header_name(&header)?;
                header.filled("credential")?;
            }
        }
        // `passthrough` has nothing of its own, and of types to come we know nothing.
        _ => {}
    }
    for substitution in auth.objects("substitutions")?.unwrap_or_default() {
        substitution.filled("credential")?;
        substitution.filled("placeholder")?;
        let surfaces = names(&substitution, "in")?.unwrap_or_default();
        if surfaces.is_empty() || surfaces.iter().any(|surface| !SURFACES.contains(&surface.as_str())) {
            let field = substitution.path("in");
            return Err(Error::invalid(format!("{field} must list some of path, query, header and body")));
        }
    }
    Ok(())
}

fn header_name(entry: &Options) -> Result<(), Error> {
    rules::header(&entry.filled("name")?, "")
        .map_err(|_| Error::invalid(format!("{} is not a valid header name", entry.path("name"))))
}

/// An array of strings, none of them blank.
fn names(entry: &Options, name: &str) -> Result<Option<Vec<String>>, Error> {
    let list = entry.strings(name)?;
    for (index, text) in list.iter().flatten().enumerate() {
        args::filled(&format!("{}[{index}]", entry.path(name)), &text.as_str().into())?;
    }
    Ok(list)
}
