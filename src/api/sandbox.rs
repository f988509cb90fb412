//! `Sandbox`: one sandbox, from creation to its end.

use crate::api::capabilities::{Capabilities, Wanted};
use crate::api::commands::Commands;
use crate::api::egress::{self, Egress, Policy};
use crate::api::endpoints::Endpoints;
use crate::api::execd::{Execd, PORT};
use crate::api::files::Files;
use crate::api::health::{ExecdHealth, ExecdMetrics, metrics, ping};
use crate::api::isolation::Isolation;
use crate::api::ready::{self, Readiness};
use crate::api::vault::CredentialVault;
use crate::api::{create, lifecycle, promise};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options, Patience};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Object, Promise};
use std::cell::OnceCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The server may pull an image before it answers: minutes, not the 30 s of an ordinary request.
const CREATE_TIMEOUT_SECONDS: f64 = 300.0;
struct Inner {
    id: String,
    execd: Execd,
    policy: Rc<Policy>,
    capabilities: Rc<Capabilities>,
    /// Created by this handle, so that disposing of it ends the sandbox too.
    owned: bool,
    /// The headers of the call that made the handle, for the clean-up.
    for_others: CallOptions,
}

impl Inner {
    fn transport(&self) -> &Transport {
        &self.execd.transport
    }
}

/// A running sandbox. Made by `create`, `connect` or `resume`.
#[wasm_bindgen]
pub struct Sandbox {
    inner: Rc<Inner>,
    // Here and not in `Inner`: the services hold what `Inner` holds, and a cycle would never be freed.
    commands: OnceCell<JsValue>,
    files: OnceCell<JsValue>,
    health: OnceCell<JsValue>,
    metrics: OnceCell<JsValue>,
    egress: OnceCell<JsValue>,
    vault: OnceCell<JsValue>,
    isolation: OnceCell<JsValue>,
}

impl Sandbox {
    fn new(transport: Rc<Transport>, id: String, owned: bool, for_others: CallOptions) -> Self {
        let endpoints = Rc::new(Endpoints::new(Rc::clone(&transport), id.clone()));
        let execd = Execd::new(transport, endpoints);
        let policy = Rc::new(Policy::new(&execd, id.clone()));
        let capabilities = Rc::new(Capabilities::new(execd.clone(), Rc::clone(&policy)));
        let inner = Rc::new(Inner { id, execd, policy, capabilities, owned, for_others });
        Self {
            inner,
            commands: OnceCell::new(),
            files: OnceCell::new(),
            health: OnceCell::new(),
            metrics: OnceCell::new(),
            egress: OnceCell::new(),
            vault: OnceCell::new(),
            isolation: OnceCell::new(),
        }
    }

    /// Looks the daemon up and waits for it; gives the JavaScript object.
    async fn opened(
        transport: Rc<Transport>,
        id: String,
        owned: bool,
        readiness: &Readiness,
        call: &CallOptions,
    ) -> Result<JsValue, Failure> {
        let sandbox = Self::new(transport, id, owned, call.for_others());
        let inner = Rc::clone(&sandbox.inner);
        let sandbox = JsValue::from(sandbox);
        inner.execd.endpoints.get(PORT, call).await?;
        if !readiness.skip {
            ready::wait(&inner.execd, &sandbox, readiness, call).await?;
        }
        Ok(sandbox)
    }
}

async fn create_sandbox(options: Result<Options, Error>) -> Result<JsValue, Failure> {
    let options = options?;
    let body = create::body(&options)?;
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let limit_ms = options.seconds("createTimeoutSeconds")?.unwrap_or(CREATE_TIMEOUT_SECONDS) * 1000.0;
    let transport = Rc::new(Transport::of(&options)?);
    let id = created_id(&transport, body, limit_ms, &call).await?;
    match Sandbox::opened(Rc::clone(&transport), id.clone(), true, &readiness, &call).await {
        Ok(sandbox) => Ok(sandbox),
        Err(first) => {
            // Nobody else knows of it. A transport of its own, in case that a health check has closed the sandbox.
            let cleaner = Transport::new(&transport.config)?;
            transport.close();
            let cleaning = promise(async move {
                // The caller learns the first error, not one of the cleaning up.
                let _ = lifecycle::delete(&cleaner, &id, &call.for_others()).await;
                Ok(JsValue::UNDEFINED)
            });
            if !matches!(first, Failure::Typed(Error::Aborted, _)) {
                let _ = JsFuture::from(cleaning).await;
            }
            Err(first)
        }
    }
}

