//! `sandbox.codes`: code in contexts that keep their state, run by the kernels of the sandbox.

use crate::api::commands::{about, call_of, interrupts};
use crate::api::interpreter;
use crate::api::methods::methods;
use crate::api::run::{self, Plan, Reading, check_handlers};
use crate::api::settled;
use crate::api::wire::{self, Wire};
use crate::core::error::Error;
use crate::core::rules;
use crate::core::run::Endpoint;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Map, Object, Promise};
use wasm_bindgen::prelude::*;

/// A kernel may have to be started first: longer than for a command.
const START_TIMEOUT_MS: f64 = 120_000.0;
const DEFAULT_LANGUAGE: &str = "python";

/// Runs code in the sandbox.
#[wasm_bindgen]
pub struct Codes {
    execd: Execd,
    /// The last run of each context that was asked to wait its turn, for `src/js/codes.js`.
    last: Map,
}

impl Codes {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd, last: Map::new() }
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

fn context_of(id: &JsValue) -> Result<String, Error> {
    Ok(format!("/code/contexts/{}", rules::segment("contextId", &args::filled("contextId", id)?)?))
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
        settled(about("language", language, options).and_then(|(language, call)| {
            let cwd = Options::new("options", options)?.string("cwd")?;
            Ok(js::create_context(&self.execd, &language, cwd, call.as_ref()))
        }))
    }

    /// A context that this daemon has made.
    pub fn get_context(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let wire = context_of(context_id).map(|path| Wire::at("GET", &path, &[], "Get code context failed", "object"));
        wire::promised(self.execd.as_ref(), wire.map_err(Failure::from), options)
    }

    /// All contexts, or those of a language.
    pub fn list_contexts(&self, language: &JsValue, options: &JsValue) -> Promise {
        let language = if object::absent(language) { Ok(None) } else { args::filled("language", language).map(Some) };
        let wire = language.map(|language| {
            let query: Vec<_> = language.iter().map(|language| ("language", language.as_str())).collect();
            Wire::at("GET", "/code/contexts", &query, "List code contexts failed", "list")
        });
        wire::promised(self.execd.as_ref(), wire.map_err(Failure::from), options)
    }

    /// Ends a context, also one whose kernel is dead or busy.
    pub fn delete_context(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let wire =
            context_of(context_id).map(|path| Wire::at("DELETE", &path, &[], "Delete code context failed", "nothing"));
        wire::promised(self.execd.as_ref(), wire.map_err(Failure::from), options)
    }

    /// Ends all contexts of a language, its default one among them.
    pub fn delete_contexts(&self, language: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("language", language).map(|language| {
            let query = [("language", language.as_str())];
            Wire::at("DELETE", "/code/contexts", &query, "Delete code contexts failed", "nothing")
        });
        wire::promised(self.execd.as_ref(), wire.map_err(Failure::from), options)
    }

    /// Ends a context and makes a new one of its language: the state is gone, and the id is another.
    pub fn restart_context(&self, context: &JsValue, options: &JsValue) -> Promise {
        let read = || -> Result<_, Failure> {
            let context = Options::required("context", context)?;
            let id = args::filled("context.id", &context.raw("id"))?;
            let language = args::filled("context.language", &context.raw("language"))?;
            let (cwd, call) = (context.string("cwd")?, CallOptions::read(options)?);
            Ok(js::restart_context(&self.execd, &id, &language, cwd, call.as_ref()))
        };
        settled(read())
    }

    /// Runs code to its end and collects what it gives.
    pub fn run(&self, code: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let begin = || -> Result<_, Failure> {
            let (plan, key) = code_plan(code, options, signal)?;
            let read = Options::new("options", options)?;
            let handlers = read.raw("handlers");
            check_handlers(&handlers)?;
            if read.choice("onBusy", ["error", "queue"])? {
                Ok(js::run_in_turn(&self.last, &key, &self.execd, &plan.handed()?, &handlers))
            } else {
                run::drive(&self.execd, plan, &handlers)
            }
        };
        settled(begin())
    }

    /// The raw events of code. `request`: `{code, context}` as in the official SDK, and the options of `run`.
    pub fn run_stream(&self, request: &JsValue, signal: &JsValue) -> Result<JsValue, Failure> {
        Options::required("request", request)
            .and_then(|read| code_plan(&read.raw("code"), request, signal))
            .map_err(Failure::from)
            .and_then(|(plan, _)| run::event_stream(&self.execd, plan))
    }

    /// Interrupts what runs in a context: Python sees a `KeyboardInterrupt`. Does not wait for it.
    pub fn interrupt(&self, context_id: &JsValue, options: &JsValue) -> Promise {
        let about = about("contextId", context_id, options);
        settled(about.map(|(id, call)| js::interrupt_code(&self.execd, &id, call.as_ref())))
    }

    /// Waits until the daemon answers and its kernels can be reached.
    pub fn wait_until_ready(&self, options: &JsValue) -> Promise {
        let waiting = interpreter::Waiting::read(options).map_err(Failure::from);
        settled(waiting.map(|waiting| interpreter::wait(&self.execd, waiting)))
    }
}
