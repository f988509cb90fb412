//! `sandbox.credentialVault`: credentials that the egress proxy puts into requests, so that no program in the sandbox has
//! them. Values go in and never come out.

use crate::api::execd::{Call, Execd};
use crate::api::methods::methods;
use crate::api::vault_request::Body;
use crate::api::vault_state::Shape;
use crate::api::{promise, sidecar, vault_state};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::http::Response;
use crate::host::object;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// The vault of one sandbox.
#[wasm_bindgen]
pub struct CredentialVault {
    sidecar: Execd,
}

/// A request, checked.
struct Asking {
    method: &'static str,
    path: String,
    body: Body,
    what: &'static str,
    call: CallOptions,
    /// `None` for an answer that says nothing.
    shape: Option<Shape>,
}

impl CredentialVault {
    /// For one sandbox.
    pub fn new(execd: &Execd) -> Self {
        Self { sidecar: sidecar::of(execd) }
    }

    /// All methods are this one, so that there is one future and not eight.
    fn ask(&self, asking: Result<Asking, Error>) -> Promise {
        let sidecar = self.sidecar.clone();
        promise(async move {
            let asking = asking?;
            let tokens = sidecar.endpoint(&asking.call).await?.headers;
            let call_to = Call { method: asking.method, path: &asking.path, query: &[], what: asking.what };
            let answer = sidecar.send(call_to, asking.body.given(), &asking.call).await;
            read(answer, &asking, &tokens)
        })
    }

    fn get_at(&self, path: (&str, Option<&JsValue>), what: &'static str, shape: Shape, options: &JsValue) -> Promise {
        self.ask(asking("GET", path, Ok(Body::default()), what, Some(shape), options))
    }
}

/// `list` and `name`: what of the vault it is about.
fn asking(
    method: &'static str,
    (list, name): (&str, Option<&JsValue>),
    body: Result<Body, Error>,
    what: &'static str,
    shape: Option<Shape>,
    options: &JsValue,
) -> Result<Asking, Error> {
    let mut path = "/credential-vault".to_owned() + list;
    if let Some(name) = name {
        path.push('/');
        path.push_str(&rules::segment("name", &args::filled("name", name)?)?);
    }
    Ok(Asking { method, path, body: body?, what, call: CallOptions::read(options)?, shape })
}

/// What has come of a request. Its error repeats neither the credentials nor the sidecar's token, even if a server should.
fn read(answer: Result<Response, Failure>, asking: &Asking, tokens: &[(String, String)]) -> Result<JsValue, Failure> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            let mut secrets = Vec::new();
            asking.body.secrets.iter().for_each(|secret| add_spellings(&mut secrets, secret));
            tokens.iter().for_each(|(_, token)| add_spellings(&mut secrets, token));
            return Err(sidecar::explained(failure).without(&secrets));
        }
    };
    let raw = answer.json().map_err(Failure::without_quote)?;
    let Some(shape) = asking.shape else { return Ok(JsValue::UNDEFINED) };
    vault_state::read(asking.what, &raw, shape).map_err(|error| Failure::from(error).for_request(answer.request_id()))
}

/// A secret as it stands in JSON that is itself quoted, as it stands in JSON, and as it is.
fn add_spellings(secrets: &mut Vec<String>, secret: &str) {
    let once = quoted(secret);
    secrets.push(quoted(&once));
    secrets.push(once);
    secrets.push(secret.to_owned());
}

fn quoted(text: &str) -> String {
    let json = object::stringify(&text.into()).unwrap_or_default();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

methods! { CredentialVault:
    "create" => create(_, _),
    "get" => get(_),
    "patch" => patch(_, _),
    "delete" => remove(_),
    "listCredentials" => list_credentials(_),
    "getCredential" => get_credential(_, _),
    "listBindings" => list_bindings(_),
    "getBinding" => get_binding(_, _),
}

impl CredentialVault {
    /// Makes the vault.
    pub fn create(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (body, what) = (Body::create(request), "Create credential vault failed");
        self.ask(asking("POST", ("", None), body, what, Some(vault_state::state), options))
    }

    /// What is in it, without the values.
    pub fn get(&self, options: &JsValue) -> Promise {
        self.get_at(("", None), "Get credential vault failed", vault_state::state, options)
    }

    /// Changes it, all or nothing.
    pub fn patch(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (body, what) = (Body::patch(request), "Patch credential vault failed");
        self.ask(asking("PATCH", ("", None), body, what, Some(vault_state::state), options))
    }

    /// Deletes it with all that is in it.
    pub fn remove(&self, options: &JsValue) -> Promise {
        let what = "Delete credential vault failed";
        self.ask(asking("DELETE", ("", None), Ok(Body::default()), what, None, options))
    }

    /// All credentials, without their values.
    pub fn list_credentials(&self, options: &JsValue) -> Promise {
        let what = "List credential vault credentials failed";
        self.get_at(("/credentials", None), what, vault_state::credentials, options)
    }

    /// One credential, without its value.
    pub fn get_credential(&self, name: &JsValue, options: &JsValue) -> Promise {
        let what = "Get credential vault credential failed";
        self.get_at(("/credentials", Some(name)), what, vault_state::credential, options)
    }

    /// All bindings.
    pub fn list_bindings(&self, options: &JsValue) -> Promise {
        let what = "List credential vault bindings failed";
        self.get_at(("/bindings", None), what, vault_state::bindings, options)
    }

    /// One binding.
    pub fn get_binding(&self, name: &JsValue, options: &JsValue) -> Promise {
        let what = "Get credential vault binding failed";
        self.get_at(("/bindings", Some(name)), what, vault_state::binding, options)
    }
}
