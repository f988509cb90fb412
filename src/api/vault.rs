//! `sandbox.credentialVault`: credentials that the egress proxy puts into requests, so that no program in the sandbox has
//! them. Values go in and never come out.

use crate::api::execd::{Call, Execd};
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

    /// Sends a change and gives the state after it.
    fn write(&self, method: &'static str, body: Result<Body, Error>, what: &'static str, options: &JsValue) -> Promise {
        let (sidecar, call) = (self.sidecar.clone(), CallOptions::read(options));
        promise(async move {
            let (Body { json, secrets }, call) = (body?, call?);
            let call_to = Call { method, path: PATH, query: &[], what };
            let answer = guarded(&sidecar, call_to, Some(&json), &call, secrets).await?;
            shaped(answer, what, vault_state::state).await
        })
    }

    fn read<T: Into<JsValue> + 'static>(
        &self,
        path: Result<String, Error>,
        what: &'static str,
        shape: fn(&str, &JsValue) -> Result<T, Error>,
        options: &JsValue,
    ) -> Promise {
        let (sidecar, call) = (self.sidecar.clone(), CallOptions::read(options));
        promise(async move {
            let call_to = Call { method: "GET", path: &path?, query: &[], what };
            shaped(guarded(&sidecar, call_to, None, &call?, Vec::new()).await?, what, shape).await
        })
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

async fn shaped<T: Into<JsValue>>(
    answer: Response,
    what: &str,
    shape: fn(&str, &JsValue) -> Result<T, Error>,
) -> Result<JsValue, Failure> {
    let request_id = answer.request_id();
    let raw = answer.json().await.map_err(Failure::without_quote)?;
    shape(what, &raw).map(Into::into).map_err(|error| Failure::from(error).for_request(request_id))
}

/// The path of one credential or binding.
fn path_of(list: &str, name: &JsValue) -> Result<String, Error> {
    Ok(format!("{PATH}/{list}/{}", rules::segment("name", &args::filled("name", name)?)?))
}

#[wasm_bindgen]
impl CredentialVault {
    /// Makes the vault.
    pub fn create(&self, request: &JsValue, options: &JsValue) -> Promise {
        self.write("POST", Body::create(request), "Create credential vault failed", options)
    }

    /// What is in it, without the values.
    pub fn get(&self, options: &JsValue) -> Promise {
        self.read(Ok(PATH.into()), "Get credential vault failed", vault_state::state, options)
    }

    /// Changes it, all or nothing.
    pub fn patch(&self, request: &JsValue, options: &JsValue) -> Promise {
        self.write("PATCH", Body::patch(request), "Patch credential vault failed", options)
    }

    /// Deletes it with all that is in it.
    #[wasm_bindgen(js_name = delete)]
    pub fn remove(&self, options: &JsValue) -> Promise {
        let (sidecar, call) = (self.sidecar.clone(), CallOptions::read(options));
        promise(async move {
            let call_to = Call { method: "DELETE", path: PATH, query: &[], what: "Delete credential vault failed" };
            guarded(&sidecar, call_to, None, &call?, Vec::new()).await?.done().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// All credentials, without their values.
    #[wasm_bindgen(js_name = listCredentials)]
    pub fn list_credentials(&self, options: &JsValue) -> Promise {
        let path = Ok(format!("{PATH}/credentials"));
        self.read(path, "List credential vault credentials failed", vault_state::credentials, options)
    }

    /// One credential, without its value.
    #[wasm_bindgen(js_name = getCredential)]
    pub fn get_credential(&self, name: &JsValue, options: &JsValue) -> Promise {
        let path = path_of("credentials", name);
        self.read(path, "Get credential vault credential failed", vault_state::credential, options)
    }

    /// All bindings.
    #[wasm_bindgen(js_name = listBindings)]
    pub fn list_bindings(&self, options: &JsValue) -> Promise {
        let path = Ok(format!("{PATH}/bindings"));
        self.read(path, "List credential vault bindings failed", vault_state::bindings, options)
    }

    /// One binding.
    #[wasm_bindgen(js_name = getBinding)]
    pub fn get_binding(&self, name: &JsValue, options: &JsValue) -> Promise {
        let path = path_of("bindings", name);
        self.read(path, "Get credential vault binding failed", vault_state::binding, options)
    }
}
