//! `sandbox.sandboxes`: the lifecycle API as the official SDK has it, for any sandbox by its id.

use crate::api::lists::{self, Listing};
use crate::api::methods::methods;
use crate::api::wire;
use crate::api::{create, creation, lifecycle, settled, snapshots};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{Endpoints, Transport};
use crate::host::object;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// The lifecycle API.
#[wasm_bindgen]
pub struct Sandboxes {
    transport: Transport,
    /// Those of the sandbox that this belongs to.
    endpoints: Endpoints,
}

impl Sandboxes {
    /// For the server of one sandbox.
    pub fn new(transport: Transport, endpoints: Endpoints) -> Self {
        Self { transport, endpoints }
    }
}

/// When a sandbox is to end: a time that has a zone, so that no server reads it in its own.
fn moment(request: &JsValue) -> Result<JsValue, Error> {
    let request = Options::required("request", request)?;
    let at = request.filled("expiresAt")?;
    if js_sys::Date::parse(&at).is_nan() {
        return Err(Error::invalid("expiresAt must be a time as Date.toISOString writes it".into()));
    }
    Ok(at.into())
}

methods! { Sandboxes:
    "createSandbox" => create(_, _),
    "getSandbox" => get(_, _),
    "listSandboxes" => list(_, _),
    "patchSandboxMetadata" => patch_metadata(_, _, _),
    "deleteSandbox" => delete(_, _),
    "pauseSandbox" => pause(_, _),
    "resumeSandbox" => resume(_, _),
    "renewSandboxExpiration" => renew(_, _, _),
    "createSnapshot" => create_snapshot(_, _, _),
    "getSnapshot" => get_snapshot(_, _),
    "listSnapshots" => list_snapshots(_, _),
    "deleteSnapshot" => delete_snapshot(_, _),
    "getSandboxEndpoint" => get_endpoint(_, _, _, _),
    "getSignedEndpoint" => get_signed_endpoint(_, _, _, _),
    "invalidateEndpointCache" => invalidate(_),
}

impl Sandboxes {
    /// Makes a sandbox; does not wait until it is ready.
    pub fn create(&self, request: &JsValue, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let call = CallOptions::read(options)?;
            let body = create::request(&Options::required("request", request)?)?;
            let seconds = object::get(call.as_ref(), "timeoutSeconds").as_f64().unwrap_or(creation::TIMEOUT_SECONDS);
            creation::send(&self.transport, &body, ("requestTimeoutSeconds", seconds), &call)
        };
        settled(begin())
    }

    /// What the server knows of a sandbox.
    pub fn get(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::get(&self.transport, sandbox_id), options)
    }

    /// One page of sandboxes.
    pub fn list(&self, params: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lists::page(&self.transport, Listing::Sandboxes, params), options)
    }

    /// Sets and, with `null`, deletes metadata.
    pub fn patch_metadata(&self, sandbox_id: &JsValue, patch: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lifecycle::patch_metadata(&self.transport, sandbox_id, patch), options)
    }

    /// Ends a sandbox.
    pub fn delete(&self, sandbox_id: &JsValue, options: &JsValue) -> Promise {
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

    /// Moves the time at which a sandbox ends.
    pub fn renew(&self, sandbox_id: &JsValue, request: &JsValue, options: &JsValue) -> Promise {
        let wire = moment(request)
            .map_err(Failure::from)
            .and_then(|at| lifecycle::renew_until(&self.transport, sandbox_id, at, "expiring"));
        wire::promised(self.transport.as_ref(), wire, options)
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
    pub fn list_snapshots(&self, params: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), lists::page(&self.transport, Listing::Snapshots, params), options)
    }

    /// Deletes a snapshot.
    pub fn delete_snapshot(&self, snapshot_id: &JsValue, options: &JsValue) -> Promise {
        wire::promised(self.transport.as_ref(), snapshots::delete(&self.transport, snapshot_id), options)
    }

    /// Where a port is reached. Asked anew each time.
    pub fn get_endpoint(
        &self,
        sandbox_id: &JsValue,
        port: &JsValue,
        use_server_proxy: &JsValue,
        options: &JsValue,
    ) -> Promise {
        let port = args::number("port", port).and_then(rules::port);
        let proxy = if object::absent(use_server_proxy) {
            Ok(false)
        } else {
            args::boolean("useServerProxy", use_server_proxy)
        };
        let wire = proxy
            .map_err(Failure::from)
            .and_then(|proxy| lifecycle::endpoint(&self.transport, sandbox_id, port, proxy));
        wire::promised(self.transport.as_ref(), wire, options)
    }

    /// Where a port is reached with a signature in the address, good until `expires`.
    pub fn get_signed_endpoint(
        &self,
        sandbox_id: &JsValue,
        port: &JsValue,
        expires: &JsValue,
        options: &JsValue,
    ) -> Promise {
        let port = args::number("port", port).and_then(rules::port);
        let wire = lifecycle::signed_endpoint(&self.transport, sandbox_id, port, expires);
        wire::promised(self.transport.as_ref(), wire, options)
    }

    /// Forgets where the ports are, if the id is that of the sandbox that this belongs to: nothing else is remembered.
    pub fn invalidate(&self, sandbox_id: &JsValue) -> Result<JsValue, Failure> {
        let id = args::filled("sandboxId", sandbox_id)?;
        if self.endpoints.sandbox_id() == *id {
            self.endpoints.forget_all();
        }
        Ok(JsValue::UNDEFINED)
    }
}
