//! `SandboxManager`: all sandboxes of a server.

use crate::api::diagnostics::Diagnostics;
use crate::api::lists::{self, Listing};
use crate::api::methods::methods;
use crate::api::wire;
use crate::api::{lifecycle, pools, snapshots, templates, transport};
use crate::host::args::Options;
use crate::host::failure::Failure;
use crate::host::js::Transport;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Lists and manages sandboxes by id.
#[wasm_bindgen]
pub struct SandboxManager {
    transport: Transport,
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
            Ok(SandboxManager { transport: transport::of(&options)? })
        };
        make().map_err(JsValue::from)
    }
}

methods! { SandboxManager:
    get "connectionConfig" => connection_config(),
    "listSandboxInfos" => list(_, _),
    "sandboxes" => sandboxes(_, _),
    "getSandboxInfo" => get(_, _),
    "patchSandboxMetadata" => patch_metadata(_, _, _),
    "killSandbox" => kill(_, _),
    "pauseSandbox" => pause(_, _),
    "resumeSandbox" => resume(_, _),
    "renewSandbox" => renew(_, _, _),
    "diagnostics" => diagnostics(_),
    "createSnapshot" => create_snapshot(_, _, _),
    "getSnapshot" => get_snapshot(_, _),
    "listSnapshots" => list_snapshots(_, _),
    "snapshots" => snapshots(_, _),
    "deleteSnapshot" => delete_snapshot(_, _),
    "createTemplate" => create_template(_, _),
    "getTemplate" => get_template(_, _),
    "listTemplates" => list_templates(_, _),
    "templates" => templates(_, _),
    "deleteTemplate" => delete_template(_, _),
    "createPool" => create_pool(_, _),
    "getPool" => get_pool(_, _),
    "listPools" => list_pools(_),
    "updatePool" => update_pool(_, _, _),
    "deletePool" => delete_pool(_, _),
    "close" => close(),
    "asyncDispose" => dispose_async(),
}

impl SandboxManager {
    /// The configuration that it was made with.
    pub fn connection_config(&self) -> JsValue {
        self.transport.config()
    }

    /// One page of sandboxes, newest first.
    pub fn list(&self, filter: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lists::page(&self.transport, Listing::Sandboxes, filter), options)
    }

    /// All sandboxes, page after page, as an async iterable.
    pub fn sandboxes(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        lists::all(&self.transport, Listing::Sandboxes, filter, options)
    }

    /// What the server knows of a sandbox.
    pub fn get(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::get(&self.transport, sandbox_id), options)
    }

    /// Sets and, with `null`, deletes metadata.
    pub fn patch_metadata(&self, sandbox_id: &JsValue, patch: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::patch_metadata(&self.transport, sandbox_id, patch), options)
    }

    /// Ends a sandbox.
    pub fn kill(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::delete(&self.transport, sandbox_id), options)
    }

    /// Stops a sandbox's programs.
    pub fn pause(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::pause(&self.transport, sandbox_id), options)
    }

    /// Lets a sandbox's programs go on.
    pub fn resume(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::resume(&self.transport, sandbox_id), options)
    }

    /// Lets a sandbox live for `timeoutSeconds` from now.
    pub fn renew(&self, sandbox_id: &JsValue, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        let wire = lifecycle::renew(&self.transport, sandbox_id, timeout_seconds, "nothing");
        wire::promised(self.transport.as_ref(), wire, options)
    }

    /// Diagnostics of a sandbox. Nothing is sent.
    pub fn diagnostics(&self, sandbox_id: &JsValue) -> Result<JsValue, Failure> {
        lifecycle::path(&self.transport, sandbox_id, "")?;
        Ok(Diagnostics::new(self.transport.clone(), sandbox_id.clone()).into())
    }

    /// Keeps a sandbox's file system as it is now.
    pub fn create_snapshot(&self, sandbox_id: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        snapshots::create(&self.transport, sandbox_id, request, options)
    }

    /// What the server knows of a snapshot.
    pub fn get_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), snapshots::get(&self.transport, snapshot_id), options)
    }

    /// One page of snapshots.
    pub fn list_snapshots(&self, filter: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lists::page(&self.transport, Listing::Snapshots, filter), options)
    }

    /// All snapshots, page after page, as an async iterable.
    pub fn snapshots(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        lists::all(&self.transport, Listing::Snapshots, filter, options)
    }

    /// Deletes a snapshot.
    pub fn delete_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), snapshots::delete(&self.transport, snapshot_id), options)
    }

    /// Begins to build a template.
    pub fn create_template(&self, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), templates::create(&self.transport, request), options)
    }

    /// What the server knows of a template.
    pub fn get_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), templates::get(&self.transport, template_id), options)
    }

    /// One page of templates.
    pub fn list_templates(&self, filter: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lists::page(&self.transport, Listing::Templates, filter), options)
    }

    /// All templates, page after page, as an async iterable.
    pub fn templates(&self, filter: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        lists::all(&self.transport, Listing::Templates, filter, options)
    }

    /// Deletes a template.
    pub fn delete_template(&self, template_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), templates::delete(&self.transport, template_id), options)
    }

    /// Makes a pool.
    pub fn create_pool(&self, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), pools::create(&self.transport, request), options)
    }

    /// What the server knows of a pool.
    pub fn get_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), pools::get(&self.transport, pool_name), options)
    }

    /// All pools.
    pub fn list_pools(&self, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), Ok(pools::list(&self.transport)), options)
    }

    /// Changes the sizes of a pool.
    pub fn update_pool(&self, pool_name: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), pools::update(&self.transport, pool_name, request), options)
    }

    /// Deletes a pool.
    pub fn delete_pool(&self, pool_name: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), pools::delete(&self.transport, pool_name), options)
    }

    /// Aborts this manager's requests and refuses new ones.
    pub fn close(&self) -> Promise {
        self.transport.close();
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// `await using`: the same as `close()`.
    pub fn dispose_async(&self) -> Promise {
        self.close()
    }
}
