//! `sandbox.capabilities()`: what this sandbox and its server can do, found out with a few small requests that change
//! nothing.

use crate::api::commands::command_plan;
use crate::api::egress::Policy;
use crate::api::execd::{Call, Execd};
use crate::api::{isolation, lifecycle, promise, run, sidecar};
use crate::core::error::Error;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::{object, time};
use js_sys::{Array, Object, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Where the official code interpreter image has its Jupyter.
const JUPYTER_PORT: u16 = 44771;
/// Lists the kernels that are installed.
const LIST_KERNELS: &str = "jupyter kernelspec list --json 2>/dev/null";
const KERNELS_SECONDS: f64 = 20.0;

/// What is asked for.
pub struct Wanted {
    refresh: bool,
    languages: bool,
    call: CallOptions,
}

impl Wanted {
    /// From `{refresh, probeLanguages}` and call options, or a bare signal.
    pub fn read(options: &JsValue) -> Result<Self, Error> {
        let call = CallOptions::read(options)?;
        let options = Options::new("options", options)?;
        Ok(Self {
            refresh: options.boolean("refresh")?.unwrap_or(false),
            languages: options.boolean("probeLanguages")?.unwrap_or(false),
            call,
        })
    }
}

/// What is known of one sandbox.
pub struct Capabilities {
    execd: Execd,
    policy: Rc<Policy>,
    /// The findings as JSON, so that each caller gets an object of its own; and whether languages were asked for.
    known: RefCell<Option<(bool, Promise)>>,
}

impl Capabilities {
    /// Knows nothing yet.
    pub fn new(execd: Execd, policy: Rc<Policy>) -> Self {
        Self { execd, policy, known: RefCell::default() }
    }

    /// What was found, now or before. Those who ask at the same time share the requests, each with its own signal.
    pub async fn get(self: Rc<Self>, wanted: &Wanted) -> Result<JsValue, Failure> {
        let transport = &self.execd.transport;
        transport.check(&wanted.call)?;
        let known =
            self.known.borrow().clone().filter(|(languages, _)| !wanted.refresh && *languages >= wanted.languages);
        let promise = known.map_or_else(|| self.find_out(wanted), |(_, promise)| promise);
        let signals = transport.bare_signals(&wanted.call);
        let found = time::within(&promise, f64::INFINITY, &signals).await.map_err(Failure::Thrown)?;
        transport.check(&wanted.call)?;
        Ok(found.as_string().and_then(|json| object::parse(&json)).unwrap_or_default())
    }

    fn find_out(self: &Rc<Self>, wanted: &Wanted) -> Promise {
        let (this, languages) = (Rc::clone(self), wanted.languages);
        let call = CallOptions { signal: None, ..wanted.call.clone() };
        let promise = promise(async move {
            let found = this.all(languages, call).await;
            if found.is_err() {
                *this.known.borrow_mut() = None;
            }
            object::stringify(&found?.into()).map_err(Failure::Thrown)
        });
        *self.known.borrow_mut() = Some((languages, promise.clone()));
        promise
    }

    /// All questions at once.
    async fn all(&self, languages: bool, call: CallOptions) -> Result<Object, Failure> {
        let (execd, policy, call) = (&self.execd, &self.policy, Rc::new(call));
        let questions = Array::new();
        let with = || (execd.clone(), Rc::clone(&call));
        let (each, options) = with();
        questions.push(&promise(async move { contexts(&each, &options).await }));
        let (each, options) = with();
        questions.push(&promise(async move { jupyter(&each, &options).await }));
        let (each, options) = with();
        questions.push(&promise(async move { pty(&each, &options).await }));
        let (each, options) = with();
        questions.push(&promise(async move { isolation::capabilities(&each, &options).await }));
        let (policy, options) = (Rc::clone(policy), Rc::clone(&call));
        questions.push(&promise(async move { answers(policy.get(&options).await.map(|_| ())) }));
        let (each, options) = with();
        questions.push(&promise(async move { vault(&each, &options).await }));
        let (each, options) = with();
        questions.push(&promise(async move { Ok(lifecycle::version(&each.transport, &options).await.ok().flatten()) }));
        if languages {
            let (each, options) = with();
            questions.push(&promise(async move { kernels(each, &options).await }));
        }
        let answers = JsFuture::from(Promise::all(&questions)).await.map_err(Failure::Thrown)?;
        Ok(summary(answers.unchecked_ref()))
    }
}

fn summary(answers: &Array) -> Object {
    let [contexts, jupyter, pty, isolation, egress, vault, version, kernels] =
        [0, 1, 2, 3, 4, 5, 6, 7].map(|index| answers.get(index));
    let found = Object::new();
    let in_use = contexts.dyn_ref::<Array>().filter(|list| list.length() > 0);
    let installed = kernels.dyn_ref::<Array>();
    // Without a context and without Jupyter at its usual port, code may run all the same: it can be elsewhere.
    let interpreter: JsValue = if in_use.is_some() || jupyter.is_truthy() {
        true.into()
    } else if contexts.is_null() || installed.is_some_and(|list| list.length() == 0) {
        false.into()
    } else {
        "unknown".into()
    };
    object::set(&found, "interpreter", interpreter);
    let languages = installed.or(in_use).map_or_else(|| JsValue::from("unknown"), JsValue::from);
    object::set(&found, "languages", languages);
    object::set(&found, "pty", pty);
    object::set(&found, "isolation", object::get(&isolation, "available"));
    object::set(&found, "egress", egress);
    object::set(&found, "vault", vault);
    let versions = Object::new();
    object::set_some(&versions, "server", version.as_string());
    object::set(&found, "versions", versions);
    found
}

fn get<'a>(path: &'a str, what: &'static str) -> Call<'a> {
    Call { method: "GET", path, query: &[], what }
}

/// The languages of the code contexts; `null` where execd cannot run code.
async fn contexts(execd: &Execd, call: &CallOptions) -> Result<JsValue, Failure> {
    match execd.send(get("/code/contexts", "List code contexts failed"), None, call).await {
        Ok(answer) => {
            let names = answer.array().await?.iter().filter_map(|context| object::text(&context, "language")).collect();
            Ok(sorted(names).into())
        }
        Err(failure) if absent(&failure) => Ok(JsValue::NULL),
        Err(failure) => Err(failure),
    }
}

fn sorted(mut names: Vec<String>) -> Array {
    names.sort();
    names.dedup();
    object::array(names.into_iter().map(JsValue::from))
}

/// Whether Jupyter answers where it usually is. `GET /api` tells its version and asks for no token.
async fn jupyter(execd: &Execd, call: &CallOptions) -> Result<bool, Failure> {
    let asked = execd.at_port(JUPYTER_PORT).send(get("/api", "Ask Jupyter failed"), None, call).await;
    match asked {
        Ok(answer) => Ok(answer.object().await.is_ok_and(|api| object::get(&api, "version").is_string())),
        Err(failure) => answers(Err(failure)),
    }
}

/// A terminal that does not exist is not found by an execd that has terminals; others do not know the route.
async fn pty(execd: &Execd, call: &CallOptions) -> Result<bool, Failure> {
    match execd.send(get("/pty/capability-probe", "Ask for terminals failed"), None, call).await {
        Ok(answer) => answer.done().await.map(|()| true),
        Err(failure) if absent(&failure) => Ok(false),
        Err(failure) if failure.status() == Some(404) => Ok(true),
        Err(failure) => Err(failure),
    }
}

/// Whether the vault takes changes. It looks at the body of one only after all else that could stand in the way: a text
/// is no change, so it refuses it and nothing has changed.
async fn vault(execd: &Execd, call: &CallOptions) -> Result<bool, Failure> {
    let call_to = Call { method: "PATCH", path: "/credential-vault", query: &[], what: "Ask for the vault failed" };
    match sidecar::send(&sidecar::of(execd), call_to, Some(&"capability probe".into()), call).await {
        Err(failure) if matches!(failure.status(), Some(400 | 409 | 422)) => Ok(true),
        // A server that looks first whether there is a vault.
        Err(Failure::Typed(error, _)) if error.code() == "VAULT_NOT_FOUND" => Ok(true),
        other => answers(other.map(|_| ())),
    }
}

/// The languages of the installed kernels; `null` where Jupyter's own program does not tell.
async fn kernels(execd: Execd, call: &CallOptions) -> Result<JsValue, Failure> {
    let options = Object::new();
    object::set(&options, "timeoutSeconds", KERNELS_SECONDS);
    let plan = run::Plan { call: call.clone(), ..command_plan(&LIST_KERNELS.into(), &options, &JsValue::UNDEFINED)? };
    let run = JsFuture::from(run::drive(execd, plan, &JsValue::UNDEFINED)?).await.map_err(Failure::Thrown)?;
    let Some(list) = object::text(&run, "stdout").and_then(|json| object::parse(&json)) else {
        return Ok(JsValue::NULL);
    };
    let names = object::entries(&object::get(&list, "kernelspecs"))
        .into_iter()
        // The one kernel that execd never takes.
        .filter(|(name, _)| name != "python3")
        .filter_map(|(_, kernel)| object::text(&object::get(&kernel, "spec"), "language"))
        .collect();
    Ok(sorted(names).into())
}

/// An execd without the route, or on a system where it cannot be had.
fn absent(failure: &Failure) -> bool {
    failure.unrouted() || failure.status() == Some(501)
}

/// For a service that a sandbox may lack: an error answer, or nobody there, is a no. No answer in time is not.
fn answers(result: Result<(), Failure>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(Failure::Typed(Error::Api { .. } | Error::UnexpectedResponse(_) | Error::Network(_), _)) => Ok(false),
        Err(failure) => Err(failure),
    }
}
