//! Background commands: their start, the log that execd keeps of their output, and the Rust side of a handle on one.
//! `src/js/background.js` drives it.

use crate::api::execd::{Call, Execd};
use crate::api::run::{self, Plan};
use crate::api::{program, promise, shape, wire};
use crate::core::error::{Error, ErrorKind};
use crate::core::{rules, url};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Body, Response};
use crate::host::{js, object};
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const LOGS: &str = "Get command logs failed";
/// How long lost connections are waited out.
const RECONNECT_SECONDS: f64 = 60.0;

/// What a handle is made with, beside the program that it is about.
pub struct Manner {
    /// How long lost connections are waited out; 0: not at all.
    reconnect_ms: f64,
    /// Headers and time limit of its requests, where their own call says nothing.
    defaults: CallOptions,
}

impl Manner {
    /// From the options of the start or of `attach`. `call` is what goes with its requests.
    pub fn read(options: &Options, call: &CallOptions) -> Result<Self, Error> {
        let seconds = options.at_least_zero("reconnectTimeoutSeconds")?.unwrap_or(RECONNECT_SECONDS);
        Ok(Self { reconnect_ms: seconds * 1000.0, defaults: call.with(|call| call.signal = None) })
    }
}

/// Private to the package: what `src/js/background.js` asks execd with.
#[wasm_bindgen]
pub struct BackgroundDriver {
    execd: Execd,
    id: String,
    defaults: CallOptions,
}

/// `GET /command/{id}/logs`: the raw output from byte `cursor` on, as much as there is.
pub async fn logs(
    execd: &Execd,
    id: &str,
    cursor: Option<f64>,
    call: &CallOptions,
    reader: Body,
) -> Result<Response, Failure> {
    let path = logs_path(id, cursor)?;
    let call_to = Call { method: "GET", path: &path, query: &[], what: LOGS };
    execd.send_raw(call_to, Vec::new(), JsValue::UNDEFINED, call, reader).await
}

fn logs_path(id: &str, cursor: Option<f64>) -> Result<String, Error> {
    let path = format!("/command/{}/logs", rules::segment("commandId", id)?);
    Ok(match cursor {
        Some(cursor) => url::with_query(&path, &[("cursor", &rules::short(cursor))]),
        None => path,
    })
}

/// The official status. One that does not say whether the program runs is an error: it must not pass for its end.
fn status(raw: Object) -> Result<Object, Error> {
    if object::get(&raw, "running").as_bool().is_some() {
        return Ok(shape::command_status(raw));
    }
    let problem = "Get command status failed: the answer does not say whether the command is running";
    Err(Error::fixed(ErrorKind::UnexpectedResponse, problem))
}

/// Starts a command in the background; gives its handle once execd has said that it runs.
pub async fn start(execd: Execd, plan: Plan, manner: Manner) -> Result<JsValue, Failure> {
    let what = plan.what;
    let (started, request_id) = run::begin(execd.clone(), plan)?;
    let id = match JsFuture::from(started).await {
        Ok(execution) => {
            let refused = object::get(&execution, "error");
            if refused.is_object() {
                let said = |name: &str| object::text(&refused, name).filter(|text| !text.is_empty());
                let message = said("value").unwrap_or_else(|| what.into());
                // It came in a stream that had begun well: there is no status.
                return Err(Failure::from(Error::api(0, said("name"), message)).for_request(request_id()));
            }
            object::text(&execution, "id").ok_or_else(|| {
                Failure::from(Error::new(ErrorKind::UnexpectedResponse, format!("{what}: the stream has no id")))
                    .for_request(request_id())
            })?
        }
        Err(thrown) => {
            // With the id in hand nothing is lost: whether it runs is for the status to say.
            let lost =
                matches!(object::text(&thrown, "code").as_deref(), Some("STREAM_INTERRUPTED" | "STREAM_STALLED"));
            object::text(&thrown, "executionId").filter(|_| lost).ok_or(Failure::thrown(thrown))?
        }
    };
    handle(execd, id, 0.0, manner)
}

