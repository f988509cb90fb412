//! `sandbox.isolation`: sessions that are walled off from the rest of the sandbox. Newer versions of execd have them; the
//! names are snake_case, because the official SDK passes execd's own on.

use crate::api::commands::call_of;
use crate::api::execd::{Call, Execd};
use crate::api::isolated_session::{self, IsolatedSession};
use crate::api::promise;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::{object, time};
use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const SESSION: &str = "/v1/isolated/session";
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

/// Sends a request; an execd that has never heard of isolation answers 404 in plain text.
async fn send(
    execd: &Execd,
    method: &'static str,
    path: &str,
    json: Option<&JsValue>,
    what: &'static str,
    call: &CallOptions,
) -> Result<Object, Failure> {
    let sent = execd.send(Call { method, path, query: &[], what }, json, call).await;
    sent.map_err(|failure| failure.or_not_supported(what, "this sandbox's execd has no isolated sessions"))?
        .object()
        .await
}

/// What execd can isolate. Every flag is there, `false` where execd does not say.
pub async fn capabilities(execd: &Execd, call: &CallOptions) -> Result<Object, Failure> {
    let call_to = Call {
        method: "GET",
        path: "/v1/isolated/capabilities",
        query: &[],
        what: "Get isolation capabilities failed",
    };
    let found = match execd.send(call_to, None, call).await {
        Ok(answer) => answer.object().await?,
        Err(failure) if failure.unrouted() || failure.status() == Some(501) => {
            let none = Object::new();
            object::set(&none, "message", "this sandbox's execd has no isolated sessions");
            none
        }
        Err(failure) => return Err(failure),
    };
    for flag in FLAGS {
        if !object::get(&found, flag).is_truthy() {
            object::set(&found, flag, false);
        }
    }
    Ok(found)
}

/// The path of a session.
pub fn path_of(id: &JsValue) -> Result<String, Error> {
    Ok(format!("{SESSION}/{}", rules::segment("sessionId", &args::filled("sessionId", id)?)?))
}

/// `GET` of a session.
pub async fn state(execd: &Execd, path: &str, call: &CallOptions) -> Result<Object, Failure> {
    send(execd, "GET", path, None, "Get isolated session failed", call).await
}

/// `DELETE` of a session.
pub async fn delete(execd: &Execd, path: &str, call: &CallOptions) -> Result<(), Failure> {
    let call_to = Call { method: "DELETE", path, query: &[], what: "Delete isolated session failed" };
    execd.send(call_to, None, call).await?.done().await
}

/// A request to make a session. Checked, and passed on with all that is in it.
fn request_body(request: &JsValue) -> Result<Object, Error> {
    let request = Options::required("request", request)?;
    let workspace = request.child("workspace")?;
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
    if let Some(passed) = request.child_if_any("env_passthrough")? {
        passed.string("mode")?;
        passed.strings("keys")?;
    }
    Ok(request.copy())
}

fn check_binds(request: &Options) -> Result<(), Error> {
    for bind in request.children_if_any("binds")?.unwrap_or_default() {
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
    let (sender, unsignalled) = (execd.clone(), CallOptions { signal: None, ..call.clone() });
    let creating = promise(async move {
        send(&sender, "POST", SESSION, Some(&body), "Create isolated session failed", &unsignalled).await
    });
    let signals = transport.bare_signals(call);
    let info = time::within(&creating, f64::INFINITY, &signals).await.map_err(Failure::Thrown)?;
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
        Error::UnexpectedResponse("Create isolated session failed: the answer has no session_id".into()).into()
    })
}

/// Does something with a session of its own and deletes it then, whatever has come of it. Nobody who has aborted waits
/// for that.
async fn with_session(
    execd: Execd,
    body: Object,
    call: CallOptions,
    work: impl AsyncFnOnce(IsolatedSession) -> Result<JsValue, Failure>,
) -> Result<JsValue, Failure> {
    let session = made(&execd, body, &call).await?;
    let path = session.path();
    let result = work(session).await;
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
        let (execd, path, call) = (self.execd.clone(), path_of(id), CallOptions::read(options));
        let id = id.clone();
        promise(async move {
            let info = state(&execd, &path?, &call?).await?;
            // What is so now is for `get()` to say; what it was made with stays.
            for passing in ["status", "last_run_at", "idle_remaining_seconds"] {
                let _ = js_sys::Reflect::delete_property(&info, &passing.into());
            }
            object::set(&info, "session_id", id);
            Ok(IsolatedSession::new(&execd, info)?)
        })
    }

    /// What this sandbox's execd can isolate.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move { capabilities(&execd, &call?).await })
    }

    /// All sessions.
    pub fn list(&self, options: &JsValue) -> Promise {
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move {
            let what = "List isolated sessions failed";
            let answer = send(&execd, "GET", "/v1/isolated/sessions", None, what, &call?).await?;
            let sessions = object::get(&answer, "sessions");
            if object::absent(&sessions) {
                return Ok(Array::new());
            }
            sessions
                .dyn_into()
                .map_err(|_| Error::UnexpectedResponse(format!("{what}: the answer has no sessions")).into())
        })
    }

    /// Makes a session, runs code in it, deletes it.
    #[wasm_bindgen(js_name = runOnce)]
    pub fn run_once(&self, code: &JsValue, workspace: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let read = || {
            let options = Options::new("options", options)?;
            let call = call_of(&options, call)?;
            let handlers = options.raw("handlers");
            let plan = isolated_session::plan("", code, &options.raw("runOpts"), &call)?;
            crate::api::run::check_handlers(&handlers)?;
            Ok((once_body(workspace, &options)?, plan, handlers, call))
        };
        let read: Result<_, Error> = read();
        promise(async move {
            let (body, plan, handlers, call) = read?;
            with_session(execd, body, call, async |session: IsolatedSession| session.drive(plan, &handlers).await).await
        })
    }

    /// Makes a session, calls a function with it, deletes it.
    #[wasm_bindgen(js_name = withSession)]
    pub fn with_session(&self, request: &JsValue, work: &JsValue, options: &JsValue) -> Promise {
        let (execd, body, call) = (self.execd.clone(), request_body(request), CallOptions::read(options));
        let work = work.dyn_ref::<Function>().cloned();
        promise(async move {
            let body = body?;
            let work = work.ok_or_else(|| Failure::invalid("fn must be a function"))?;
            with_session(execd, body, call?, async |session: IsolatedSession| {
                let result = work.call1(&JsValue::UNDEFINED, &session.into()).map_err(Failure::Thrown)?;
                // A value that is no promise is its own result.
                JsFuture::from(Promise::resolve(&result)).await.map_err(Failure::Thrown)
            })
            .await
        })
    }
}
