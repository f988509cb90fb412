//! `sandbox.commands`: programs, background programs, and bash sessions.

use crate::api::background;
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
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

/// Runs programs in the sandbox.
#[wasm_bindgen]
pub struct Commands {
    execd: Execd,
}

impl Commands {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

/// Positional `signal` as in the official SDK, or an object of call options in its place.
pub(super) fn call_of(options: &Options, signal: &JsValue) -> Result<CallOptions, Error> {
    let call = CallOptions::read(signal)?;
    call.or_signal(options)
}

/// `timeoutSeconds`, which is sent and not kept here.
fn run_limit(options: &Options) -> Result<f64, Error> {
    match options.milliseconds("timeoutSeconds")? {
        Some(ms) if ms >= rules::WHOLE_LIMIT => {
            Err(Error::invalid("timeoutSeconds is too large: Infinity is for no limit".into()))
        }
        ms => Ok(ms.unwrap_or(0.0)),
    }
}

/// The command and its options as a request to `POST /command`.
pub(super) fn command_plan(command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<Plan, Error> {
    let command = args::filled("command", command)?;
    let options = Options::new("options", options)?;
    let background = options.boolean("background")?.unwrap_or(false);
    let body = Object::new();
    object::set(&body, "command", command);
    object::set_some(&body, "cwd", options.string("workingDirectory")?);
    object::set(&body, "background", background);
    let timeout_ms = run_limit(&options)?;
    if timeout_ms > 0.0 {
        object::set(&body, "timeout", timeout_ms);
    }
    let (uid, gid) = (options.count("uid")?, options.count("gid")?);
    if gid.is_some() && uid.is_none() {
        return Err(Error::invalid("uid is required when gid is provided".into()));
    }
    object::set_some(&body, "uid", uid);
    object::set_some(&body, "gid", gid);
    if options.string_map("envs")?.is_some() {
        object::set_some(&body, "envs", options.object("envs")?);
    }
    Ok(Plan {
        endpoint: if background { Endpoint::Background } else { Endpoint::Command },
        path: "/command".into(),
        body: Some(body),
        what: "Run command failed",
        timeout_ms,
        interrupts: interrupts(&options)?,
        call: call_of(&options, signal)?,
        reading: Reading::read(&options)?,
    })
}

/// The same for one that is followed with a handle; also for how long that waits out lost connections.
fn background_plan(command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<(Plan, f64), Error> {
    let mut plan = command_plan(command, options, signal)?;
    plan.endpoint = Endpoint::Background;
    plan.what = "Start background command failed";
    if plan.reading.throws {
        return Err(Error::invalid("throwOnNonZero is not for background commands: look at wait()".into()));
    }
    if let Some(body) = &plan.body {
        object::set(body, "background", true);
    }
    let reconnect_ms = background::reconnect_ms(&Options::new("options", options)?)?;
    Ok((plan, reconnect_ms))
}

/// What an abort means for the program: `onAbort: "interrupt"` (default) ends it, `"detach"` leaves it running.
pub(super) fn interrupts(options: &Options) -> Result<bool, Error> {
    Ok(!options.choice("onAbort", ["interrupt", "detach"])?)
}

fn session_plan(session: &JsValue, command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<Plan, Error> {
    let path = run::session_path(&args::filled("sessionId", session)?)?;
    let command = args::filled("command", command)?;
    let options = Options::new("options", options)?;
    let body = Object::new();
    object::set(&body, "command", command);
    object::set_some(&body, "cwd", options.string("workingDirectory")?);
    let timeout_ms = run_limit(&options)?;
    if timeout_ms > 0.0 {
        object::set(&body, "timeout", timeout_ms);
    }
    Ok(Plan {
        endpoint: Endpoint::Session,
        path,
        body: Some(body),
        what: "Run in session failed",
        timeout_ms,
        // Interrupting a session's run would destroy the session; losing the connection ends the run anyway.
        interrupts: false,
        call: call_of(&options, signal)?,
        reading: Reading::read(&options)?,
    })
}

pub(super) fn driven(execd: &Execd, plan: Result<Plan, Error>, handlers: JsValue) -> Promise {
    let checked = check_handlers(&handlers).and(plan);
    settled(checked.map_err(Failure::from).and_then(|plan| run::drive(execd, plan, &handlers)))
}

/// Makes the events of a plan; a mistake in the arguments shows at once.
fn streamed(execd: &Execd, plan: Result<Plan, Error>) -> Result<JsValue, Failure> {
    let open = |plan: Plan| {
        if plan.reading.throws {
            return Err(Failure::invalid("throwOnNonZero is not for raw events: look at the one of the end"));
        }
        run::event_stream(execd, plan)
    };
    plan.map_err(Failure::from).and_then(open)
}

fn new_session(options: &JsValue) -> Result<Wire, Failure> {
    let body = Object::new();
    object::set_some(&body, "cwd", Options::new("options", options)?.string("workingDirectory")?);
    Wire::at("POST", "/session", &[], "Create session failed", "sessionId").json(&body)
}

/// An id and the options of a call that is about it.
pub(super) fn about(field: &str, id: &JsValue, options: &JsValue) -> Result<(String, CallOptions), Failure> {
    Ok((args::filled(field, id)?, CallOptions::read(options)?))
}

methods! { Commands:
    "run" => run(_, _, _, _),
    "start" => start(_, _, _),
    "startBackground" => start_background(_, _, _),
    "attach" => attach(_, _),
    "runStream" => run_stream(_, _, _),
    "interrupt" => interrupt(_, _),
    "getCommandStatus" => status(_, _),
    "getBackgroundCommandLogs" => logs(_, _, _),
    "createSession" => create_session(_, _),
    "runInSession" => run_in_session(_, _, _, _, _),
    "runInSessionStream" => run_in_session_stream(_, _, _, _),
    "deleteSession" => delete_session(_, _),
}

impl Commands {
    /// Runs a command to its end and collects what it prints.
    pub fn run(&self, command: &JsValue, options: &JsValue, handlers: &JsValue, signal: &JsValue) -> Promise {
        driven(&self.execd, command_plan(command, options, signal), handlers.clone())
    }

    /// Starts a command; resolves with a handle when it runs.
    pub fn start(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let start = |plan: Plan| {
            if plan.endpoint == Endpoint::Background {
                return Err(Failure::invalid("background has no output to read: use run, or start without it"));
            }
            run::start(&self.execd, plan)
        };
        settled(command_plan(command, options, signal).map_err(Failure::from).and_then(start))
    }

    /// Starts a command in the background; resolves with a handle when it runs.
    pub fn start_background(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let plan = background_plan(command, options, signal).map_err(Failure::from);
        settled(plan.and_then(|(plan, reconnect_ms)| background::start(&self.execd, plan, reconnect_ms)))
    }

    /// The handle of a background command from what its `toJSON()` gave.
    pub fn attach(&self, handle: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        background::attach(&self.execd, handle, options)
    }

    /// The raw events of a command.
    pub fn run_stream(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<JsValue, Failure> {
        streamed(&self.execd, command_plan(command, options, signal))
    }

    /// Ends a command, its children included. Given a session's id, it destroys the session.
    pub fn interrupt(&self, id: &JsValue, options: &JsValue) -> Promise {
        let about = about("sessionId", id, options);
        settled(about.map(|(id, call)| js::interrupt(&self.execd, &id, call.as_ref())))
    }

    /// Whether a command runs, and how it ended.
    pub fn status(&self, id: &JsValue, options: &JsValue) -> Promise {
        let about = about("commandId", id, options);
        settled(about.map(|(id, call)| js::command_status(&self.execd, &id, call.as_ref())))
    }

    /// The output of a background command from byte `cursor` on.
    pub fn logs(&self, id: &JsValue, cursor: &JsValue, options: &JsValue) -> Promise {
        let cursor = if object::absent(cursor) { Ok(None) } else { args::count("cursor", cursor).map(Some) };
        settled(cursor.map_err(Failure::from).and_then(|cursor| {
            let (id, call) = about("commandId", id, options)?;
            Ok(js::whole_log(&self.execd, &id, cursor, call.as_ref()))
        }))
    }

    /// Makes a bash session that keeps its directory and exported variables between runs.
    pub fn create_session(&self, options: &JsValue, call: &JsValue) -> Promise {
        wire::promised(self.execd.as_ref(), new_session(options), call)
    }

    /// Runs a command in a session. Its stderr comes as stdout, and empty lines are lost: execd merges and drops them.
    pub fn run_in_session(
        &self,
        session: &JsValue,
        command: &JsValue,
        options: &JsValue,
        handlers: &JsValue,
        signal: &JsValue,
    ) -> Promise {
        driven(&self.execd, session_plan(session, command, options, signal), handlers.clone())
    }

    /// The raw events of a run in a session.
    pub fn run_in_session_stream(
        &self,
        session: &JsValue,
        command: &JsValue,
        options: &JsValue,
        signal: &JsValue,
    ) -> Result<JsValue, Failure> {
        streamed(&self.execd, session_plan(session, command, options, signal))
    }

    /// Ends a session and what runs in it.
    pub fn delete_session(&self, session: &JsValue, options: &JsValue) -> Promise {
        let id = args::filled("sessionId", session).and_then(|id| rules::segment("sessionId", &id));
        let wire = id.map(|id| Wire::at("DELETE", &format!("/session/{id}"), &[], "Delete session failed", "nothing"));
        wire::promised(self.execd.as_ref(), wire.map_err(Failure::from), options)
    }
}
