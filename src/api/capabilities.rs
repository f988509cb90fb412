//! `sandbox.capabilities()`: what this sandbox and its server can do, found out with a few small requests that change
//! nothing.

use crate::api::commands::command_plan;
use crate::api::egress::Policy;
use crate::api::execd::{Call, Execd};
use crate::api::{lifecycle, promise, run, sidecar};
use crate::core::error::{Error, ErrorKind};
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
        let found = time::within(&promise, f64::INFINITY, &signals).await.map_err(Failure::thrown)?;
        transport.check(&wanted.call)?;
        Ok(found.as_string().and_then(|json| object::parse(&json)).unwrap_or_default())
    }

    fn find_out(self: &Rc<Self>, wanted: &Wanted) -> Promise {
        let (this, languages) = (Rc::clone(self), wanted.languages);
        // That nobody answers is an answer here.
        let call = wanted.call.once().with(|call| {
            call.signal = None;
            call.probe = true;
        });
        let promise = promise(async move {
            let found = this.all(languages, call).await;
            if found.is_err() {
                *this.known.borrow_mut() = None;
            }
            object::stringify(&found?.into()).map(JsValue::from).map_err(Failure::thrown)
        });
        *self.known.borrow_mut() = Some((languages, promise.clone()));
        promise
    }

    /// All questions at once.
    async fn all(&self, languages: bool, call: CallOptions) -> Result<Object, Failure> {
        let (execd, call) = (&self.execd, Rc::new(call));
        let at = |service: Execd, path: &'static str| Question::Get(service, path);
        let questions = Array::new();
        for question in [
            at(execd.clone(), "/code/contexts"),
            // `GET /api` tells Jupyter's version and asks for no token.
            at(execd.at_port(JUPYTER_PORT), "/api"),
            // A terminal that does not exist is not found by an execd that has terminals; others do not know the route.
            at(execd.clone(), "/pty/capability-probe"),
            at(execd.clone(), "/v1/isolated/capabilities"),
            Question::Policy(Rc::clone(&self.policy)),
            Question::Vault(sidecar::of(execd)),
            Question::Version(execd.clone()),
        ] {
            questions.push(&promise(ask(question, Rc::clone(&call))));
        }
        if languages {
            let listing = kernels(execd.clone(), &call)?;
            questions.push(&listing);
        }
        let answers: Array = JsFuture::from(Promise::all(&questions)).await.map_err(Failure::thrown)?.unchecked_into();
        summary(&answers)
    }
}

/// Failures that tell something, too.
const ANSWERS: [ErrorKind; 3] = [ErrorKind::Api, ErrorKind::UnexpectedResponse, ErrorKind::Network];

