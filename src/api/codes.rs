//! `sandbox.codes`: code in contexts that keep their state, run by the kernels of the sandbox.

use crate::api::commands::{call_of, interrupts};
use crate::api::execd::Execd;
use crate::api::methods::methods;
use crate::api::poll::{Asker, Next, Pauses, poll, promised};
use crate::api::run::{self, Plan, Reading, check_handlers};
use crate::api::wire::{self, Asked, Wire};
use crate::api::{begun, interpreter, program, promise, settled, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::core::run::Endpoint;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{js, object, time};
use js_sys::{Object, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A kernel may have to be started first: longer than for a command.
const START_TIMEOUT_MS: f64 = 120_000.0;
/// execd repeats a create that cannot succeed for ever, without a byte of an answer.
const CREATE_TIMEOUT_SECONDS: f64 = 60.0;
const CREATE: &str = "Create code context failed";
const DELETE: &str = "Delete code context failed";
const DEFAULT_LANGUAGE: &str = "python";

/// Runs code in the sandbox.
#[wasm_bindgen]
pub struct Codes {
    execd: Execd,
    queues: Rc<Queues>,
}

/// The last run of each context that was asked to wait its turn.
#[derive(Default)]
struct Queues {
    runs: RefCell<Vec<Queued>>,
    taken: Cell<u32>,
}

struct Queued {
    key: String,
    number: u32,
    promise: JsValue,
}

impl Queues {
    /// A number for a run.
    fn take(&self) -> u32 {
        self.taken.set(self.taken.get().wrapping_add(1));
        self.taken.get()
    }

    /// The run to wait for, if there is one.
    fn last(&self, key: &str) -> Option<JsValue> {
        self.runs.borrow().iter().find(|run| run.key == key).map(|run| run.promise.clone())
    }

    fn set(&self, key: String, number: u32, promise: &Promise) {
        let mut runs = self.runs.borrow_mut();
        runs.retain(|run| run.key != key);
        runs.push(Queued { key, number, promise: promise.into() });
    }

    /// Forgets a run that is over, unless another waits behind it.
    fn done(&self, number: u32) {
        self.runs.borrow_mut().retain(|run| run.number != number);
    }
}

impl Codes {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd, queues: Rc::default() }
    }
}

/// Where code runs: `{id?, language}` of a context, or the default context of a language.
struct Place {
    id: Option<String>,
    language: String,
}

impl Place {
    fn read(options: &Options) -> Result<Self, Error> {
        let language = options.string("language")?;
        let Some(context) = options.nested("context")? else {
            let language = language.unwrap_or_else(|| DEFAULT_LANGUAGE.into());
            return Ok(Self { id: None, language: args::filled("language", &language.as_str().into())? });
        };
        if language.is_some() {
            return Err(Error::invalid("Provide either opts.context or opts.language, not both".into()));
        }
        // execd has no use for it here.
        context.string("cwd")?;
        let id = context.string("id")?;
        if let Some(id) = &id {
            rules::segment("context.id", id)?;
        }
        // Without its language execd would run the code in a shell.
        Ok(Self { id, language: context.filled("language")? })
    }

    fn body(&self) -> Object {
        let context = Object::new();
        object::set_some(&context, "id", self.id.as_deref());
        object::set(&context, "language", self.language.as_str());
        context
    }

    /// What runs one after another.
    fn key(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("language {}", self.language))
    }
}

/// One run, which may have to be tried again while its context is busy.
struct Job {
    plan: Plan,
    key: String,
    handlers: JsValue,
    queues: bool,
}

/// Code and the options of a run as a request to `POST /code`.
fn code_plan(code: &JsValue, options: &JsValue, signal: &JsValue) -> Result<(Plan, String), Error> {
    let code = args::string("code", code)?;
    if code.trim().is_empty() {
        return Err(Error::invalid("Code cannot be empty".into()));
    }
    let options = Options::new("options", options)?;
    let place = Place::read(&options)?;
    let body = Object::new();
    object::set(&body, "code", code);
    object::set(&body, "context", place.body());
    let reading = Reading::read(&options)?;
    if reading.throws {
        return Err(Error::invalid("throwOnNonZero is for commands: code has no exit code, look at error".into()));
    }
    let plan = Plan {
        endpoint: Endpoint::Code,
        path: "/code".into(),
        body: Some(body),
        what: "Run code failed",
        timeout_ms: options.milliseconds("timeoutSeconds")?.unwrap_or(0.0),
        interrupts: interrupts(&options)?,
        call: call_of(&options, signal)?,
        reading: Reading { start_ms: Some(reading.start_ms.unwrap_or(START_TIMEOUT_MS)), ..reading },
    };
    Ok((plan, place.key()))
}

