//! `sandbox.waitForPort`: polls a port of the sandbox until something answers there.

use crate::api::execd::{Call, Execd};
use crate::api::poll::{Asker, Next, poll};
use crate::api::ready;
use crate::api::wire::Asked;
use crate::core::answer::{Answer, judge};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::Body;
use crate::host::time;
use crate::host::transport::Transport;
use std::rc::Rc;
use wasm_bindgen::JsValue;

const SECONDS: f64 = 30.0;
const POLL_MS: f64 = 200.0;
const ONLY_ATTEMPT_MS: f64 = 1000.0;

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

/// Polls until something answers, whatever it says. There is always one attempt.
pub fn wait(execd: &Execd, port: u16, waiting: Waiting) -> Asked {
    let deadline = time::now() + waiting.seconds * 1000.0;
    let call = waiting.call.clone();
    poll(&execd.transport, &call, Knock { at: execd.at_port(port), port, waiting, deadline, attempts: 0, last: None })
}

struct Knock {
    at: Execd,
    port: u16,
    waiting: Waiting,
    deadline: f64,
    attempts: u32,
    last: Option<Failure>,
}

impl Asker for Knock {
    fn ask(&mut self, transport: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        self.attempts += 1;
        // A limit of 0 asks how it is now: that answer needs some time, too.
        let left = self.deadline - time::now();
        let left = if self.waiting.seconds > 0.0 { left.max(1.0) } else { ONLY_ATTEMPT_MS };
        let call = transport.capped(call, left).with(|call| call.probe = true);
        Ok(Box::pin(attempt(self.at.clone(), self.waiting.path.clone(), call)))
    }

    fn judge(
        &mut self,
        answer: Result<JsValue, Failure>,
        transport: &Transport,
        call: &CallOptions,
    ) -> Result<Next, Failure> {
        let Err(failure) = answer else { return Ok(Next::Done(JsValue::UNDEFINED)) };
        transport.check(call)?;
        match verdict(&failure) {
            Some(Answer::Theirs) => return Ok(Next::Done(JsValue::UNDEFINED)),
            Some(Answer::NotYet) => {}
            Some(Answer::Gone) | None => return Err(failure),
        }
        // One that the limit has cut off says less than the one before.
        let last = match self.last.take() {
            Some(before) if failure.is(ErrorKind::Timeout) => before,
            _ => failure,
        };
        let left = self.deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Nothing answered at port {} within {} ms ({} attempts). The last one: {}",
                self.port,
                rules::short((self.waiting.seconds * 1000.0).round()),
                self.attempts,
                last.message()
            );
            return Err(Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), last.into()));
        }
        self.last = Some(last);
        Ok(Next::After(self.waiting.poll_ms.min(left)))
    }
}

/// What a failed attempt says of the port; `None` when it has nothing to do with it.
fn verdict(failure: &Failure) -> Option<Answer> {
    let error = failure.error()?;
    match error.kind {
        ErrorKind::Redirect => Some(Answer::Theirs),
        ErrorKind::Api => Some(judge(error.status, error.server_code.as_deref(), &error.message)),
        ErrorKind::Network | ErrorKind::Timeout => Some(Answer::NotYet),
        _ => None,
    }
}

/// Asks once. The headers of the answer are enough: its body may be long, or never end.
async fn attempt(at: Execd, path: String, call: CallOptions) -> Result<JsValue, Failure> {
    let call_to = Call { method: "GET", path: &path, query: &[], what: "Wait for port failed" };
    at.send_raw(call_to, Vec::new(), JsValue::UNDEFINED, &call, Body::Stream).await?.abort();
    Ok(JsValue::UNDEFINED)
}
