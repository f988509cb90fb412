//! Waiting until a sandbox is ready: polls a health check within a hard deadline.

use crate::api::execd::Execd;
use crate::api::health::ping;
use crate::core::error::{Error, ErrorKind};
use crate::core::rules::{self, short};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::{Failure, describe};
use crate::host::{object, time};
use js_sys::Function;
use wasm_bindgen::JsValue;

const DEFAULT_SECONDS: f64 = 30.0;
const DEFAULT_POLL_MS: f64 = 200.0;

/// How to wait.
#[derive(Clone)]
pub struct Readiness {
    seconds: f64,
    poll_ms: f64,
    check: Option<Function>,
    /// Whether not to wait at all.
    pub skip: bool,
}

/// A pause between two questions, in milliseconds.
pub fn interval(options: &Options, name: &str) -> Result<Option<f64>, Error> {
    let ms = options.number(name)?;
    match ms {
        Some(ms) if !(0.0..rules::WHOLE_LIMIT).contains(&ms) => {
            Err(Error::invalid(format!("{name} must not be negative nor endless, got {}", short(ms))))
        }
        ms => Ok(ms),
    }
}

impl Readiness {
    /// From the options of create, connect and resume; `waitUntilReady` has another name for the interval.
    pub fn read(options: &Options) -> Result<Self, Error> {
        let mut poll_ms = DEFAULT_POLL_MS;
        for name in ["healthCheckPollingInterval", "pollingIntervalMillis"] {
            poll_ms = options.number(name)?.unwrap_or(poll_ms);
            if poll_ms < 0.0 {
                return Err(Error::invalid(format!(
                    "Ready polling interval must not be negative, got: {} ({name})",
                    short(poll_ms)
                )));
            }
        }
        Ok(Self {
            seconds: options.seconds("readyTimeoutSeconds")?.unwrap_or(DEFAULT_SECONDS),
            poll_ms,
            check: options.function("healthCheck")?,
            skip: options.boolean("skipHealthCheck")?.unwrap_or(false),
        })
    }
}

impl Readiness {
    /// The same with another check.
    pub fn with_check(self, check: Function) -> Self {
        Self { check: Some(check), ..self }
    }
}

/// Polls until the check says yes. `sandbox` is what a custom check is given.
pub async fn wait(
    execd: &Execd,
    sandbox: &JsValue,
    readiness: &Readiness,
    call: &CallOptions,
) -> Result<JsValue, Failure> {
    let transport = &execd.transport;
    let deadline = time::now() + readiness.seconds * 1000.0;
    let mut attempts: u32 = 0;
    let mut last: Result<(), JsValue> = Ok(());
    loop {
        transport.check(call)?;
        attempts += 1;
        // A check that hangs is cut at the deadline: the limit is a promise. Even a limit of 0 gives it one chance.
        let left = (deadline - time::now()).max(1.0);
        last = match attempt(execd, sandbox, readiness, left, call).await {
            Ok(true) => return Ok(JsValue::UNDEFINED),
            // A check that the deadline has cut off says less than the one before.
            Ok(false) if time::now() >= deadline => last,
            Ok(false) => Ok(()),
            Err(failure) => {
                transport.check(call)?;
                Err(failure.into())
            }
        };
        let left = deadline - time::now();
        if left <= 0.0 {
            break;
        }
        transport.sleep(readiness.poll_ms.min(left), call).await?;
        if time::now() >= deadline {
            break;
        }
    }
    let detail = match &last {
        Ok(()) => "Health check returned false continuously.".to_owned(),
        Err(error) => format!("Last health check error: {}", describe(error)),
    };
    let mut message = format!(
        "Sandbox health check timed out after {}s ({attempts} attempts). {detail} Connection context: domain={}, useServerProxy={}.",
        seconds(readiness.seconds),
        transport.domain,
        transport.use_server_proxy,
    );
    if !transport.use_server_proxy {
        message.push_str(
            " If this sandbox runs in Docker bridge or remote-network mode, consider enabling useServerProxy=true. \
             You can also configure server-side [docker].host_ip for direct endpoint access.",
        );
    }
    Err(Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), last.err().unwrap_or_default()))
}

async fn attempt(
    execd: &Execd,
    sandbox: &JsValue,
    readiness: &Readiness,
    left: f64,
    call: &CallOptions,
) -> Result<bool, Failure> {
    let Some(check) = &readiness.check else {
        // The address has just been looked up.
        ping().ask(execd, &execd.transport.capped(call, left).with(|call| call.probe = true)).await?;
        return Ok(true);
    };
    let answer = check.call1(&JsValue::UNDEFINED, sandbox).map_err(Failure::thrown)?;
    if !object::get(&answer, "then").is_function() {
        return Ok(answer.is_truthy());
    }
    let answer = time::within(&answer, left, &execd.transport.bare_signals(call)).await.map_err(Failure::thrown)?;
    Ok(answer.is_truthy())
}

/// Seconds for the message, with at most one decimal: printing an f64 in full costs 14 kB of WebAssembly.
fn seconds(value: f64) -> String {
    let tenths = (value * 10.0).round();
    if tenths % 10.0 == 0.0 {
        short(tenths / 10.0)
    } else {
        format!("{}.{}", short((tenths / 10.0).floor()), short(tenths.rem_euclid(10.0)))
    }
}
