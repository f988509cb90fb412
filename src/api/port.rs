//! `sandbox.waitForPort`: polls a port of the sandbox until something answers there.

use crate::api::execd::Execd;
use crate::api::ready;
use crate::core::answer::{Answer, judge};
use crate::core::error::{Error, ErrorKind};
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, open};
use crate::host::time;
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
pub async fn wait(execd: &Execd, port: u16, waiting: &Waiting) -> Result<(), Failure> {
    let (transport, call) = (&execd.transport, &waiting.call);
    let deadline = time::now() + waiting.seconds * 1000.0;
    let mut attempts: u32 = 0;
    let mut last: Option<Failure> = None;
    loop {
        attempts += 1;
        // A limit of 0 asks how it is now: that answer needs some time, too.
        let left = if waiting.seconds > 0.0 { (deadline - time::now()).max(1.0) } else { ONLY_ATTEMPT_MS };
        let failure = match attempt(execd, port, &waiting.path, &transport.capped(call, left)).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        transport.check(call)?;
        match verdict(&failure) {
            Some(Answer::Theirs) => return Ok(()),
            Some(Answer::NotYet) => {}
            Some(Answer::Gone) | None => return Err(failure),
        }
        // One that the limit has cut off says less than the one before.
        let last = match last.take() {
            Some(before) if failure.is(ErrorKind::Timeout) => last.insert(before),
            _ => last.insert(failure),
        };
        let left = deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Nothing answered at port {port} within {} ms ({attempts} attempts). The last one: {}",
                rules::short((waiting.seconds * 1000.0).round()),
                last.message()
            );
            return Err(Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), last.clone().into()));
        }
        transport.sleep(waiting.poll_ms.min(left), call).await?;
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
async fn attempt(execd: &Execd, port: u16, path: &str, call: &CallOptions) -> Result<(), Failure> {
    let endpoint = execd.endpoints.get(port, call).await?;
    let request = Request::new("GET", format!("{}{path}", endpoint.base), "Wait for port failed");
    open(&execd.transport, request.to(&endpoint.base, &endpoint.headers), call).await?.abort();
    Ok(())
}
