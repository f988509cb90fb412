//! `SandboxManager`: all sandboxes of a server.

use crate::api::{lifecycle, promise};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Lists and manages sandboxes by id.
#[wasm_bindgen]
pub struct SandboxManager {
    transport: Rc<Transport>,
}

/// A call on one sandbox that gives nothing back.
macro_rules! by_id {
    ($self:ident, $id:ident, $options:ident, $call:path) => {{
        let (transport, id, call) =
            (Rc::clone(&$self.transport), args::filled("sandboxId", $id), CallOptions::read($options));
        promise(async move { $call(&transport, &id?, &call?).await.map(|()| JsValue::UNDEFINED) })
    }};
}

#[wasm_bindgen]
impl SandboxManager {
    /// Throws: without it `new SandboxManager()` would give a dead object.
    #[wasm_bindgen(constructor)]
    pub fn refuse() -> Result<SandboxManager, JsValue> {
        Err(Failure::invalid("A SandboxManager is made with SandboxManager.create").into())
    }

    /// Makes a manager at once; nothing is sent.
    pub fn create(options: &JsValue) -> Result<SandboxManager, JsValue> {
        let make = || -> Result<SandboxManager, Failure> {
            let options = Options::new("options", options)?;
            Ok(SandboxManager { transport: Rc::new(Transport::of(&options)?) })
        };
        make().map_err(JsValue::from)
    }

    /// The configuration that it was made with.
    #[wasm_bindgen(getter, js_name = connectionConfig)]
    pub fn connection_config(&self) -> JsValue {
        self.transport.config.clone()
    }

    /// One page of sandboxes, newest first.
    #[wasm_bindgen(js_name = listSandboxInfos)]
    pub fn list(&self, filter: &JsValue, options: &JsValue) -> Promise {
        let (transport, filter, call) =
            (Rc::clone(&self.transport), Options::new("filter", filter), CallOptions::read(options));
        promise(async move { lifecycle::list(&transport, &filter?, &call?).await })
    }

    /// What the server knows of a sandbox.
    #[wasm_bindgen(js_name = getSandboxInfo)]
    pub fn get(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        let (transport, id, call) =
            (Rc::clone(&self.transport), args::filled("sandboxId", sandbox_id), CallOptions::read(options));
        promise(async move { lifecycle::get(&transport, &id?, &call?).await })
    }

    /// Sets and, with `null`, deletes metadata.
    #[wasm_bindgen(js_name = patchSandboxMetadata)]
    pub fn patch_metadata(&self, sandbox_id: &JsValue, patch: &JsValue, options: &JsValue) -> Promise {
        let (transport, id, call) =
            (Rc::clone(&self.transport), args::filled("sandboxId", sandbox_id), CallOptions::read(options));
        let patch = Options::required("patch", patch).map(|_| patch.clone());
        promise(async move { lifecycle::patch_metadata(&transport, &id?, patch?.unchecked_ref(), &call?).await })
    }

    /// Ends a sandbox.
    #[wasm_bindgen(js_name = killSandbox)]
    pub fn kill(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self, sandbox_id, options, lifecycle::delete)
    }

    /// Stops a sandbox's programs.
    #[wasm_bindgen(js_name = pauseSandbox)]
    pub fn pause(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self, sandbox_id, options, lifecycle::pause)
    }

    /// Lets a sandbox's programs go on.
    #[wasm_bindgen(js_name = resumeSandbox)]
    pub fn resume(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self, sandbox_id, options, lifecycle::resume)
    }

    /// Lets a sandbox live for `timeoutSeconds` from now.
    #[wasm_bindgen(js_name = renewSandbox)]
    pub fn renew(&self, sandbox_id: &JsValue, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        let (transport, id, call) =
            (Rc::clone(&self.transport), args::filled("sandboxId", sandbox_id), CallOptions::read(options));
        let seconds = args::number("timeoutSeconds", timeout_seconds);
        promise(async move { lifecycle::renew(&transport, &id?, seconds?, &call?).await.map(|_| JsValue::UNDEFINED) })
    }

    /// Aborts this manager's requests and refuses new ones.
    pub fn close(&self) -> Promise {
        self.transport.close();
        promise(async { Ok(JsValue::UNDEFINED) })
    }

    /// `await using`: the same as `close()`.
    #[wasm_bindgen(js_name = "[Symbol.asyncDispose]")]
    pub fn dispose_async(&self) -> Promise {
        self.close()
    }
}
