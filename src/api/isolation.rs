//! `sandbox.isolation`: sessions that are walled off from the rest of the sandbox. Newer versions of execd have them; the
//! names are snake_case, because the official SDK passes execd's own on.

use crate::api::commands::call_of;
use crate::api::execd::{Call, Execd};
use crate::api::isolated_session::{self, IsolatedSession};
use crate::api::promise;
use crate::api::run::{self, Plan};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options, Patience};
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

/// What becomes of an answer, or of the lack of one.
type Shape = Box<dyn FnOnce(Result<JsValue, Failure>) -> Result<JsValue, Failure>>;

/// Sends a request and shapes the answer. All but creations and runs go through here, so that there is one future and not
/// eight.
pub fn asked(
    execd: &Execd,
    method: &'static str,
    path: Result<String, Error>,
    what: &'static str,
    options: Result<CallOptions, Error>,
    shape: Shape,
) -> Promise {
    let execd = execd.clone();
    promise(async move {
        let (path, call) = (path?, options?);
        shape(send(&execd, Call { method, path: &path, query: &[], what }, None, &call).await)
    })
}

async fn send(
    execd: &Execd,
    call_to: Call<'_>,
    json: Option<&JsValue>,
    call: &CallOptions,
) -> Result<JsValue, Failure> {
    let what = call_to.what;
    match execd.send(call_to, json, call).await {
        Ok(answer) => answer.json().await,
        // An execd that has never heard of isolation answers 404 in plain text.
        Err(failure) => Err(failure.or_not_supported(what, UNKNOWN)),
    }
}

