//! Waiting until code can be run: the daemon answers, and the Jupyter server behind it accepts connections.

use crate::api::commands::command_plan;
use crate::api::ready::Readiness;
use crate::core::error::Error;
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::JsValue;

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
pub fn wait(execd: &Execd, waiting: Waiting) -> Promise {
    let Waiting { readiness, on_progress, call } = waiting;
    super::settled(
        probe(CAN_CONNECT, CAN_CONNECT_SECONDS, &call)
            .map(|plan| js::wait_for_interpreter(execd, readiness.as_ref(), on_progress, &plan, call.as_ref())),
    )
}

/// The run of a command that finds something out.
pub fn probe(command: &str, seconds: f64, call: &CallOptions) -> Result<js::Plan, Failure> {
    let options = Object::new();
    object::set(&options, "timeoutSeconds", seconds);
    let mut plan = command_plan(&command.into(), &options, &JsValue::UNDEFINED)?;
    plan.call = call.clone();
    plan.handed()
}
