//! One isolated session.

use crate::api::commands::{call_of, driven};
use crate::api::decisions::Core;
use crate::api::files::Files;
use crate::api::isolation::{asked, get, path_of};
use crate::api::methods::methods;
use crate::api::run::{Plan, Reading};
use crate::api::wire::{self, Wire};
use crate::core::error::Error;
use crate::core::run::Endpoint;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Object, Promise};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;

/// A session, and the path of its routes.
#[wasm_bindgen]
pub struct IsolatedSession {
    execd: Execd,
    path: String,
    info: JsValue,
    files: OnceCell<JsValue>,
}

/// A run as a request. It ends when its connection does, so there is nothing to interrupt. execd sends nothing before the
/// first output and no pings, so silence means nothing unless the caller says otherwise.
pub fn plan(path: &str, code: &JsValue, options: &JsValue, call: &CallOptions) -> Result<Plan, Error> {
    let options = Options::new("options", options)?;
    let body = Object::new();
    object::set(&body, "code", args::filled("code", code)?);
    if options.string_map("envs")?.is_some() {
        object::set_some(&body, "envs", options.object("envs")?);
    }
    let seconds = options.count("timeout_seconds")?;
    let reading = Reading::read(&options)?;
    object::set_some(&body, "timeout_seconds", seconds.filter(|seconds| *seconds > 0.0));
    Ok(Plan {
        endpoint: Endpoint::Session,
        path: format!("{path}/run"),
        body: Some(body),
        what: "Run in isolated session failed",
        timeout_ms: seconds.unwrap_or(0.0) * 1000.0,
        interrupts: false,
        call: call.clone(),
        reading: Reading {
            start_ms: reading.start_ms.or(Some(0.0)),
            idle_ms: reading.idle_ms.or(Some(0.0)),
            ..reading
        },
    })
}

impl Core {
    /// A session from what execd says of it. Throws where that has no id.
    pub fn new_isolated_session(&self, execd: &JsValue, info: &JsValue) -> Result<JsValue, Failure> {
        let path = path_of(&object::get(info, "session_id"))?;
        let (execd, info) = (execd.clone().unchecked_into(), info.clone());
        Ok(IsolatedSession { execd, path, info, files: OnceCell::new() }.into())
    }
}

impl IsolatedSession {
    fn removal(&self, answer: &str) -> Wire {
        Wire::at("DELETE", &self.path, &[], "Delete isolated session failed", answer)
    }
}

methods! { IsolatedSession:
    get "sessionId" => session_id(),
    get "info" => info(),
    get "files" => files(),
    "run" => run(_, _, _, _),
    "get" => get(_),
    "delete" => remove(_),
    "asyncDispose" => dispose_async(),
}

impl IsolatedSession {
    /// Its id.
    pub fn session_id(&self) -> JsValue {
        object::get(&self.info, "session_id")
    }

    /// What execd said of it when it was made or attached to.
    pub fn info(&self) -> JsValue {
        self.info.clone()
    }

    /// Files and directories as the session sees them.
    pub fn files(&self) -> JsValue {
        self.files.get_or_init(|| Files::new(self.execd.below(&self.path)).into()).clone()
    }

    /// Runs code in the session's shell.
    pub fn run(&self, code: &JsValue, options: &JsValue, handlers: &JsValue, signal: &JsValue) -> Promise {
        let made = Options::new("options", options)
            .and_then(|read| call_of(&read, signal))
            .and_then(|call| plan(&self.path, code, options, &call));
        driven(&self.execd, made, handlers.clone())
    }

    /// How it is.
    pub fn get(&self, options: &JsValue) -> Promise {
        asked(&self.execd, &get(&self.path), options, js::ask_isolation)
    }

    /// Ends it and all that runs in it.
    pub fn remove(&self, options: &JsValue) -> Promise {
        asked(&self.execd, &self.removal("json"), options, js::ask_isolation)
    }

    /// `await using`: ends it. One that has ended already is no error.
    pub fn dispose_async(&self) -> Promise {
        wire::promised(self.execd.as_ref(), Ok(self.removal("nothing").outcome("gone")), &JsValue::UNDEFINED)
    }
}
