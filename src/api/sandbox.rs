//! `Sandbox`: one sandbox, from creation to its end.

use crate::api::codes::Codes;
use crate::api::commands::Commands;
use crate::api::creation::{self, Made};
use crate::api::decisions::Core;
use crate::api::diagnostics::Diagnostics;
use crate::api::egress::{self, Egress};
use crate::api::files::Files;
use crate::api::health::{ExecdHealth, ExecdMetrics, metrics, ping};
use crate::api::isolation::Isolation;
use crate::api::methods::methods;
use crate::api::pty::Pty;
use crate::api::ready::{self, Readiness};
use crate::api::sandboxes::Sandboxes;
use crate::api::vault::CredentialVault;
use crate::api::wire::{self, Wire};
use crate::api::{capabilities, lifecycle, port, settled, snapshots};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd, Transport};
use crate::host::object;
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

/// What a handle is about.
#[derive(Clone)]
struct Inner {
    id: JsValue,
    execd: Execd,
    policy: js::Policy,
    capabilities: js::Capabilities,
    /// Created by this handle, so that disposing of it ends the sandbox too.
    owned: bool,
    /// The headers of the call that made the handle, for the clean-up.
    for_others: JsValue,
}

impl Inner {
    fn transport(&self) -> Transport {
        self.execd.transport()
    }

    fn send(&self, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
        wire::promised(self.transport().as_ref(), wire, options)
    }
}

/// A running sandbox. Made by `create`, `connect` or `resume`.
#[wasm_bindgen]
pub struct Sandbox {
    inner: Inner,
    /// What hangs on the handle, made when it is first asked for.
    services: Object,
}

impl Core {
    /// A handle to a sandbox that is there. `call`: of what made it, for the clean-up.
    pub fn new_sandbox(&self, execd: &JsValue, id: &JsValue, owned: &JsValue, call: &JsValue) -> JsValue {
        let (execd, id): (Execd, _) = (execd.clone().unchecked_into(), id.clone());
        let policy = js::new_policy(&execd, &id);
        let capabilities = js::new_capabilities(&execd, &policy);
        let inner = Inner { id, execd, policy, capabilities, owned: owned.is_truthy(), for_others: call.clone() };
        Sandbox { inner, services: Object::new() }.into()
    }
}

impl Sandbox {
    #[inline(never)]
    fn service(&self, name: &str, make: fn(&Inner) -> JsValue) -> JsValue {
        if !object::get(&self.services, name).is_undefined() {
            return object::get(&self.services, name);
        }
        let made = make(&self.inner);
        object::set(&self.services, name, &made);
        made
    }

    /// Where a port is, in the given form: see `src/js/endpoints.js`.
    fn endpoint(&self, port: &JsValue, options: &JsValue, as_url: bool) -> Promise {
        let port = args::number("port", port).and_then(rules::port);
        let asked = port.and_then(|port| {
            Ok(js::endpoint_of(&self.inner.execd.endpoints(), port, CallOptions::read(options)?.as_ref(), as_url))
        });
        settled(asked.map_err(Failure::from))
    }
}

#[wasm_bindgen]
impl Sandbox {
    /// Throws: without it `new Sandbox()` would give a dead object.
    #[wasm_bindgen(constructor)]
    pub fn refuse() -> Result<Sandbox, JsValue> {
        const HOW: &str = "Sandbox.create, Sandbox.createFromTemplate, Sandbox.connect or Sandbox.resume";
        Err(Failure::invalid(format!("A Sandbox is made with {HOW}")).into())
    }

    /// Makes a sandbox and waits until its daemon answers.
    pub fn create(options: &JsValue) -> Promise {
        settled(creation::create(options, Made::FromImageOrSnapshot))
    }

    /// Makes a sandbox from a template of the server's.
    #[wasm_bindgen(js_name = createFromTemplate)]
    pub fn create_from_template(options: &JsValue) -> Promise {
        settled(creation::create(options, Made::FromTemplate))
    }

    /// A handle to a sandbox that exists.
    pub fn connect(options: &JsValue) -> Promise {
        settled(creation::connect(options, false))
    }

    /// Resumes a paused sandbox and connects to it. `pkg-template/index.js` gives it its public name, `resume`: a static and
    /// an instance method of one name would be one symbol.
    #[wasm_bindgen(js_name = resumeById)]
    pub fn resume_by_id(options: &JsValue) -> Promise {
        settled(creation::connect(options, true))
    }
}

