//! `sandbox.waitForPort`: polls a port of the sandbox until something answers there.

use crate::api::execd::Execd;
use crate::core::answer::{Answer, judge};
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Request, send};
use crate::host::time;
use wasm_bindgen::JsValue;

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
            poll_ms: options.number("intervalMillis")?.unwrap_or(POLL_MS).max(0.0),
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
    loop {
        attempts += 1;
        let left = (deadline - time::now()).max(1.0);
        let failure = match attempt(execd, port, &waiting.path, &transport.capped(call, left)).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        transport.check(call)?;
        match &failure {
            Failure::Typed(Error::Redirect(_), _) => return Ok(()),
            Failure::Typed(Error::Api { status, code, message }, _) => match judge(*status, code.as_deref(), message) {
                Answer::Theirs => return Ok(()),
                Answer::Gone => return Err(failure),
                Answer::NotYet => {}
            },
            Failure::Typed(Error::Network(_) | Error::Timeout(_), _) => {}
            _ => return Err(failure),
        }
        let left = deadline - time::now();
        if left <= 0.0 {
            let message = format!(
                "Nothing answered at port {port} within {} ms ({attempts} attempts). The last one: {}",
                rules::short((waiting.seconds * 1000.0).round()),
                failure.message()
            );
            return Err(Failure::caused(Error::ReadyTimeout(message), failure.into()));
        }
        transport.sleep(waiting.poll_ms.min(left), call).await?;
    }
}

/// Asks once. The headers of the answer are enough: its body may be long, or never end.
async fn attempt(execd: &Execd, port: u16, path: &str, call: &CallOptions) -> Result<(), Failure> {
    let endpoint = execd.endpoints.get(port, call).await?;
    let request = Request::new("GET", format!("{}{path}", endpoint.base), "Wait for port failed");
    send(&execd.transport, request.to(&endpoint.headers), call).await?.abort();
    Ok(())
}
