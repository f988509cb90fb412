//! `SandboxManager`: all sandboxes of a server.

use crate::api::diagnostics::Diagnostics;
use crate::api::lists::{self, Listing};
use crate::api::{lifecycle, pools, promise, snapshots, templates};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use js_sys::{Object, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Lists and manages sandboxes by id.
#[wasm_bindgen]
pub struct SandboxManager {
    transport: Rc<Transport>,
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
        page!(self.transport, Listing::Sandboxes, filter, options)
    }

    /// All sandboxes, page after page, as an async iterable.
    pub fn sandboxes(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Sandboxes, filter, options)
    }

    /// What the server knows of a sandbox.
    #[wasm_bindgen(js_name = getSandboxInfo)]
    pub fn get(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "sandboxId", sandbox_id, options, lifecycle::get)
    }

    /// Sets and, with `null`, deletes metadata.
    #[wasm_bindgen(js_name = patchSandboxMetadata)]
    pub fn patch_metadata(&self, sandbox_id: &JsValue, patch: &JsValue, options: &JsValue) -> Promise {
        let patch = Options::required("patch", patch).map(|patch| patch.value().clone().unchecked_into::<Object>());
        by_id!(self.transport, "sandboxId", sandbox_id, options, lifecycle::patch_metadata, &patch?)
    }

    /// Ends a sandbox.
    #[wasm_bindgen(js_name = killSandbox)]
    pub fn kill(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "sandboxId", sandbox_id, options, lifecycle::delete => nothing)
    }

    /// Stops a sandbox's programs.
    #[wasm_bindgen(js_name = pauseSandbox)]
    pub fn pause(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "sandboxId", sandbox_id, options, lifecycle::pause => nothing)
    }

    /// Lets a sandbox's programs go on.
    #[wasm_bindgen(js_name = resumeSandbox)]
    pub fn resume(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "sandboxId", sandbox_id, options, lifecycle::resume => nothing)
    }

    /// Lets a sandbox live for `timeoutSeconds` from now.
    #[wasm_bindgen(js_name = renewSandbox)]
    pub fn renew(&self, sandbox_id: &JsValue, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        let (transport, id, call) =
            (Rc::clone(&self.transport), args::filled("sandboxId", sandbox_id), CallOptions::read(options));
        let seconds = args::number("timeoutSeconds", timeout_seconds);
        promise(async move { lifecycle::renew(&transport, &id?, seconds?, &call?).await.map(|_| JsValue::UNDEFINED) })
    }

    /// Diagnostics of a sandbox. Nothing is sent.
    pub fn diagnostics(&self, sandbox_id: &JsValue) -> Result<Diagnostics, JsValue> {
        let id = args::filled("sandboxId", sandbox_id).and_then(|id| rules::segment("sandboxId", &id).map(|_| id));
        Ok(Diagnostics::new(Rc::clone(&self.transport), id.map_err(Failure::from)?))
    }

    /// Keeps a sandbox's file system as it is now.
    #[wasm_bindgen(js_name = createSnapshot)]
    pub fn create_snapshot(&self, sandbox_id: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        snapshots::promised(&self.transport, sandbox_id, request, options)
    }

    /// What the server knows of a snapshot.
    #[wasm_bindgen(js_name = getSnapshot)]
    pub fn get_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "snapshotId", snapshot_id, options, snapshots::get)
    }

    /// One page of snapshots.
    #[wasm_bindgen(js_name = listSnapshots)]
    pub fn list_snapshots(&self, filter: &JsValue, options: &JsValue) -> Promise {
        page!(self.transport, Listing::Snapshots, filter, options)
    }

    /// All snapshots, page after page, as an async iterable.
    pub fn snapshots(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Snapshots, filter, options)
    }

    /// Deletes a snapshot.
    #[wasm_bindgen(js_name = deleteSnapshot)]
    pub fn delete_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "snapshotId", snapshot_id, options, snapshots::delete => nothing)
    }

    /// Begins to build a template.
    #[wasm_bindgen(js_name = createTemplate)]
    pub fn create_template(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (transport, request) = (Rc::clone(&self.transport), Options::required("request", request));
        let call = CallOptions::read(options);
        promise(async move { templates::create(&transport, &request?, &call?).await })
    }

    /// What the server knows of a template.
    #[wasm_bindgen(js_name = getTemplate)]
    pub fn get_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "templateId", template_id, options, templates::get)
    }

    /// One page of templates.
    #[wasm_bindgen(js_name = listTemplates)]
    pub fn list_templates(&self, filter: &JsValue, options: &JsValue) -> Promise {
        page!(self.transport, Listing::Templates, filter, options)
    }

    /// All templates, page after page, as an async iterable.
    pub fn templates(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Templates, filter, options)
    }

    /// Deletes a template.
    #[wasm_bindgen(js_name = deleteTemplate)]
    pub fn delete_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "templateId", template_id, options, templates::delete => nothing)
    }

    /// Makes a pool.
    #[wasm_bindgen(js_name = createPool)]
    pub fn create_pool(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (transport, request) = (Rc::clone(&self.transport), Options::required("request", request));
        let call = CallOptions::read(options);
        promise(async move { pools::create(&transport, &request?, &call?).await })
    }

    /// What the server knows of a pool.
    #[wasm_bindgen(js_name = getPool)]
    pub fn get_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "poolName", pool_name, options, pools::get)
    }

    /// All pools.
    #[wasm_bindgen(js_name = listPools)]
    pub fn list_pools(&self, options: &JsValue) -> Promise {
        let (transport, call) = (Rc::clone(&self.transport), CallOptions::read(options));
        promise(async move { pools::list(&transport, &call?).await })
    }

    /// Changes the sizes of a pool.
    #[wasm_bindgen(js_name = updatePool)]
    pub fn update_pool(&self, pool_name: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        let request = Options::required("request", request);
        by_id!(self.transport, "poolName", pool_name, options, pools::update, &request?)
    }

    /// Deletes a pool.
    #[wasm_bindgen(js_name = deletePool)]
    pub fn delete_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        by_id!(self.transport, "poolName", pool_name, options, pools::delete => nothing)
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