methods! { Sandbox:
    get "id" => id(),
    get "connectionConfig" => connection_config(),
    get "commands" => commands(),
    get "codes" => codes(),
    get "files" => files(),
    get "health" => health(),
    get "metrics" => metrics(),
    get "egress" => egress(),
    get "credentialVault" => credential_vault(),
    get "isolation" => isolation(),
    "capabilities" => capabilities(_),
    "getEgressPolicy" => get_egress_policy(_),
    "patchEgressRules" => patch_egress_rules(_, _),
    "deleteEgressRules" => delete_egress_rules(_, _),
    get "sandboxes" => sandboxes(),
    get "diagnostics" => diagnostics(),
    get "pty" => pty(),
    "getInfo" => get_info(_),
    "isHealthy" => is_healthy(_),
    "getMetrics" => get_metrics(_),
    "getEndpoint" => get_endpoint(_, _),
    "getSignedEndpoint" => get_signed_endpoint(_, _, _),
    "waitForPort" => wait_for_port(_, _),
    "createSnapshot" => create_snapshot(_, _),
    "getEndpointUrl" => get_endpoint_url(_, _),
    "renew" => renew(_, _),
    "patchMetadata" => patch_metadata(_, _),
    "pause" => pause(_),
    "resume" => resume(_),
    "kill" => kill(_),
    "close" => close(),
    "waitUntilReady" => wait_until_ready(_),
    "asyncDispose" => dispose_async(),
}

impl Sandbox {
    /// The sandbox's id.
    pub fn id(&self) -> JsValue {
        self.inner.id.clone()
    }

    /// The configuration that it was made with.
    pub fn connection_config(&self) -> JsValue {
        self.inner.transport().config()
    }

    /// Programs and shell sessions.
    pub fn commands(&self) -> JsValue {
        self.service("commands", |inner| Commands::new(inner.execd.clone()).into())
    }

    /// Code in contexts that keep their state.
    pub fn codes(&self) -> JsValue {
        self.service("codes", |inner| Codes::new(inner.execd.clone()).into())
    }

    /// Files and directories.
    pub fn files(&self) -> JsValue {
        self.service("files", |inner| Files::new(inner.execd.clone()).into())
    }

    /// Liveness of the daemon.
    pub fn health(&self) -> JsValue {
        self.service("health", |inner| ExecdHealth::new(inner.execd.clone()).into())
    }

    /// Usage of the sandbox's machine.
    pub fn metrics(&self) -> JsValue {
        self.service("metrics", |inner| ExecdMetrics::new(inner.execd.clone()).into())
    }

    /// Rules for outgoing traffic.
    pub fn egress(&self) -> JsValue {
        self.service("egress", |inner| Egress::new(inner.policy.clone()).into())
    }

    /// Credentials that the egress proxy puts into requests.
    pub fn credential_vault(&self) -> JsValue {
        self.service("vault", |inner| CredentialVault::new(&inner.execd).into())
    }

    /// Sessions that are walled off from the rest of the sandbox.
    pub fn isolation(&self) -> JsValue {
        self.service("isolation", |inner| Isolation::new(inner.execd.clone()).into())
    }

