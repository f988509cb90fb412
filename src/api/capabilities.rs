//! `sandbox.capabilities()`: what this sandbox and its server can do, found out with a few small requests that change
//! nothing.

use crate::api::commands::command_plan;
use crate::api::egress::{self, Policy};
use crate::api::execd::Execd;
use crate::api::wire::{self, Wire};
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

const WHAT: &str = "Get capabilities failed";

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
        let promise = self.finding(wanted);
        let signals = transport.bare_signals(&wanted.call);
        let found = time::within(&promise, f64::INFINITY, &signals).await.map_err(Failure::thrown)?;
        transport.check(&wanted.call)?;
        Ok(found.as_string().and_then(|json| object::parse(&json)).unwrap_or_default())
    }

    /// What was begun before, if it is enough, or what is begun now.
    fn finding(self: &Rc<Self>, wanted: &Wanted) -> Promise {
        if let Some((languages, promise)) = &*self.known.borrow() {
            if !wanted.refresh && *languages >= wanted.languages {
                return promise.clone();
            }
        }
        let (this, asked) = (Rc::clone(self), self.ask_all(wanted));
        let promise = promise(async move {
            let found = match asked {
                Ok(questions) => JsFuture::from(Promise::all(&questions)).await.map_err(Failure::thrown),
                Err(failure) => Err(failure),
            };
            let found = found.and_then(|answers| summary(answers.unchecked_ref()));
            if found.is_err() {
                *this.known.borrow_mut() = None;
            }
            found
        });
        *self.known.borrow_mut() = Some((wanted.languages, promise.clone()));
        promise
    }

    /// All questions at once.
    fn ask_all(&self, wanted: &Wanted) -> Result<Array, Failure> {
        // That nobody answers is an answer here.
        let call = wanted.call.once().with(|call| {
            call.signal = None;
            call.probe = true;
        });
        let (execd, asked) = (&self.execd, Array::new());
        let ask = |service: &Execd, wire: Wire| {
            asked.push(&wire::started(service.into(), Ok(wire.any()), Ok(call.clone())));
        };
        let get = |service: &Execd, path: &str| ask(service, Wire::at("GET", path, &[], WHAT).then(heard));
        get(execd, "/code/contexts");
        // `GET /api` tells Jupyter's version and asks for no token.
        get(&execd.at_port(JUPYTER_PORT), "/api");
        // A terminal that does not exist is not found by an execd that has terminals; others do not know the route.
        get(execd, "/pty/capability-probe");
        get(execd, "/v1/isolated/capabilities");
        asked.push(&egress::ask(
            &self.policy,
            |answer| heard(answer.and_then(|answer| answer.json())),
            Ok(call.clone()),
        ));
        // A text is no change, and the vault looks at it only after all else that could stand in the way of one: it refuses
        // it, and nothing has changed.
        let no_change = Wire::at("PATCH", "/credential-vault", &[], WHAT).json(&"capability probe".into())?;
        ask(&sidecar::of(execd), no_change.then(|answer| heard(answer.map_err(sidecar::explained))));
        let version = lifecycle::version(&execd.transport).then(heard);
        asked.push(&wire::started((&execd.transport).into(), Ok(version), Ok(call.clone())));
        if wanted.languages {
            let listing = kernels(execd.clone(), &call)?;
            asked.push(&listing);
        }
        Ok(asked)
    }
}

/// Failures that tell something, too.
const ANSWERS: [ErrorKind; 3] = [ErrorKind::Api, ErrorKind::UnexpectedResponse, ErrorKind::Network];

/// The answer, or the exception that stands for an error answer or for nobody there. No answer in time is no answer.
fn heard(answer: Result<JsValue, Failure>) -> Result<JsValue, Failure> {
    match answer {
        Err(failure) if ANSWERS.iter().any(|kind| failure.is(*kind)) => Ok(failure.into()),
        answer => answer,
    }
}

/// Whether execd has one of its routes, by its answer: not where it has no such route, or where that cannot be had on its
/// system. Any other refusal is no answer to the question.
fn has_route(answer: &JsValue) -> Result<bool, Failure> {
    match status_of(answer) {
        None => Ok(true),
        Some(501) => Ok(false),
        Some(404) if has_code(answer, UNKNOWN) => Ok(false),
        _ => Err(Failure::thrown(answer.clone())),
    }
}

/// The code of an answer that has none of its own.
const UNKNOWN: &str = "UNEXPECTED_RESPONSE";

/// The status of an exception; none for an answer, 0 for nobody there.
fn status_of(answer: &JsValue) -> Option<u16> {
    let is_error = answer.is_instance_of::<js_sys::Error>();
    is_error.then(|| object::get(answer, "statusCode").as_f64().unwrap_or(0.0) as u16)
}

fn has_code(answer: &JsValue, code: &str) -> bool {
    object::text(answer, "code").is_some_and(|text| text == code)
}

fn summary(answers: &Array) -> Result<JsValue, Failure> {
    let (contexts, pty, isolation, vault) = (answers.get(0), answers.get(2), answers.get(3), answers.get(5));
    let runs_code = has_route(&contexts)?;
    let in_use = languages_of(&contexts);
    let installed = kernels_of(&answers.get(7));
    // Without a context and without Jupyter at its usual port, code may run all the same: it can be elsewhere.
    let interpreter: JsValue = if in_use.length() > 0 || object::get(&answers.get(1), "version").is_string() {
        true.into()
    } else if !runs_code || installed.as_ref().is_some_and(|list| list.length() == 0) {
        false.into()
    } else {
        "unknown".into()
    };
    let languages: JsValue = match installed {
        Some(installed) => installed.into(),
        None if in_use.length() > 0 => in_use.into(),
        None => "unknown".into(),
    };
    // Not found, but by somebody who knows what it is.
    let missed = status_of(&pty) == Some(404) && !has_code(&pty, UNKNOWN);
    // Or a server that looks first whether there is a vault.
    let vault = matches!(status_of(&vault), None | Some(400 | 409 | 422)) || has_code(&vault, "VAULT_NOT_FOUND");
    let found = Object::new();
    object::set(&found, "interpreter", interpreter);
    object::set(&found, "languages", languages);
    object::set(&found, "pty", missed || has_route(&pty)?);
    object::set(&found, "isolation", has_route(&isolation)? && object::get(&isolation, "available").is_truthy());
    object::set(&found, "egress", status_of(&answers.get(4)).is_none());
    object::set(&found, "vault", vault);
    let versions = Object::new();
    object::set_some(&versions, "server", object::text(&answers.get(6), "version"));
    object::set(&found, "versions", versions);
    object::stringify(&found).map(JsValue::from).map_err(Failure::thrown)
}

/// Each name once. (Not sorted here: that is two kilobytes of WebAssembly.)
fn sorted(names: &Array) -> Array {
    Array::from(&js_sys::Set::new(names)).sort()
}

fn add_language(names: &Array, of: &JsValue) {
    let language = object::get(of, "language");
    if language.is_string() {
        names.push(&language);
    }
}

/// The languages of code contexts.
fn languages_of(contexts: &JsValue) -> Array {
    let names = Array::new();
    if let Some(contexts) = contexts.dyn_ref::<Array>() {
        contexts.iter().for_each(|context| add_language(&names, &context));
    }
    sorted(&names)
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
    let names = Array::new();
    for (name, kernel) in object::entries(&object::get(&list, "kernelspecs")) {
        // The one kernel that execd never takes.
        if name != "python3" {
            add_language(&names, &object::get(&kernel, "spec"));
        }
    }
    Some(sorted(&names))
}