/// Sends the create request. Left early, by an abort or the limit, the request goes on unheard, and the sandbox that it
/// may yet make is deleted: cutting it off would leave one that nobody knows of.
async fn created_id(
    transport: &Rc<Transport>,
    body: Object,
    limit_ms: f64,
    call: &CallOptions,
) -> Result<String, Failure> {
    transport.check(call)?;
    let limit_ms = if limit_ms > 0.0 { limit_ms } else { f64::INFINITY };
    // What is under way goes on after the caller has left. It is not begun again then.
    let patience = Some(Patience { signal: call.signal.clone(), until: time::now() + limit_ms });
    let unlimited = CallOptions { timeout_seconds: Some(0.0), patience, ..call.for_others() };
    let sender = Rc::clone(transport);
    let creating = promise(async move { lifecycle::create(&sender, &body, &unlimited).await });
    let created = time::within(&creating, limit_ms, &transport.bare_signals(call)).await.map_err(Failure::Thrown)?;
    if !created.is_undefined() {
        let id = object::text(&created, "id").filter(|id| !id.is_empty());
        return Ok(id.ok_or_else(|| Error::UnexpectedResponse("Create sandbox failed: the answer has no id".into()))?);
    }
    let (left, for_others) = (Rc::clone(transport), call.for_others());
    let _ = promise(async move {
        if let Some(id) = JsFuture::from(creating).await.ok().and_then(|created| object::text(&created, "id")) {
            let _ = lifecycle::delete(&left, &id, &for_others).await;
        }
        Ok(JsValue::UNDEFINED)
    });
    transport.check(call)?;
    Err(Error::Timeout(format!(
        "Create sandbox failed: no answer within {} ms (createTimeoutSeconds)",
        rules::short(limit_ms)
    ))
    .into())
}

async fn connect_sandbox(options: Result<Options, Error>, resume: bool) -> Result<JsValue, Failure> {
    let options = options?;
    let id = args::filled("sandboxId", &options.raw("sandboxId"))?;
    rules::segment("sandboxId", &id)?;
    let readiness = Readiness::read(&options)?;
    let call = CallOptions::among(&options)?;
    let transport = Rc::new(Transport::of(&options)?);
    if resume {
        lifecycle::resume(&transport, &id, &call).await?;
    }
    let opened = Sandbox::opened(Rc::clone(&transport), id, false, &readiness, &call).await;
    if opened.is_err() {
        transport.close();
    }
    opened
}

#[wasm_bindgen]
impl Sandbox {
    /// Throws: without it `new Sandbox()` would give a dead object.
    #[wasm_bindgen(constructor)]
    pub fn refuse() -> Result<Sandbox, JsValue> {
        Err(Failure::invalid("A Sandbox is made with Sandbox.create, Sandbox.connect or Sandbox.resume").into())
    }

    /// Makes a sandbox and waits until its daemon answers.
    pub fn create(options: &JsValue) -> Promise {
        promise(create_sandbox(Options::required("options", options)))
    }

    /// A handle to a sandbox that exists.
    pub fn connect(options: &JsValue) -> Promise {
        promise(connect_sandbox(Options::required("options", options), false))
    }

    /// Resumes a paused sandbox and connects to it. `pkg-template/index.js` gives it its public name, `resume`: a static and
    /// an instance method of one name would be one symbol.
    #[wasm_bindgen(js_name = resumeById)]
    pub fn resume_by_id(options: &JsValue) -> Promise {
        promise(connect_sandbox(Options::required("options", options), true))
    }