    /// What this sandbox and its server can do. Asked once, unless `refresh` says otherwise.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        capabilities::get(&self.inner.capabilities, options)
    }

    /// The current rules for outgoing traffic.
    pub fn get_egress_policy(&self, options: &JsValue) -> Promise {
        egress::get(&self.inner.policy, options)
    }

    /// Adds rules before those that are there.
    pub fn patch_egress_rules(&self, rules: &JsValue, options: &JsValue) -> Promise {
        egress::patch(&self.inner.policy, rules, options)
    }

    /// Takes the rules for these targets away.
    pub fn delete_egress_rules(&self, targets: &JsValue, options: &JsValue) -> Promise {
        egress::delete(&self.inner.policy, targets, options)
    }

    /// The lifecycle API, for any sandbox.
    pub fn sandboxes(&self) -> JsValue {
        self.service("sandboxes", |inner| Sandboxes::new(inner.transport(), inner.execd.endpoints()).into())
    }

    /// What the server can tell of it when something is wrong.
    pub fn diagnostics(&self) -> JsValue {
        self.service("diagnostics", |inner| Diagnostics::new(inner.transport(), inner.id.clone()).into())
    }

    /// Terminals.
    pub fn pty(&self) -> JsValue {
        self.service("pty", |inner| Pty::new(inner.execd.clone()).into())
    }

    /// What the lifecycle server knows of it.
    pub fn get_info(&self, options: &JsValue) -> Promise {
        self.inner.send(lifecycle::get(&self.inner.transport(), &self.inner.id), options)
    }

    /// Whether the daemon answers. Never rejects for a sandbox that does not.
    pub fn is_healthy(&self, options: &JsValue) -> Promise {
        wire::promised(self.inner.execd.as_ref(), Ok(ping().outcome("whether")), options)
    }

    /// One sample of CPU and memory.
    pub fn get_metrics(&self, options: &JsValue) -> Promise {
        wire::promised(self.inner.execd.as_ref(), Ok(metrics()), options)
    }

    /// Where a port of the sandbox is reached: `{endpoint, headers}`.
    pub fn get_endpoint(&self, port: &JsValue, options: &JsValue) -> Promise {
        self.endpoint(port, options, false)
    }

    /// Where a port is reached with a signature in the address, good until `expires`.
    pub fn get_signed_endpoint(&self, port: &JsValue, expires: &JsValue, options: &JsValue) -> Promise {
        let port = args::number("port", port).and_then(rules::port);
        let wire = lifecycle::signed_endpoint(&self.inner.transport(), &self.inner.id, port, expires);
        self.inner.send(wire, options)
    }

    /// Waits until something answers at a port.
    pub fn wait_for_port(&self, port: &JsValue, options: &JsValue) -> Promise {
        let port = args::number("port", port).and_then(rules::port);
        let waiting = port::Waiting::read(options);
        settled(port.and_then(|port| Ok(port::wait(&self.inner.execd, port, waiting?))).map_err(Failure::from))
    }

    /// Keeps its file system as it is now.
    pub fn create_snapshot(&self, request: &JsValue, options: &JsValue) -> Promise {
        snapshots::create(&self.inner.transport(), &self.inner.id, request, options)
    }

    /// The URL of a port.
    pub fn get_endpoint_url(&self, port: &JsValue, options: &JsValue) -> Promise {
        self.endpoint(port, options, true)
    }

    /// Lets the sandbox live for `timeoutSeconds` from now, which may be shorter than before.
    pub fn renew(&self, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        self.inner.send(lifecycle::renew(&self.inner.transport(), &self.inner.id, timeout_seconds, "expiring"), options)
    }

    /// Sets and, with `null`, deletes metadata.
    pub fn patch_metadata(&self, patch: &JsValue, options: &JsValue) -> Promise {
        self.inner.send(lifecycle::patch_metadata(&self.inner.transport(), &self.inner.id, patch), options)
    }

    /// Stops all its programs until it is resumed. Its expiry is not stopped.
    pub fn pause(&self, options: &JsValue) -> Promise {
        self.inner.execd.endpoints().forget_all();
        self.inner.send(lifecycle::pause(&self.inner.transport(), &self.inner.id), options)
    }

    /// Resumes it. Gives a new handle with fresh endpoints; this one keeps working where they have not moved.
    pub fn resume(&self, options: &JsValue) -> Promise {
        settled(creation::resume(&self.inner.execd, options))
    }

    /// Ends the sandbox. Everything in it is gone.
    pub fn kill(&self, options: &JsValue) -> Promise {
        self.inner.execd.endpoints().forget_all();
        self.inner.send(lifecycle::delete(&self.inner.transport(), &self.inner.id), options)
    }

    /// Lets go of the sandbox, which lives on: aborts this handle's requests and refuses new ones.
    pub fn close(&self) -> Promise {
        self.inner.transport().close();
        Promise::resolve(&JsValue::UNDEFINED)
    }

    /// Polls a health check until it says yes or the limit is reached.
    pub fn wait_until_ready(&self, options: &JsValue) -> Promise {
        // A custom check is given a handle of its own to the same sandbox: `this` cannot be had here.
        let twin = Self { inner: self.inner.clone(), services: self.services.clone() };
        let begin = || -> Result<_, Error> {
            let options = Options::new("options", options)?;
            let call = CallOptions::among(&options)?;
            Ok(ready::wait(&self.inner.execd, &twin.into(), Readiness::read(&options)?, &call))
        };
        settled(begin().map_err(Failure::from))
    }

    /// `await using`: ends a sandbox that this handle created, lets go of one that it connected to.
    pub fn dispose_async(&self) -> Promise {
        if !self.inner.owned {
            return self.close();
        }
        // It may be gone already: expired, or killed by hand.
        let transport = self.inner.transport();
        let wire = lifecycle::delete(&transport, &self.inner.id).map(|wire| wire.outcome("gone"));
        settled(wire.map(|wire| js::ask_and_close(&transport, wire.as_ref(), &self.inner.for_others)))
    }
}
