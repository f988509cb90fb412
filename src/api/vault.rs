//! `sandbox.credentialVault`: credentials that the egress proxy puts into requests, so that no program in the sandbox has
//! them. Values go in and never come out.

use crate::api::decisions::{Core, text, texts};
use crate::api::methods::methods;
use crate::api::settled;
use crate::api::vault_request::Body;
use crate::api::wire::Wire;
use crate::core::error::Error;
use crate::core::{rules, secrets};
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

impl Core {
    /// See [`secrets::mask`].
    pub fn mask_all(&self, words: &JsValue, secrets: &JsValue) -> JsValue {
        secrets::mask(&text(words), texts(secrets).iter().map(String::as_str)).into()
    }
}

/// The vault of one sandbox.
#[wasm_bindgen]
pub struct CredentialVault {
    execd: Execd,
}

impl CredentialVault {
    /// For one sandbox.
    pub fn new(execd: &Execd) -> Self {
        Self { execd: execd.clone() }
    }

    /// All methods are this one. `list` and `name`: what of the vault it is about. `answer`: see `src/js/vault.js`.
    fn ask(
        &self,
        (method, list, name): (&str, &str, Option<&JsValue>),
        body: Result<Body, Error>,
        what: &str,
        answer: &str,
        options: &JsValue,
    ) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let mut path = "/credential-vault".to_owned() + list;
            if let Some(name) = name {
                path.push('/');
                path.push_str(&rules::segment("name", &args::filled("name", name)?)?);
            }
            let (body, call) = (body?, CallOptions::read(options)?);
            let mut wire = Wire::new(method, &path, what, answer);
            if !body.json.is_undefined() {
                wire = wire.json(&body.json)?;
            }
            Ok(js::ask_vault(&self.execd, wire.as_ref(), &body.secrets, call.as_ref()))
        };
        settled(begin())
    }

    fn get_at(&self, list: &str, name: Option<&JsValue>, what: &str, answer: &str, options: &JsValue) -> Promise {
        self.ask(("GET", list, name), Ok(Body::default()), what, answer, options)
    }
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
        self.ask(("POST", "", None), body, what, "state", options)
    }

    /// What is in it, without the values.
    pub fn get(&self, options: &JsValue) -> Promise {
        self.get_at("", None, "Get credential vault failed", "state", options)
    }

    /// Changes it, all or nothing.
    pub fn patch(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (body, what) = (Body::patch(request), "Patch credential vault failed");
        self.ask(("PATCH", "", None), body, what, "state", options)
    }

    /// Deletes it with all that is in it.
    pub fn remove(&self, options: &JsValue) -> Promise {
        let what = "Delete credential vault failed";
        self.ask(("DELETE", "", None), Ok(Body::default()), what, "nothing", options)
    }

    /// All credentials, without their values.
    pub fn list_credentials(&self, options: &JsValue) -> Promise {
        let what = "List credential vault credentials failed";
        self.get_at("/credentials", None, what, "credentials", options)
    }

    /// One credential, without its value.
    pub fn get_credential(&self, name: &JsValue, options: &JsValue) -> Promise {
        let what = "Get credential vault credential failed";
        self.get_at("/credentials", Some(name), what, "credential", options)
    }

    /// All bindings.
    pub fn list_bindings(&self, options: &JsValue) -> Promise {
        let what = "List credential vault bindings failed";
        self.get_at("/bindings", None, what, "bindings", options)
    }

    /// One binding.
    pub fn get_binding(&self, name: &JsValue, options: &JsValue) -> Promise {
        let what = "Get credential vault binding failed";
        self.get_at("/bindings", Some(name), what, "binding", options)
    }
}
