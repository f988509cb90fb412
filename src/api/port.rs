//! `sandbox.waitForPort`: how to wait until something answers at a port of the sandbox. `src/js/port.js` does.

use crate::api::decisions::{Core, number, text};
use crate::api::ready;
use crate::core::answer::{Answer, judge};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::js::{self, Execd};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

const SECONDS: f64 = 30.0;
const POLL_MS: f64 = 200.0;

/// How to wait.
pub struct Waiting {
    seconds: f64,
    poll_ms: f64,
    path: String,
    call: CallOptions,
}

impl Waiting {
    /// From the options of `waitForPort`.
    pub fn read(value: &JsValue) -> Result<Self, Error> {
        let call = CallOptions::read(value)?;
        let options = Options::new("options", value)?;
        let path = options.string("path")?.unwrap_or_else(|| "/".into());
        rules::url_path("path", &path)?;
        Ok(Self {
            seconds: options.seconds("timeoutSeconds")?.unwrap_or(SECONDS),
            poll_ms: ready::interval(&options, "intervalMillis")?.unwrap_or(POLL_MS),
            path,
            call,
        })
    }
}

/// Polls until something answers, whatever it says.
pub fn wait(execd: &Execd, port: u16, waiting: Waiting) -> Promise {
    let Waiting { seconds, poll_ms, path, call } = waiting;
    js::wait_for_port(execd, port, seconds, poll_ms, &path, call.as_ref())
}

impl Core {
    /// Who has answered at a port, see [`judge`]: 0 a program, 1 a proxy that could not reach it, 2 a server that does not have the
    /// sandbox any more.
    pub fn who_answered(&self, status: &JsValue, code: &JsValue, message: &JsValue) -> JsValue {
        match judge(number(status) as u16, Some(&text(code)), &text(message)) {
            Answer::Theirs => 0,
            Answer::NotYet => 1,
            Answer::Gone => 2,
        }
        .into()
    }
}