/// An answer that must be an object.
pub fn object_of(what: &'static str, answer: Result<JsValue, Failure>) -> Result<Object, Failure> {
    let wrong = || Error::new(ErrorKind::UnexpectedResponse, format!("{what}: the answer is not a JSON object"));
    Ok(answer?.dyn_into().map_err(|_| wrong())?)
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
pub async fn delete(execd: &Execd, path: &str, call: &CallOptions) -> Result<JsValue, Failure> {
    let call_to = Call { method: "DELETE", path, query: &[], what: DELETE };
    send(execd, call_to, None, call).await
}

/// A request to make a session. Checked, and passed on with all that is in it.
fn request_body(request: &JsValue) -> Result<Object, Error> {
    let request = Options::required("request", request)?;
    let workspace = request.required_nested("workspace")?;
    workspace.filled("path")?;
    workspace.string("mode")?;
    for name in ["profile", "uid_mode"] {
        request.string(name)?;
    }
    for name in ["uid", "gid", "idle_timeout_seconds"] {
        request.count(name)?;
    }
    request.boolean("share_net")?;
    request.strings("extra_writable")?;
    check_binds(&request)?;
    if let Some(passed) = request.nested("env_passthrough")? {
        passed.string("mode")?;
        passed.strings("keys")?;
    }
    Ok(request.copy())
}

fn check_binds(request: &Options) -> Result<(), Error> {
    for bind in request.objects("binds")?.unwrap_or_default() {
        bind.filled("source")?;
        bind.string("dest")?;
        bind.boolean("readonly")?;
    }
    Ok(())
}

/// Makes a session. Left early, the request goes on unheard and the session that it may yet make is deleted: cutting it
/// off could leave one that nobody knows of.
async fn made(execd: &Execd, body: Object, call: &CallOptions) -> Result<IsolatedSession, Failure> {
    let transport = &execd.transport;
    transport.check(call)?;
    let patience = Some(Patience { signal: call.signal.clone(), until: f64::INFINITY });
    let (sender, unsignalled) = (
        execd.clone(),
        call.with(|call| {
            call.signal = None;
            call.patience = patience;
        }),
    );
    let creating = promise(async move {
        let call_to = Call { method: "POST", path: SESSION, query: &[], what: CREATE };
        object_of(CREATE, send(&sender, call_to, Some(&body), &unsignalled).await)
    });
    let signals = transport.bare_signals(call);
    let info = time::within(&creating, f64::INFINITY, &signals).await.map_err(Failure::thrown)?;
    if info.is_undefined() {
        let (left, for_others) = (execd.clone(), call.for_others());
        let _ = promise(async move {
            if let Ok(path) = path_of(&object::get(&JsFuture::from(creating).await.unwrap_or_default(), "session_id")) {
                let _ = delete(&left, &path, &for_others).await;
            }
            Ok(JsValue::UNDEFINED)
        });
        transport.check(call)?;
    }
    IsolatedSession::new(execd, info.unchecked_into()).map_err(|_| {
        Error::new(ErrorKind::UnexpectedResponse, format!("{CREATE}: the answer has no session_id")).into()
    })
}

/// What is done with a session that lives no longer.
enum Work {
    Run(Box<Plan>, JsValue),
    Call(Function),
}

/// Does it and deletes the session then, whatever has come of it. Nobody who has aborted waits for that.
async fn with_session(execd: Execd, wanted: Result<(Object, CallOptions, Work), Error>) -> Result<JsValue, Failure> {
    let (body, call, work) = wanted?;
    let session = made(&execd, body, &call).await?;
    let path = session.path();
    let working = match work {
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
    let (cleaner, for_others) = (execd.clone(), call.for_others());
    let cleaning = promise(async move {
        // What came of the work is what the caller learns, not what came of the cleaning up.
        let _ = delete(&cleaner, &path, &for_others).await;
        Ok(JsValue::UNDEFINED)
    });
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

#[wasm_bindgen]
impl Isolation {
    /// Makes a session.
    pub fn create(&self, request: &JsValue, options: &JsValue) -> Promise {
        let (execd, body, call) = (self.execd.clone(), request_body(request), CallOptions::read(options));
        promise(async move { made(&execd, body?, &call?).await })
    }

    /// A handle to a session that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        let (execd, known) = (self.execd.clone(), id.clone());
        let shape = move |answer| {
            let info = object_of(GET, answer)?;
            // What is so now is for `get()` to say; what it was made with stays.
            for passing in ["status", "last_run_at", "idle_remaining_seconds"] {
                let _ = js_sys::Reflect::delete_property(&info, &passing.into());
            }
            object::set(&info, "session_id", known);
            Ok(IsolatedSession::new(&execd, info)?.into())
        };
        asked(&self.execd, "GET", path_of(id), GET, CallOptions::read(options), Box::new(shape))
    }

    /// What this sandbox's execd can isolate.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        let path = Ok("/v1/isolated/capabilities".into());
        asked(&self.execd, "GET", path, CAPABILITIES, CallOptions::read(options), Box::new(flags))
    }

    /// All sessions.
    pub fn list(&self, options: &JsValue) -> Promise {
        let shape = |answer| {
            let answer = object_of(LIST, answer)?;
            let sessions = object::get(&answer, "sessions");
            if object::absent(&sessions) {
                return Ok(Array::new().into());
            }
            if sessions.is_instance_of::<Array>() {
                return Ok(sessions);
            }
            Err(Error::new(ErrorKind::UnexpectedResponse, format!("{LIST}: the answer has no sessions")).into())
        };
        let path = Ok("/v1/isolated/sessions".into());
        asked(&self.execd, "GET", path, LIST, CallOptions::read(options), Box::new(shape))
    }

    /// Makes a session, runs code in it, deletes it.
    #[wasm_bindgen(js_name = runOnce)]
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
    #[wasm_bindgen(js_name = withSession)]
    pub fn with_session(&self, request: &JsValue, work: &JsValue, options: &JsValue) -> Promise {
        let read = || {
            let body = request_body(request)?;
            let work = work.dyn_ref::<Function>().cloned();
            let work = work.ok_or_else(|| Error::invalid("fn must be a function".into()))?;
            Ok((body, CallOptions::read(options)?, Work::Call(work)))
        };
        promise(with_session(self.execd.clone(), read()))
    }
}
