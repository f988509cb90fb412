//! `sandbox.isolation`: sessions that are walled off from the rest of the sandbox. Newer versions of execd have them; the
//! names are snake_case, because the official SDK passes execd's own on.

use crate::api::commands::call_of;
use crate::api::execd::Execd;
use crate::api::isolated_session::{self, IsolatedSession};
use crate::api::methods::methods;
use crate::api::run::{self, Plan};
use crate::api::wire::{self, Wire};
use crate::api::{create, promise, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Kind, Options, Patience};
use crate::host::failure::Failure;
use crate::host::{object, time};
use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const SESSION: &str = "/v1/isolated/session";
const UNKNOWN: &str = "this sandbox's execd has no isolated sessions";
const CREATE: &str = "Create isolated session failed";
/// For messages; a session asks for itself in the same words.
pub const GET: &str = "Get isolated session failed";
/// See above.
pub const DELETE: &str = "Delete isolated session failed";
const LIST: &str = "List isolated sessions failed";
const CAPABILITIES: &str = "Get isolation capabilities failed";
/// What `capabilities()` always says, in one way or the other.
const FLAGS: [&str; 5] = ["available", "setpriv_available", "userns_available", "commit_supported", "diff_supported"];

/// Isolated sessions of one sandbox.
#[wasm_bindgen]
pub struct Isolation {
    execd: Execd,
}

impl Isolation {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

/// A request, and what becomes of its answer or of the lack of one.
pub fn route(
    method: &'static str,
    path: &str,
    what: &'static str,
    shape: impl FnOnce(Result<JsValue, Failure>) -> Result<JsValue, Failure> + 'static,
) -> Wire {
    Wire::at(method, path, &[], what).any().then(move |answer| shape(known(what, answer)))
}

/// An execd that has never heard of isolation answers 404 in plain text.
#[inline(never)]
fn known(what: &str, answer: Result<JsValue, Failure>) -> Result<JsValue, Failure> {
    answer.map_err(|failure| failure.or_not_supported(what, UNKNOWN))
}

fn unexpected(what: &str, problem: &str) -> Failure {
    Error::new(ErrorKind::UnexpectedResponse, what.to_owned() + problem).into()
}

/// An answer that must be an object.
pub fn object_of(what: &'static str, answer: Result<JsValue, Failure>) -> Result<Object, Failure> {
    answer?.dyn_into().map_err(|_| unexpected(what, ": the answer is not a JSON object"))
}

/// Every flag is there, `false` where execd does not say.
fn flags(answer: Result<JsValue, Failure>) -> Result<JsValue, Failure> {
    let found = match answer {
        Err(failure) if matches!(failure.status(), Some(404 | 501)) => {
            let none = Object::new();
            object::set(&none, "message", UNKNOWN);
            none
        }
        answer => object_of(CAPABILITIES, answer)?,
    };
    for flag in FLAGS {
        if !object::get(&found, flag).is_truthy() {
            object::set(&found, flag, false);
        }
    }
    Ok(found.into())
}

/// The path of a session.
pub fn path_of(id: &JsValue) -> Result<String, Error> {
    Ok(format!("{SESSION}/{}", rules::segment("sessionId", &args::filled("sessionId", id)?)?))
}

/// `DELETE` of a session.
pub fn delete(path: &str) -> Wire {
    route("DELETE", path, DELETE, |answer| answer.map(|_| JsValue::UNDEFINED))
}

/// A request to make a session. Checked, and passed on with all that is in it.
fn request_body(request: &JsValue) -> Result<Object, Error> {
    let request = Options::required("request", request)?;
    request.required_nested("workspace")?.check(&[("path", Kind::Filled), ("mode", Kind::Text)])?;
    request.check(&[
        ("profile", Kind::Text),
        ("uid_mode", Kind::Text),
        ("uid", Kind::Count),
        ("gid", Kind::Count),
        ("idle_timeout_seconds", Kind::Count),
        ("share_net", Kind::Boolean),
        ("extra_writable", Kind::Texts),
    ])?;
    check_binds(&request)?;
    create::check_nested(&request, "env_passthrough", &[("mode", Kind::Text), ("keys", Kind::Texts)])?;
    Ok(request.copy())
}

fn check_binds(request: &Options) -> Result<(), Error> {
    let fields = [("source", Kind::Filled), ("dest", Kind::Text), ("readonly", Kind::Boolean)];
    create::check_each(request, "binds", &fields).map(drop)
}

/// Makes a session. Left early, the request goes on unheard and the session that it may yet make is deleted: cutting it
/// off could leave one that nobody knows of.
async fn made(execd: &Execd, body: Object, call: &CallOptions) -> Result<IsolatedSession, Failure> {
    let transport = &execd.transport;
    transport.check(call)?;
    let patience = Some(Patience { signal: call.signal.clone(), until: f64::INFINITY });
    let unsignalled = call.with(|call| {
        call.signal = None;
        call.patience = patience;
    });
    let asking = route("POST", SESSION, CREATE, |answer| object_of(CREATE, answer).map(JsValue::from)).json(&body)?;
    let creating = spawn(asking.ask(execd, &unsignalled));
    let signals = transport.bare_signals(call);
    let info = time::within(&creating, f64::INFINITY, &signals).await.map_err(Failure::thrown)?;
    if info.is_undefined() {
        let (left, for_others) = (execd.clone(), call.for_others());
        let _ = promise(async move {
            if let Ok(path) = path_of(&object::get(&JsFuture::from(creating).await.unwrap_or_default(), "session_id")) {
                let _ = delete(&path).ask(&left, &for_others).await;
            }
            Ok(JsValue::UNDEFINED)
        });
        transport.check(call)?;
    }
    IsolatedSession::new(execd, info.unchecked_into()).map_err(|_| unexpected(CREATE, ": the answer has no session_id"))
}

/// What is done with a new session.
enum Work {
    /// It is the caller's.
    Keep,
    /// Runs code in it. It lives no longer than that.
    Run(Box<Plan>, JsValue),
    /// Calls a function with it. It lives no longer than that.
    Call(Function),
}

/// Makes a session and does it; deletes the session then, whatever has come of it. Nobody who has aborted waits for that.
async fn with_session(execd: Execd, wanted: Result<(Object, CallOptions, Work), Error>) -> Result<JsValue, Failure> {
    let (body, call, work) = wanted?;
    let session = made(&execd, body, &call).await?;
    let path = session.path();
    let working = match work {
        Work::Keep => return Ok(session.into()),
        Work::Run(plan, handlers) => session.drive(*plan, &handlers),
        Work::Call(function) => function
            .call1(&JsValue::UNDEFINED, &session.into())
            // A value that is no promise is its own result.
            .map(|result| Promise::resolve(&result))
            .map_err(Failure::thrown),
    };
    let result = match working {
        Ok(working) => JsFuture::from(working).await.map_err(Failure::thrown),
        Err(failure) => Err(failure),
    };
    // What came of the work is what the caller learns, not what came of the cleaning up.
    let cleaning = spawn(delete(&path).unheard().ask(&execd, &call.for_others()));
    if execd.transport.check(&call).is_ok() {
        let _ = JsFuture::from(cleaning).await;
    }
    result
}

/// `runOnce`: its options as the request for a session.
fn once_body(workspace: &JsValue, options: &Options) -> Result<Object, Error> {
    let place = Object::new();
    object::set(&place, "path", args::filled("workspace", workspace)?);
    object::set_some(&place, "mode", options.string("workspaceMode")?);
    let body = Object::new();
    object::set(&body, "workspace", place);
    object::set_some(&body, "profile", options.string("profile")?);
    object::set_some(&body, "share_net", options.boolean("shareNet")?);
    check_binds(options)?;
    let binds = options.raw("binds");
    object::set_some(&body, "binds", (!object::absent(&binds)).then_some(binds));
    Ok(body)
}

methods! { Isolation:
    "create" => create(_, _),
    "attach" => attach(_, _),
    "capabilities" => capabilities(_),
    "list" => list(_),
    "runOnce" => run_once(_, _, _, _),
    "withSession" => with_session(_, _, _),
}

impl Isolation {
    /// Makes a session.
    pub fn create(&self, request: &JsValue, options: &JsValue) -> Promise {
        let read = || Ok((request_body(request)?, CallOptions::read(options)?, Work::Keep));
        promise(with_session(self.execd.clone(), read()))
    }

