//! `sandbox.isolation`: sessions that are walled off from the rest of the sandbox. Newer versions of execd have them; the
//! names are snake_case, because the official SDK passes execd's own on.

use crate::api::commands::call_of;
use crate::api::isolated_session;
use crate::api::methods::methods;
use crate::api::wire::Wire;
use crate::api::{create, run, settled};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Kind, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;

const SESSION: &str = "/v1/isolated/session";

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

/// The path of a session.
pub fn path_of(id: &JsValue) -> Result<String, Error> {
    Ok(format!("{SESSION}/{}", rules::segment("sessionId", &args::filled("sessionId", id)?)?))
}

/// `GET` of a session. A session asks for itself in the same words.
pub fn get(path: &str) -> Wire {
    Wire::at("GET", path, &[], "Get isolated session failed", "object")
}

/// The promise of one of the functions of `src/js/isolation.js`.
pub fn asked(execd: &Execd, wire: &Wire, options: &JsValue, ask: fn(&Execd, &JsValue, &JsValue) -> Promise) -> Promise {
    let call = CallOptions::read(options).map_err(Failure::from);
    settled(call.map(|call| ask(execd, wire.as_ref(), call.as_ref())))
}

/// What makes a session.
fn creation(body: &Object) -> Result<Wire, Failure> {
    Wire::at("POST", SESSION, &[], "Create isolated session failed", "object").json(body)
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
        let begin = || -> Result<Promise, Failure> {
            let (body, call) = (request_body(request)?, CallOptions::read(options)?);
            Ok(js::create_isolated(&self.execd, creation(&body)?.as_ref(), call.as_ref()))
        };
        settled(begin())
    }

    /// A handle to a session that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let wire = get(&path_of(id)?);
            Ok(js::attach_isolated(&self.execd, wire.as_ref(), id, CallOptions::read(options)?.as_ref()))
        };
        settled(begin())
    }

    /// What this sandbox's execd can isolate.
    pub fn capabilities(&self, options: &JsValue) -> Promise {
        let what = "Get isolation capabilities failed";
        let wire = Wire::at("GET", "/v1/isolated/capabilities", &[], what, "object");
        asked(&self.execd, &wire, options, js::isolation_flags)
    }

    /// All sessions.
    pub fn list(&self, options: &JsValue) -> Promise {
        let wire = Wire::at("GET", "/v1/isolated/sessions", &[], "List isolated sessions failed", "object");
        asked(&self.execd, &wire, options, js::list_isolated)
    }

    /// Makes a session, runs code in it, deletes it.
    pub fn run_once(&self, code: &JsValue, workspace: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let options = Options::new("options", options)?;
            let mut call = call_of(&options, call)?;
            if let Some(run) = options.nested("runOpts")? {
                call = call.or_signal(&run)?;
            }
            let handlers = options.raw("handlers");
            let plan = isolated_session::plan("", code, &options.raw("runOpts"), &call)?;
            run::check_handlers(&handlers)?;
            let wire = creation(&once_body(workspace, &options)?)?;
            let plan = plan.handed()?;
            Ok(js::run_isolated_once(&self.execd, wire.as_ref(), call.as_ref(), &plan, &handlers))
        };
        settled(begin())
    }

    /// Makes a session, calls a function with it, deletes it.
    pub fn with_session(&self, request: &JsValue, work: &JsValue, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let body = request_body(request)?;
            let work = work.dyn_ref::<Function>();
            let work = work.ok_or_else(|| Error::fixed(ErrorKind::InvalidArgument, "fn must be a function"))?;
            let call = CallOptions::read(options)?;
            Ok(js::with_isolated(&self.execd, creation(&body)?.as_ref(), call.as_ref(), work))
        };
        settled(begin())
    }
}