enum Question {
    Get(Execd, &'static str),
    Policy(Rc<Policy>),
    Vault(Execd),
    Version(Execd),
}

/// Asks it. Resolves with the answer, or with the exception that stands for an error answer or for nobody there. No answer in
/// time is no answer. (One future for all questions: each kind of its own would be as large as this one.)
async fn ask(question: Question, call: Rc<CallOptions>) -> Result<JsValue, Failure> {
    let what = "Get capabilities failed";
    let get = |path| Call { method: "GET", path, query: &[], what };
    let sent = match &question {
        Question::Get(service, path) => service.send(get(path), None, &call).await,
        Question::Policy(policy) => policy.ask(&call).await,
        // A text is no change, and the vault looks at it only after all else that could stand in the way of one: it refuses
        // it, and nothing has changed.
        Question::Vault(sidecar) => {
            let call_to = Call { method: "PATCH", path: "/credential-vault", query: &[], what };
            sidecar::send(sidecar, call_to, Some(&"capability probe".into()), &call).await
        }
        Question::Version(execd) => lifecycle::version(&execd.transport, &call).await,
    };
    match sent.and_then(|answer| answer.json()) {
        Err(failure) if ANSWERS.into_iter().any(|kind| failure.is(kind)) => Ok(failure.into()),
        answer => answer,
    }
}

/// What an answer of execd says of one of its routes: what it said, `None` where it has no such route, or where that cannot be
/// had on its system. Any other refusal is no answer to the question.
fn told(answer: &JsValue) -> Result<Option<JsValue>, Failure> {
    let (status, code) = refused(answer);
    match status {
        None => Ok(Some(answer.clone())),
        Some(501) => Ok(None),
        Some(404) if code == "UNEXPECTED_RESPONSE" => Ok(None),
        _ => Err(Failure::thrown(answer.clone())),
    }
}

/// Status and code of an exception; no status for an answer, 0 for nobody there.
fn refused(answer: &JsValue) -> (Option<u16>, String) {
    let is_error = answer.is_instance_of::<js_sys::Error>();
    let status = object::get(answer, "statusCode").as_f64().map_or(0, |status| status as u16);
    (is_error.then_some(status), object::text(answer, "code").unwrap_or_default())
}

fn summary(answers: &Array) -> Result<Object, Failure> {
    let [contexts, jupyter, pty, isolation, egress, vault, version, kernels] =
        [0, 1, 2, 3, 4, 5, 6, 7].map(|index| answers.get(index));
    let contexts = told(&contexts)?;
    let in_use = contexts.as_ref().map(languages_of).filter(|list| list.length() > 0);
    let installed = kernels_of(&kernels);
    // Without a context and without Jupyter at its usual port, code may run all the same: it can be elsewhere.
    let interpreter: JsValue = if in_use.is_some() || object::get(&jupyter, "version").is_string() {
        true.into()
    } else if contexts.is_none() || installed.as_ref().is_some_and(|list| list.length() == 0) {
        false.into()
    } else {
        "unknown".into()
    };
    let pty = match refused(&pty) {
        // Not found, but by somebody who knows what it is.
        (Some(404), code) if code != "UNEXPECTED_RESPONSE" => true,
        _ => told(&pty)?.is_some(),
    };
    let isolation = told(&isolation)?.is_some_and(|able| object::get(&able, "available").is_truthy());
    let vault = match refused(&vault) {
        (None | Some(400 | 409 | 422), _) => true,
        // A server that looks first whether there is a vault.
        (_, code) => code == "VAULT_NOT_FOUND",
    };
    let found = Object::new();
    object::set(&found, "interpreter", interpreter);
    object::set(&found, "languages", installed.or(in_use).map_or_else(|| "unknown".into(), JsValue::from));
    object::set(&found, "pty", pty);
    object::set(&found, "isolation", isolation);
    object::set(&found, "egress", refused(&egress).0.is_none());
    object::set(&found, "vault", vault);
    let versions = Object::new();
    object::set_some(&versions, "server", object::text(&version, "version"));
    object::set(&found, "versions", versions);
    Ok(found)
}

/// Each name once. (Not sorted here: that is two kilobytes of WebAssembly.)
fn sorted(names: impl Iterator<Item = String>) -> Array {
    let names: Array = names.map(JsValue::from).collect();
    Array::from(&js_sys::Set::new(&names)).sort()
}

/// The languages of code contexts.
fn languages_of(contexts: &JsValue) -> Array {
    let contexts = contexts.dyn_ref::<Array>().cloned().unwrap_or_default();
    sorted(contexts.iter().filter_map(|context| object::text(&context, "language")))
}

/// A run that lists the kernels.
fn kernels(execd: Execd, call: &CallOptions) -> Result<Promise, Failure> {
    let options = Object::new();
    object::set(&options, "timeoutSeconds", KERNELS_SECONDS);
    let plan = command_plan(&LIST_KERNELS.into(), &options, &JsValue::UNDEFINED)?;
    run::drive(execd, run::Plan { call: call.clone(), ..plan }, &JsValue::UNDEFINED)
}

/// Their languages; `None` where nobody has asked, and where Jupyter's own program does not tell.
fn kernels_of(run: &JsValue) -> Option<Array> {
    let list = object::parse(&object::text(run, "stdout")?)?;
    let kernels = object::entries(&object::get(&list, "kernelspecs"))
        .into_iter()
        // The one kernel that execd never takes.
        .filter(|(name, _)| name != "python3");
    Some(sorted(kernels.filter_map(|(_, kernel)| object::text(&object::get(&kernel, "spec"), "language"))))
}