    /// A handle to a session that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        let (execd, known) = (self.execd.clone(), id.clone());
        let shape = move |answer: Result<JsValue, Failure>| {
            let info = object_of(GET, answer)?;
            // What is so now is for `get()` to say; what it was made with stays.
            for passing in ["status", "last_run_at", "idle_remaining_seconds"] {
                let _ = js_sys::Reflect::delete_property(&info, &passing.into());
            }
            object::set(&info, "session_id", known);
            Ok(IsolatedSession::new(&execd, info)?.into())
        };
        let wire = path_of(id).map(|path| route("GET", &path, GET, shape));
        wire::promised(&self.execd, wire.map_err(Failure::from), options)
    }

    /// What this sandbox's execd can isolate.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        wire::promised(&self.execd, Ok(route("GET", "/v1/isolated/capabilities", CAPABILITIES, flags)), options)
    }

    /// All sessions.
    pub fn list(&self, options: &JsValue) -> Promise {
        let shape = |answer: Result<JsValue, Failure>| {
            let answer = object_of(LIST, answer)?;
            let sessions = object::get(&answer, "sessions");
            if object::absent(&sessions) {
                return Ok(Array::new().into());
            }
            if sessions.is_instance_of::<Array>() {
                return Ok(sessions);
            }
            Err(unexpected(LIST, ": the answer has no sessions"))
        };
        wire::promised(&self.execd, Ok(route("GET", "/v1/isolated/sessions", LIST, shape)), options)
    }

    /// Makes a session, runs code in it, deletes it.
    pub fn run_once(&self, code: &JsValue, workspace: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let read = || {
            let options = Options::new("options", options)?;
            let mut call = call_of(&options, call)?;
            if let Some(run) = options.nested("runOpts")? {
                call = call.or_signal(&run)?;
            }
            let handlers = options.raw("handlers");
            let plan = isolated_session::plan("", code, &options.raw("runOpts"), &call)?;
            run::check_handlers(&handlers)?;
            Ok((once_body(workspace, &options)?, call, Work::Run(Box::new(plan), handlers)))
        };
        promise(with_session(self.execd.clone(), read()))
    }

    /// Makes a session, calls a function with it, deletes it.
    pub fn with_session(&self, request: &JsValue, work: &JsValue, options: &JsValue) -> Promise {
        let read = || {
            let body = request_body(request)?;
            let work = work.dyn_ref::<Function>().cloned();
            let work = work.ok_or_else(|| Error::fixed(ErrorKind::InvalidArgument, "fn must be a function"))?;
            Ok((body, CallOptions::read(options)?, Work::Call(work)))
        };
        promise(with_session(self.execd.clone(), read()))
    }
}