/// The handle of a command that is known from before, from what its `toJSON()` gave.
pub fn attach(execd: Execd, json: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let known = Options::required("handle", json)?;
    let id = args::filled("id", &known.raw("id"))?;
    rules::segment("id", &id)?;
    let (sandbox, here) = (args::filled("sandboxId", &known.raw("sandboxId"))?, execd.endpoints.sandbox_id());
    if sandbox != here {
        return Err(Failure::invalid(format!("sandboxId is of another sandbox: this is {here}, not {sandbox}")));
    }
    let cursor = args::count("cursor", &known.raw("cursor"))?;
    let options = Options::new("options", options)?;
    let manner = Manner::read(&options, &CallOptions::among(&options)?)?;
    handle(execd, id, cursor, manner)
}

fn handle(execd: Execd, id: String, cursor: f64, manner: Manner) -> Result<JsValue, Failure> {
    let options = Object::new();
    object::set(&options, "id", id.as_str());
    object::set(&options, "sandboxId", execd.endpoints.sandbox_id());
    object::set(&options, "cursor", cursor);
    object::set(&options, "reconnectMs", manner.reconnect_ms);
    let (shortest, longest) = program::POLL_MS;
    object::set(&options, "pollMs", object::array([shortest.into(), longest.into()]));
    let driver = BackgroundDriver { execd, id, defaults: manner.defaults };
    js::background_command(driver.into(), &options).map_err(Failure::thrown)
}

impl BackgroundDriver {
    fn call(&self, options: &JsValue) -> Result<CallOptions, Error> {
        Ok(CallOptions::read(options)?.with(|call| {
            let defaults = &self.defaults;
            call.timeout_seconds = call.timeout_seconds.or(defaults.timeout_seconds);
            if call.retry.is_none() {
                call.retry.clone_from(&defaults.retry);
            }
            if call.headers.is_empty() {
                call.headers = defaults.headers.clone();
            }
        }))
    }
}

#[wasm_bindgen]
impl BackgroundDriver {
    /// How long one request may take, in milliseconds; 0: no limit. Throws for call options that are none.
    #[wasm_bindgen(js_name = limitMs)]
    pub fn limit_ms(&self, options: &JsValue) -> Result<f64, JsValue> {
        let call = self.call(options).map_err(|error| JsValue::from(Failure::from(error)))?;
        Ok(self.execd.transport.timeout_ms(&call))
    }

    /// All that takes time: `logs` from byte `number` on (resolves with the exchange when the headers have come), `status`,
    /// `kill` (resolves when the program has ended, and when it had already), or `sleep` for `number` milliseconds (rejects
    /// when the call is aborted or the sandbox closed meanwhile). One method, because each future costs a kilobyte.
    pub fn ask(&self, what: &str, options: &JsValue, number: f64) -> Promise {
        let call = self.call(options);
        if what == "status" {
            let wire = program::status(&self.id).map(|wire| wire.shaped(status));
            return wire::started((&self.execd).into(), wire, call);
        }
        let (logged, killed) = (what == "logs", what == "kill");
        let (execd, id) = (self.execd.clone(), self.id.clone());
        promise(async move {
            let call = call?;
            if logged {
                Ok(logs(&execd, &id, Some(number), &call, Body::Stream).await?.into_exchange().into())
            } else if killed {
                program::end(&execd, &id, &call).await
            } else {
                execd.transport.sleep(number, &call).await
            }
        })
    }

    /// The exception for a log that broke in the middle; without a cause it was silent for too long.
    pub fn failure(&self, cause: JsValue, limit_ms: f64) -> JsValue {
        if cause.is_undefined() {
            let limit = rules::short(limit_ms.round());
            return Failure::from(Error::new(ErrorKind::Timeout, format!("{LOGS}: nothing more came for {limit} ms")))
                .into();
        }
        Failure::broken_body(LOGS, cause).into()
    }
}
