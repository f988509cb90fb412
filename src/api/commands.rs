//! `sandbox.commands`: programs, background programs, and bash sessions.

use crate::api::background::{self, Manner};
use crate::api::execd::Execd;
use crate::api::methods::methods;
use crate::api::run::{self, Plan, Reading, check_handlers};
use crate::api::wire::{self, Wire};
use crate::api::{program, promise, settled, shape};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::core::run::Endpoint;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::Body;
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

/// The same for one that is followed with a handle.
fn background_plan(command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<(Plan, Manner), Error> {
    let mut plan = command_plan(command, options, signal)?;
    plan.endpoint = Endpoint::Background;
    plan.what = "Start background command failed";
    if plan.reading.throws {
        return Err(Error::invalid("throwOnNonZero is not for background commands: look at wait()".into()));
    }
    if let Some(body) = &plan.body {
        object::set(body, "background", true);
    }
    let manner = Manner::read(&Options::new("options", options)?, &plan.call)?;
    Ok((plan, manner))
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

pub(super) fn driven(execd: Execd, plan: Result<Plan, Error>, handlers: JsValue) -> Promise {
    let checked = check_handlers(&handlers).and(plan);
    settled(checked.map_err(Failure::from).and_then(|plan| run::drive(execd, plan, &handlers)))
}

/// Makes the events of a plan; a mistake in the arguments shows at once.
fn streamed(execd: Execd, plan: Result<Plan, Error>) -> Result<JsValue, Failure> {
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
    let wire = Wire::at("POST", "/session", &[], "Create session failed").json(&body)?.object();
    Ok(wire.then(|raw| {
        let id = object::text(&raw?, "session_id").filter(|id| !id.is_empty());
        let problem = "Create session failed: the answer has no session_id";
        Ok(id.ok_or_else(|| Error::fixed(ErrorKind::UnexpectedResponse, problem))?.into())
    }))
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
        driven(self.execd.clone(), command_plan(command, options, signal), handlers.clone())
    }

    /// Starts a command; resolves with a handle when it runs.
    pub fn start(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let start = |plan: Plan| {
            if plan.endpoint == Endpoint::Background {
                return Err(Failure::invalid("background has no output to read: use run, or start without it"));
            }
            run::start(self.execd.clone(), plan)
        };
        settled(command_plan(command, options, signal).map_err(Failure::from).and_then(start))
    }

    /// Starts a command in the background; resolves with a handle when it runs.
    pub fn start_background(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let plan = background_plan(command, options, signal);
        promise(async move {
            let (plan, manner) = plan?;
            background::start(execd, plan, manner).await
        })
    }

    /// The handle of a background command from what its `toJSON()` gave.
    pub fn attach(&self, handle: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        background::attach(self.execd.clone(), handle, options)
    }

    /// The raw events of a command.
    pub fn run_stream(&self, command: &JsValue, options: &JsValue, signal: &JsValue) -> Result<JsValue, Failure> {
        streamed(self.execd.clone(), command_plan(command, options, signal))
    }

    /// Ends a command, its children included. Given a session's id, it destroys the session.
    pub fn interrupt(&self, id: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("sessionId", id).map(|id| program::interrupt(&id));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// Whether a command runs, and how it ended.
    pub fn status(&self, id: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("commandId", id).map_err(Failure::from).and_then(|id| program::status(&id));
        wire::promised(&self.execd, wire.map(|wire| wire.shaped(|raw| Ok(shape::command_status(raw)))), options)
    }

    /// The output of a background command from byte `cursor` on.
    pub fn logs(&self, id: &JsValue, cursor: &JsValue, options: &JsValue) -> Promise {
        let (execd, id, call) = (self.execd.clone(), args::filled("commandId", id), CallOptions::read(options));
        let cursor = if object::absent(cursor) { Ok(None) } else { args::count("cursor", cursor).map(Some) };
        promise(async move {
            let cursor = cursor?;
            let response = background::logs(&execd, &id?, cursor, &call?, Body::Whole).await?;
            let header = response.header("execd-commands-tail-cursor").and_then(|text| rules::whole(&text));
            let bytes = response.bytes();
            let logs = Object::new();
            // Where CORS hides the header, the bytes that came say the same: the cursor is a byte offset.
            object::set(&logs, "content", crate::host::js::bytes_to_text(&bytes, "utf-8").map_err(Failure::thrown)?);
            object::set(&logs, "cursor", header.unwrap_or(cursor.unwrap_or(0.0) + f64::from(bytes.length())));
            Ok(logs.into())
        })
    }

    /// Makes a bash session that keeps its directory and exported variables between runs.
    pub fn create_session(&self, options: &JsValue, call: &JsValue) -> Promise {
        wire::promised(&self.execd, new_session(options), call)
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
        driven(self.execd.clone(), session_plan(session, command, options, signal), handlers.clone())
    }

    /// The raw events of a run in a session.
    pub fn run_in_session_stream(
        &self,
        session: &JsValue,
        command: &JsValue,
        options: &JsValue,
        signal: &JsValue,
    ) -> Result<JsValue, Failure> {
        streamed(self.execd.clone(), session_plan(session, command, options, signal))
    }

    /// Ends a session and what runs in it.
    pub fn delete_session(&self, session: &JsValue, options: &JsValue) -> Promise {
        let id = args::filled("sessionId", session).and_then(|id| rules::segment("sessionId", &id));
        let wire = id.map(|id| Wire::at("DELETE", &format!("/session/{id}"), &[], "Delete session failed"));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }
}
