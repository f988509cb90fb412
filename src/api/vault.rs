//! `sandbox.credentialVault`: credentials that the egress proxy puts into requests, so that no program in the sandbox has
//! them. Values go in and never come out.

use crate::api::execd::{Call, Execd};
use crate::api::methods::methods;
use crate::api::vault_request::Body;
use crate::api::{promise, sidecar, vault_state};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::http::Response;
use crate::host::object;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

const PATH: &str = "/credential-vault";
/// From an answer to what the caller gets.
type Shape = fn(&str, &JsValue) -> Result<JsValue, Error>;

/// The vault of one sandbox.
#[wasm_bindgen]
pub struct CredentialVault {
    sidecar: Execd,
}

impl CredentialVault {
    /// For one sandbox.
    pub fn new(execd: &Execd) -> Self {
        Self { sidecar: sidecar::of(execd) }
    }

    /// All methods are this one, so that there is one future and not eight.
    fn ask(
        &self,
        method: &'static str,
        path: Result<String, Error>,
        body: Option<Result<Body, Error>>,
        (what, shape): (&'static str, Shape),
        options: &JsValue,
    ) -> Promise {
        let (sidecar, call) = (self.sidecar.clone(), CallOptions::read(options));
        promise(async move {
            let (path, body, call) = (path?, body.transpose()?, call?);
            let (json, secrets) = body.map_or((None, Vec::new()), |body| (Some(body.json.into()), body.secrets));
            let call_to = Call { method, path: &path, query: &[], what };
            let answer = guarded(&sidecar, call_to, json.as_ref(), &call, secrets).await?;
            let request_id = answer.request_id();
            let raw = answer.json().map_err(Failure::without_quote)?;
            shape(what, &raw).map_err(|error| Failure::from(error).for_request(request_id))
        })
    }

    fn get_at(&self, path: Result<String, Error>, reading: (&'static str, Shape), options: &JsValue) -> Promise {
        self.ask("GET", path, None, reading, options)
    }
}

/// A request whose error repeats neither the credentials nor the sidecar's token, even if a server should.
async fn guarded(
    sidecar: &Execd,
    call_to: Call<'_>,
    json: Option<&JsValue>,
    call: &CallOptions,
    secrets: Vec<String>,
) -> Result<Response, Failure> {
    let tokens = sidecar.endpoint(call).await?.headers.into_iter().map(|(_, value)| value);
    let secrets: Vec<String> = secrets.into_iter().chain(tokens).flat_map(spellings).collect();
    sidecar::send(sidecar, call_to, json, call).await.map_err(|failure| failure.without(&secrets))
}

/// A secret as it is, as it stands in JSON, and as it stands in JSON that is itself quoted.
fn spellings(secret: String) -> Vec<String> {
    let quoted = |text: &str| {
        let json = object::stringify(&text.into()).unwrap_or_default();
        json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
    };
    let once = quoted(&secret);
    vec![quoted(&once), once, secret]
}

/// The path of one credential or binding.
fn path_of(list: &str, name: &JsValue) -> Result<String, Error> {
    Ok(format!("{PATH}/{list}/{}", rules::segment("name", &args::filled("name", name)?)?))
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
        let reading: (_, Shape) = ("Create credential vault failed", vault_state::state);
        self.ask("POST", Ok(PATH.into()), Some(Body::create(request)), reading, options)
    }

    /// What is in it, without the values.
    pub fn get(&self, options: &JsValue) -> Promise {
        self.get_at(Ok(PATH.into()), ("Get credential vault failed", vault_state::state), options)
    }

    /// Changes it, all or nothing.
    pub fn patch(&self, request: &JsValue, options: &JsValue) -> Promise {
        let reading: (_, Shape) = ("Patch credential vault failed", vault_state::state);
        self.ask("PATCH", Ok(PATH.into()), Some(Body::patch(request)), reading, options)
    }

    /// Deletes it with all that is in it.
    pub fn remove(&self, options: &JsValue) -> Promise {
        let reading: (_, Shape) = ("Delete credential vault failed", vault_state::nothing);
        self.ask("DELETE", Ok(PATH.into()), None, reading, options)
    }

    /// All credentials, without their values.
    pub fn list_credentials(&self, options: &JsValue) -> Promise {
        let path = Ok(format!("{PATH}/credentials"));
        self.get_at(path, ("List credential vault credentials failed", vault_state::credentials), options)
    }

    /// One credential, without its value.
    pub fn get_credential(&self, name: &JsValue, options: &JsValue) -> Promise {
        let path = path_of("credentials", name);
        self.get_at(path, ("Get credential vault credential failed", vault_state::credential), options)
    }

    /// All bindings.
    pub fn list_bindings(&self, options: &JsValue) -> Promise {
        let path = Ok(format!("{PATH}/bindings"));
        self.get_at(path, ("List credential vault bindings failed", vault_state::bindings), options)
    }

    /// One binding.
    pub fn get_binding(&self, name: &JsValue, options: &JsValue) -> Promise {
        let path = path_of("bindings", name);
        self.get_at(path, ("Get credential vault binding failed", vault_state::binding), options)
    }
}
