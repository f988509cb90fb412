//! Waiting until code can be run: the daemon answers, and the Jupyter server behind it accepts connections.

use crate::api::commands::command_plan;
use crate::api::execd::Execd;
use crate::api::health::ping;
use crate::api::ready::{self, Readiness};
use crate::api::run;
use crate::api::wire::Asked;
use crate::core::error::{Error, ErrorKind};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::object;
use js_sys::{Function, Object};
use std::cell::Cell;
use std::future;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// execd finds Jupyter by this variable, and programs inherit it. Where it is not set there is nothing to wait for, or nobody
/// who knows where it is. Any answer will do: it may want a token.
const CAN_CONNECT: &str = "exec 2>/dev/null; [ -n \"$JUPYTER_HOST\" ] || exit 0
if command -v curl >/dev/null; then exec curl -s -o /dev/null -m 2 \"$JUPYTER_HOST/api\"; fi
a=${JUPYTER_HOST#*://}; a=${a%%/*}; h=${a%:*}; p=${a##*:}; [ \"$h\" != \"$p\" ] || p=80
if command -v python3 >/dev/null; then
  exec python3 -c 'import socket, sys; socket.create_connection(sys.argv[1:], 2)' \"$h\" \"$p\"
fi
if command -v bash >/dev/null; then exec bash -c 'exec 3<>\"/dev/tcp/$0/$1\"' \"$h\" \"$p\"; fi";
const CAN_CONNECT_SECONDS: f64 = 5.0;

/// How to wait.
pub struct Waiting {
    readiness: Readiness,
    on_progress: Option<Function>,
    call: CallOptions,
}

impl Waiting {
    /// From the options of `waitUntilReady`.
    pub fn read(options: &JsValue) -> Result<Self, Error> {
        let options = Options::new("options", options)?;
        Ok(Self {
            readiness: Readiness::read(&options)?,
            on_progress: options.function("onProgress")?,
            call: CallOptions::among(&options)?,
        })
    }
}

/// Polls until both answer.
pub fn wait(execd: &Execd, waiting: Waiting) -> Asked {
    let Waiting { readiness, on_progress, call } = waiting;
    if readiness.skip {
        return Box::pin(future::ready(Ok(JsValue::UNDEFINED)));
    }
    let (service, for_check, attempts) = (execd.clone(), call.clone(), Cell::new(0_u32));
    let readiness = readiness.with_check(move || {
        attempts.set(attempts.get() + 1);
        Box::pin(attempt(service.clone(), for_check.clone(), on_progress.clone(), attempts.get()))
    });
    ready::wait(execd, JsValue::UNDEFINED, readiness, &call)
}

async fn attempt(
    execd: Execd,
    call: CallOptions,
    on_progress: Option<Function>,
    attempts: u32,
) -> Result<JsValue, Failure> {
    let tell = |waiting_for: &str| -> Result<(), Failure> {
        let Some(on_progress) = &on_progress else { return Ok(()) };
        let progress = Object::new();
        object::set(&progress, "waitingFor", waiting_for);
        object::set(&progress, "attempts", attempts);
        on_progress.call1(&JsValue::UNDEFINED, &progress).map(drop).map_err(Failure::thrown)
    };
    tell("execd")?;
    ping().ask(&execd, &call.with(|call| call.probe = true)).await?;
    tell("jupyter")?;
    let options = Object::new();
    object::set(&options, "timeoutSeconds", CAN_CONNECT_SECONDS);
    let plan = command_plan(&CAN_CONNECT.into(), &options, &JsValue::UNDEFINED)?;
    let plan = run::Plan { call, ..plan };
    let running = run::drive(execd, plan, &JsValue::UNDEFINED)?;
    let execution = JsFuture::from(running).await.map_err(Failure::thrown)?;
    if object::get(&execution, "exitCode").as_f64() == Some(0.0) {
        return Ok(JsValue::TRUE);
    }
    Err(Error::fixed(ErrorKind::Network, "Jupyter does not accept connections at JUPYTER_HOST yet").into())
}