    /// The sandbox's id.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> String {
        self.inner.id.clone()
    }

    /// The configuration that it was made with.
    #[wasm_bindgen(getter, js_name = connectionConfig)]
    pub fn connection_config(&self) -> JsValue {
        self.inner.transport().config.clone()
    }

    /// Programs and shell sessions.
    #[wasm_bindgen(getter)]
    pub fn commands(&self) -> JsValue {
        self.commands.get_or_init(|| Commands::new(self.inner.execd.clone()).into()).clone()
    }

    /// Files and directories.
    #[wasm_bindgen(getter)]
    pub fn files(&self) -> JsValue {
        self.files.get_or_init(|| Files::new(self.inner.execd.clone()).into()).clone()
    }

    /// Liveness of the daemon.
    #[wasm_bindgen(getter)]
    pub fn health(&self) -> JsValue {
        self.health.get_or_init(|| ExecdHealth::new(self.inner.execd.clone()).into()).clone()
    }

    /// Usage of the sandbox's machine.
    #[wasm_bindgen(getter)]
    pub fn metrics(&self) -> JsValue {
        self.metrics.get_or_init(|| ExecdMetrics::new(self.inner.execd.clone()).into()).clone()
    }

    /// Rules for outgoing traffic.
    #[wasm_bindgen(getter)]
    pub fn egress(&self) -> JsValue {
        self.egress.get_or_init(|| Egress::new(Rc::clone(&self.inner.policy)).into()).clone()
    }

    /// Credentials that the egress proxy puts into requests.
    #[wasm_bindgen(getter, js_name = credentialVault)]
    pub fn credential_vault(&self) -> JsValue {
        self.vault.get_or_init(|| CredentialVault::new(&self.inner.execd).into()).clone()
    }

    /// Sessions that are walled off from the rest of the sandbox.
    #[wasm_bindgen(getter)]
    pub fn isolation(&self) -> JsValue {
        self.isolation.get_or_init(|| Isolation::new(self.inner.execd.clone()).into()).clone()
    }

    /// What this sandbox and its server can do. Asked once, unless `refresh` says otherwise.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        let (capabilities, wanted) = (Rc::clone(&self.inner.capabilities), Wanted::read(options));
        promise(async move { capabilities.get(&wanted?).await })
    }

    /// The current rules for outgoing traffic.
    #[wasm_bindgen(js_name = getEgressPolicy)]
    pub fn get_egress_policy(&self, options: &JsValue) -> Promise {
        egress::get(&self.inner.policy, options)
    }

    /// Adds rules before those that are there.
    #[wasm_bindgen(js_name = patchEgressRules)]
    pub fn patch_egress_rules(&self, rules: &JsValue, options: &JsValue) -> Promise {
        egress::patch(&self.inner.policy, rules, options)
    }

    /// Takes the rules for these targets away.
    #[wasm_bindgen(js_name = deleteEgressRules)]
    pub fn delete_egress_rules(&self, targets: &JsValue, options: &JsValue) -> Promise {
        egress::delete(&self.inner.policy, targets, options)
    }

    /// What the lifecycle server knows of it.
    #[wasm_bindgen(js_name = getInfo)]
    pub fn get_info(&self, options: &JsValue) -> Promise {
        let (inner, call) = (Rc::clone(&self.inner), CallOptions::read(options));
        promise(async move { lifecycle::get(inner.transport(), &inner.id, &call?).await })
    }

    /// Whether the daemon answers. Never rejects for a sandbox that does not.
    #[wasm_bindgen(js_name = isHealthy)]
    pub fn is_healthy(&self, options: &JsValue) -> Promise {
        let (inner, call) = (Rc::clone(&self.inner), CallOptions::read(options));
        promise(async move { Ok(ping(&inner.execd, &call?).await.is_ok()) })
    }

    /// One sample of CPU and memory.
    #[wasm_bindgen(js_name = getMetrics)]
    pub fn get_metrics(&self, options: &JsValue) -> Promise {
        let (inner, call) = (Rc::clone(&self.inner), CallOptions::read(options));
        promise(async move { metrics(&inner.execd, &call?).await })
    }

    /// Where a port of the sandbox is reached: `{endpoint, headers}`.
    #[wasm_bindgen(js_name = getEndpoint)]
    pub fn get_endpoint(&self, port: &JsValue, options: &JsValue) -> Promise {
        let (inner, port, call) =
            (Rc::clone(&self.inner), args::number("port", port).and_then(rules::port), CallOptions::read(options));
        promise(async move {
            let endpoint = inner.execd.endpoints.get(port?, &call?).await?;
            // A copy: what the caller does to it must not change where our own requests go.
            let copy = Object::assign(&Object::new(), &endpoint.raw);
            object::set(
                &copy,
                "headers",
                Object::assign(&Object::new(), &object::get(&endpoint.raw, "headers").unchecked_into()),
            );
            Ok(copy)
        })
    }

    /// The URL of a port.
    #[wasm_bindgen(js_name = getEndpointUrl)]
    pub fn get_endpoint_url(&self, port: &JsValue, options: &JsValue) -> Promise {
        let (inner, port, call) =
            (Rc::clone(&self.inner), args::number("port", port).and_then(rules::port), CallOptions::read(options));
        promise(async move { Ok(inner.execd.endpoints.get(port?, &call?).await?.base) })
    }

    /// Lets the sandbox live for `timeoutSeconds` from now, which may be shorter than before.
    pub fn renew(&self, timeout_seconds: &JsValue, options: &JsValue) -> Promise {
        let (inner, seconds, call) =
            (Rc::clone(&self.inner), args::number("timeoutSeconds", timeout_seconds), CallOptions::read(options));
        promise(async move { lifecycle::renew(inner.transport(), &inner.id, seconds?, &call?).await })
    }

    /// Sets and, with `null`, deletes metadata.
    #[wasm_bindgen(js_name = patchMetadata)]
    pub fn patch_metadata(&self, patch: &JsValue, options: &JsValue) -> Promise {
        let (inner, patch, call) = (
            Rc::clone(&self.inner),
            Options::required("patch", patch).map(|_| patch.clone()),
            CallOptions::read(options),
        );
        promise(
            async move { lifecycle::patch_metadata(inner.transport(), &inner.id, patch?.unchecked_ref(), &call?).await },
        )
    }

    /// Stops all its programs until it is resumed. Its expiry is not stopped.
    pub fn pause(&self, options: &JsValue) -> Promise {
        let (inner, call) = (Rc::clone(&self.inner), CallOptions::read(options));
        promise(async move {
            inner.execd.endpoints.forget_all();
            lifecycle::pause(inner.transport(), &inner.id, &call?).await.map(|()| JsValue::UNDEFINED)
        })
    }

    /// Resumes it. Gives a new handle with fresh endpoints; this one keeps working where they have not moved.
    pub fn resume(&self, options: &JsValue) -> Promise {
        let (inner, options) = (Rc::clone(&self.inner), Options::new("options", options));
        promise(async move {
            let options = options?;
            let call = CallOptions::among(&options)?;
            let readiness = Readiness::read(&options)?;
            lifecycle::resume(inner.transport(), &inner.id, &call).await?;
            inner.execd.endpoints.forget_all();
            let transport = Rc::new(Transport::new(&inner.transport().config)?);
            // Not its own: the handle that made it still is there.
            Self::opened(transport, inner.id.clone(), false, &readiness, &call).await
        })
    }

    /// Ends the sandbox. Everything in it is gone.
    pub fn kill(&self, options: &JsValue) -> Promise {
        let (inner, call) = (Rc::clone(&self.inner), CallOptions::read(options));
        promise(async move {
            inner.execd.endpoints.forget_all();
            lifecycle::delete(inner.transport(), &inner.id, &call?).await.map(|()| JsValue::UNDEFINED)
        })
    }

    /// Lets go of the sandbox, which lives on: aborts this handle's requests and refuses new ones.
    pub fn close(&self) -> Promise {
        self.inner.transport().close();
        promise(async { Ok(JsValue::UNDEFINED) })
    }

    /// Polls a health check until it says yes or the limit is reached.
    #[wasm_bindgen(js_name = waitUntilReady)]
    pub fn wait_until_ready(&self, options: &JsValue) -> Promise {
        // A custom check is given a handle of its own to the same sandbox: `this` cannot be had here.
        let twin = Self {
            inner: Rc::clone(&self.inner),
            commands: self.commands.clone(),
            files: self.files.clone(),
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            egress: self.egress.clone(),
            vault: self.vault.clone(),
            isolation: self.isolation.clone(),
        };
        let (inner, options) = (Rc::clone(&self.inner), Options::new("options", options));
        promise(async move {
            let options = options?;
            let call = CallOptions::among(&options)?;
            ready::wait(&inner.execd, &JsValue::from(twin), &Readiness::read(&options)?, &call)
                .await
                .map(|()| JsValue::UNDEFINED)
        })
    }

    /// `await using`: ends a sandbox that this handle created, lets go of one that it connected to.
    #[wasm_bindgen(js_name = "[Symbol.asyncDispose]")]
    pub fn dispose_async(&self) -> Promise {
        let inner = Rc::clone(&self.inner);
        promise(async move {
            let killed = if inner.owned {
                lifecycle::delete(inner.transport(), &inner.id, &inner.for_others).await
            } else {
                Ok(())
            };
            inner.transport().close();
            match killed {
                // Gone already: expired, or killed by hand.
                Err(failure) if failure.status() == Some(404) => Ok(JsValue::UNDEFINED),
                other => other.map(|()| JsValue::UNDEFINED),
            }
        })
    }
}