impl Job {
    fn read(code: &JsValue, options: &JsValue, signal: &JsValue) -> Result<Self, Error> {
        let (plan, key) = code_plan(code, options, signal)?;
        let read = Options::new("options", options)?;
        let handlers = read.raw("handlers");
        check_handlers(&handlers)?;
        Ok(Self { plan, key, handlers, queues: read.choice("onBusy", ["error", "queue"])? })
    }

    fn begin(&self, execd: &Execd) -> Result<Promise, Failure> {
        run::drive(execd.clone(), self.plan.clone(), &self.handlers)
    }
}

/// A run that waits for the one before it, then runs; again, as long as somebody else keeps the context busy.
struct Turn {
    job: Job,
    execd: Execd,
    queues: Rc<Queues>,
    number: u32,
    before: Option<JsValue>,
    /// For the last attempt to begin, from the first one on.
    deadline: Option<f64>,
    pauses: Pauses,
}

impl Asker for Turn {
    fn ask(&mut self, transport: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        if let Some(before) = self.before.take() {
            return Ok(promised(js::within(&before, f64::INFINITY, &transport.bare_signals(call))));
        }
        let limit = self.job.plan.reading.start_ms.unwrap_or(START_TIMEOUT_MS);
        self.deadline.get_or_insert_with(|| if limit > 0.0 { time::now() + limit } else { f64::INFINITY });
        Ok(promised(Ok(self.job.begin(&self.execd)?)))
    }

    fn judge(
        &mut self,
        answer: Result<JsValue, Failure>,
        transport: &Transport,
        call: &CallOptions,
    ) -> Result<Next, Failure> {
        let Some(deadline) = self.deadline else {
            // The one before is over, however it ended.
            transport.check(call)?;
            return Ok(Next::Now);
        };
        match answer {
            Err(busy) if busy.code().as_deref() == Some("CONTEXT_BUSY") => {
                if time::now() + self.pauses.next_ms() > deadline { Err(busy) } else { Ok(self.pauses.pause()) }
            }
            other => other.map(Next::Done),
        }
    }
}

impl Drop for Turn {
    /// Over, however it ended.
    fn drop(&mut self) {
        self.queues.done(self.number);
    }
}

fn context_path(id: &str) -> Result<String, Error> {
    Ok(format!("/code/contexts/{}", rules::segment("contextId", id)?))
}

fn context_of(id: &JsValue) -> Result<String, Error> {
    context_path(&args::filled("contextId", id)?)
}

/// One that is deleted already is no error.
fn delete_context(id: &str) -> Result<Wire, Failure> {
    Ok(Wire::at("DELETE", &context_path(id)?, &[], DELETE).or_gone())
}

/// `POST /code/context`.
fn create_context(execd: &Execd, language: String, cwd: Option<String>, call: &CallOptions) -> Result<Asked, Failure> {
    let body = Object::new();
    object::set(&body, "language", language.as_str());
    object::set_some(&body, "cwd", cwd);
    let seconds = call.timeout_seconds.unwrap_or(CREATE_TIMEOUT_SECONDS);
    let limited = call.with(|call| call.timeout_seconds = Some(seconds));
    let owner = execd.clone();
    let wire = Wire::at("POST", "/code/context", &[], CREATE).json(&body)?.object().then(move |answer| {
        let raw = answer.map_err(|failure| {
            failure.renamed(|error| {
                let hint = "execd does not answer when the sandbox's image has no kernel for";
                let message = || format!("{}. {hint} {language}", error.message);
                (error.kind == ErrorKind::Timeout).then(|| error.clone().saying(message()))
            })
        })?;
        disposable(owner, &raw)
    });
    Ok(wire.ask(execd, &limited))
}

/// `await using context = …`. Not enumerable, so that a context stays what the official SDK gives.
fn disposable(execd: Execd, raw: &JsValue) -> Result<JsValue, Failure> {
    let Some(id) = object::text(raw, "id").filter(|id| !id.is_empty()) else {
        return Err(Error::new(ErrorKind::UnexpectedResponse, format!("{CREATE}: the answer has no id")).into());
    };
    let dispose = Closure::<dyn Fn() -> Promise>::new(move || {
        wire::started((&execd).into(), delete_context(&id), Ok(CallOptions::default()))
    });
    js::disposable(raw.unchecked_ref(), &dispose.into_js_value()).map_err(Failure::thrown)
}

