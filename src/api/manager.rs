//! `SandboxManager`: all sandboxes of a server.

use crate::api::diagnostics::Diagnostics;
use crate::api::lists::{self, Listing};
use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, pools, promise, snapshots, templates};
use crate::host::args::Options;
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
        wire::promised(&self.transport, lists::page(&self.transport, Listing::Sandboxes, filter), options)
    }

    /// All sandboxes, page after page, as an async iterable.
    pub fn sandboxes(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Sandboxes, filter, options)
    }

    /// What the server knows of a sandbox.
    #[wasm_bindgen(js_name = getSandboxInfo)]
    pub fn get(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lifecycle::get(&self.transport, sandbox_id), options)
    }

    /// Sets and, with `null`, deletes metadata.
    #[wasm_bindgen(js_name = patchSandboxMetadata)]
    pub fn patch_metadata(&self, sandbox_id: &JsValue, patch: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lifecycle::patch_metadata(&self.transport, sandbox_id, patch), options)
    }

    /// Ends a sandbox.
    #[wasm_bindgen(js_name = killSandbox)]
    pub fn kill(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lifecycle::delete(&self.transport, sandbox_id), options)
    }

    /// Stops a sandbox's programs.
    #[wasm_bindgen(js_name = pauseSandbox)]
    pub fn pause(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lifecycle::pause(&self.transport, sandbox_id), options)
    }

    /// Lets a sandbox's programs go on.
    #[wasm_bindgen(js_name = resumeSandbox)]
    pub fn resume(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lifecycle::resume(&self.transport, sandbox_id), options)
    }

    /// Lets a sandbox live for `timeoutSeconds` from now.
    #[wasm_bindgen(js_name = renewSandbox)]
    pub fn renew(&self, sandbox_id: &JsValue, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        let wire = lifecycle::renew(&self.transport, sandbox_id, timeout_seconds).map(Wire::silent);
        wire::promised(&self.transport, wire, options)
    }

    /// Diagnostics of a sandbox. Nothing is sent.
    pub fn diagnostics(&self, sandbox_id: &JsValue) -> Result<Diagnostics, JsValue> {
        lifecycle::path(&self.transport, sandbox_id, "").map_err(Failure::from)?;
        Ok(Diagnostics::new(Rc::clone(&self.transport), sandbox_id.clone()))
    }

    /// Keeps a sandbox's file system as it is now.
    #[wasm_bindgen(js_name = createSnapshot)]
    pub fn create_snapshot(&self, sandbox_id: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        snapshots::create(&self.transport, sandbox_id, request, options)
    }

    /// What the server knows of a snapshot.
    #[wasm_bindgen(js_name = getSnapshot)]
    pub fn get_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, snapshots::get(&self.transport, snapshot_id), options)
    }

    /// One page of snapshots.
    #[wasm_bindgen(js_name = listSnapshots)]
    pub fn list_snapshots(&self, filter: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lists::page(&self.transport, Listing::Snapshots, filter), options)
    }

    /// All snapshots, page after page, as an async iterable.
    pub fn snapshots(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Snapshots, filter, options)
    }

    /// Deletes a snapshot.
    #[wasm_bindgen(js_name = deleteSnapshot)]
    pub fn delete_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, snapshots::delete(&self.transport, snapshot_id), options)
    }

    /// Begins to build a template.
    #[wasm_bindgen(js_name = createTemplate)]
    pub fn create_template(&self, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, templates::create(&self.transport, request), options)
    }

    /// What the server knows of a template.
    #[wasm_bindgen(js_name = getTemplate)]
    pub fn get_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, templates::get(&self.transport, template_id), options)
    }

    /// One page of templates.
    #[wasm_bindgen(js_name = listTemplates)]
    pub fn list_templates(&self, filter: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, lists::page(&self.transport, Listing::Templates, filter), options)
    }

    /// All templates, page after page, as an async iterable.
    pub fn templates(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        lists::all(&self.transport, Listing::Templates, filter, options)
    }

    /// Deletes a template.
    #[wasm_bindgen(js_name = deleteTemplate)]
    pub fn delete_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, templates::delete(&self.transport, template_id), options)
    }

    /// Makes a pool.
    #[wasm_bindgen(js_name = createPool)]
    pub fn create_pool(&self, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, pools::create(&self.transport, request), options)
    }

    /// What the server knows of a pool.
    #[wasm_bindgen(js_name = getPool)]
    pub fn get_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, pools::get(&self.transport, pool_name), options)
    }

    /// All pools.
    #[wasm_bindgen(js_name = listPools)]
    pub fn list_pools(&self, options: &JsValue) -> Promise {
        wire::promised(&self.transport, Ok(pools::list(&self.transport)), options)
    }

    /// Changes the sizes of a pool.
    #[wasm_bindgen(js_name = updatePool)]
    pub fn update_pool(&self, pool_name: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, pools::update(&self.transport, pool_name, request), options)
    }

    /// Deletes a pool.
    #[wasm_bindgen(js_name = deletePool)]
    pub fn delete_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.transport, pools::delete(&self.transport, pool_name), options)
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
