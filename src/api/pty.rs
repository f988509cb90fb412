//! `sandbox.pty`: terminals. The session itself is `src/js/pty.js`; here is what a terminal is made from.

use crate::api::methods::methods;
use crate::api::settled;
use crate::api::wire::Wire;
use crate::core::error::{Error, ErrorKind};
use crate::core::pty::{Size, dimension, launcher};
use crate::host::args::{self, CallOptions, Kind, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

/// Colours and full-screen programs: execd sets none, and bash then says `dumb`.
const TERM: (&str, &str) = ("TERM", "xterm-256color");

/// Opens terminals in the sandbox.
#[wasm_bindgen]
pub struct Pty {
    execd: Execd,
}

impl Pty {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

fn size(options: &Options) -> Result<Option<Size>, Error> {
    // 0 is one that is not given.
    let side = |name| options.number(name)?.map_or(Ok(0), |given| dimension(name, given));
    match (side("cols")?, side("rows")?) {
        (0, 0) => Ok(None),
        (0, _) | (_, 0) => Err(Error::fixed(ErrorKind::InvalidArgument, "cols and rows go together")),
        (cols, rows) => Ok(Some(Size { cols, rows })),
    }
}

/// What create and attach have in common, checked.
fn check(options: &Options) -> Result<CallOptions, Error> {
    let call = CallOptions::among(options)?;
    for name in ["idleTimeoutSeconds", "reconnectTimeoutSeconds"] {
        options.at_least_zero(name)?;
    }
    options.check(&[("takeover", Kind::Boolean), ("pipe", Kind::Boolean)])?;
    for name in ["WebSocket", "onGap", "onStateChange"] {
        options.function(name)?;
    }
    size(options)?;
    Ok(call)
}

/// The variables of a new terminal.
fn environment(options: &Options, pipe: bool) -> Result<Vec<(String, String)>, Error> {
    let mut env = options.string_map("env")?.unwrap_or_default();
    if !pipe && !env.iter().any(|(name, _)| name == TERM.0) {
        env.push((TERM.0.into(), TERM.1.into()));
    }
    Ok(env)
}

/// The request for a new terminal.
fn creation(options: &Options) -> Result<Wire, Failure> {
    let pipe = options.boolean("pipe")?.unwrap_or(false);
    let command = options.string("command")?.unwrap_or_default();
    let size = if pipe { None } else { size(options)? };
    let line = launcher(&command, &environment(options, pipe)?, size)?;
    let body = Object::new();
    object::set_some(&body, "cwd", options.string("cwd")?);
    object::set_some(&body, "command", line);
    Wire::at("POST", "/pty", &[], "Create terminal failed", "object").json(&body)
}

methods! { Pty:
    "create" => create(_),
    "attach" => attach(_, _),
    "get" => get(_, _),
    "kill" => kill(_, _),
}

impl Pty {
    /// Makes a terminal, starts its program and attaches to it.
    pub fn create(&self, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let options = Options::new("options", options)?;
            let call = check(&options)?;
            let wire = creation(&options)?;
            Ok(js::create_terminal(&self.execd, wire.as_ref(), options.value(), call.as_ref()))
        };
        settled(begin())
    }

    /// Attaches to a terminal that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let (id, options) = (args::filled("id", id)?, Options::new("options", options)?);
            let call = check(&options)?;
            options.check(&[("since", Kind::Count), ("restart", Kind::Boolean)])?;
            Ok(js::attach_terminal(&self.execd, &id, options.value(), call.as_ref()))
        };
        settled(begin())
    }

    /// What the server knows of a terminal.
    pub fn get(&self, id: &JsValue, options: &JsValue) -> Promise {
        self.named(id, options, js::terminal_status)
    }

    /// Ends a terminal's program and forgets the terminal.
    pub fn kill(&self, id: &JsValue, options: &JsValue) -> Promise {
        self.named(id, options, js::kill_terminal)
    }

    fn named(&self, id: &JsValue, options: &JsValue, ask: fn(&Execd, &str, &JsValue) -> Promise) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let (id, call) = (args::filled("id", id)?, CallOptions::read(options)?);
            Ok(ask(&self.execd, &id, call.as_ref()))
        };
        settled(begin())
    }
}