methods! { Codes:
    "createContext" => create_context(_, _),
    "getContext" => get_context(_, _),
    "listContexts" => list_contexts(_, _),
    "deleteContext" => delete_context(_, _),
    "deleteContexts" => delete_contexts(_, _),
    "restartContext" => restart_context(_, _),
    "run" => run(_, _, _),
    "runStream" => run_stream(_, _),
    "interrupt" => interrupt(_, _),
    "waitUntilReady" => wait_until_ready(_),
}

impl Codes {
    /// Makes a context: a kernel of its own, whose state lasts from run to run.
    pub fn create_context(&self, language: &JsValue, options: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let read = || -> Result<_, Error> {
            let language = args::filled("language", language)?;
            let call = CallOptions::read(options)?;
            let cwd = Options::new("options", options)?.string("cwd")?;
            Ok((language, cwd, call))
        };
        let read = read();
        promise(async move {
            let (language, cwd, call) = read?;
            create_context(&execd, language, cwd, &call)?.await
        })
    }

    /// A context that this daemon has made.
    pub fn get_context(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let wire = context_of(context_id).map(|path| Wire::at("GET", &path, &[], "Get code context failed").shaped(Ok));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// All contexts, or those of a language.
    pub fn list_contexts(&self, language: &JsValue, options: &JsValue) -> Promise {
        let language = if object::absent(language) { Ok(None) } else { args::filled("language", language).map(Some) };
        let wire = language.map(|language| {
            let query: Vec<_> = language.iter().map(|language| ("language", language.as_str())).collect();
            Wire::at("GET", "/code/contexts", &query, "List code contexts failed").listed(|_| {})
        });
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// Ends a context, also one whose kernel is dead or busy.
    pub fn delete_context(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let wire = context_of(context_id).map(|path| Wire::at("DELETE", &path, &[], DELETE));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// Ends all contexts of a language, its default one among them.
    pub fn delete_contexts(&self, language: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("language", language).map(|language| {
            Wire::at("DELETE", "/code/contexts", &[("language", &language)], "Delete code contexts failed")
        });
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// Ends a context and makes a new one of its language: the state is gone, and the id is another.
    pub fn restart_context(&self, context: &JsValue, options: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let read = || -> Result<_, Error> {
            let context = Options::required("context", context)?;
            let id = args::filled("context.id", &context.raw("id"))?;
            let language = args::filled("context.language", &context.raw("language"))?;
            Ok((id, language, context.string("cwd")?, CallOptions::read(options)?))
        };
        let read = read();
        promise(async move {
            let (id, language, cwd, call) = read?;
            delete_context(&id)?.ask(&execd, &call).await?;
            create_context(&execd, language, cwd, &call)?.await
        })
    }

    /// Runs code to its end and collects what it gives.
    pub fn run(&self, code: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let (execd, queues) = (self.execd.clone(), Rc::clone(&self.queues));
        let job = match Job::read(code, options, signal) {
            Ok(job) if job.queues => job,
            other => return settled(other.map_err(Failure::from).and_then(|job| job.begin(&execd))),
        };
        let (key, call, transport) = (job.key.clone(), job.plan.call.clone(), Rc::clone(&execd.transport));
        let (number, before) = (queues.take(), queues.last(&key));
        let turn = Turn { job, execd, queues, number, before, deadline: None, pauses: Pauses::new() };
        let running = spawn(poll(&transport, &call, turn));
        self.queues.set(key, number, &running);
        running
    }

    /// The raw events of code. `request`: `{code, context}` as in the official SDK, and the options of `run`.
    pub fn run_stream(&self, request: &JsValue, signal: &JsValue) -> Result<JsValue, Failure> {
        Options::required("request", request)
            .and_then(|read| code_plan(&read.raw("code"), request, signal))
            .map_err(Failure::from)
            .and_then(|(plan, _)| run::event_stream(self.execd.clone(), plan))
    }

    /// Interrupts what runs in a context: Python sees a `KeyboardInterrupt`. Does not wait for it.
    pub fn interrupt(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("contextId", context_id).map(|id| program::interrupt_code(&id));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// Waits until the daemon answers and its kernels can be reached.
    pub fn wait_until_ready(&self, options: &JsValue) -> Promise {
        let waiting = interpreter::Waiting::read(options).map_err(Failure::from);
        begun(waiting.map(|waiting| interpreter::wait(&self.execd, waiting)))
    }
}
