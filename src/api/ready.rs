//! How to wait until a sandbox is ready: `src/js/ready.js` does.

use crate::api::health::ping;
use crate::core::error::Error;
use crate::core::rules::{self, short};
use crate::host::args::{CallOptions, Options};
use crate::host::js::{self, Execd};
use js_sys::Promise;
use wasm_bindgen::JsValue;

const DEFAULT_SECONDS: f64 = 30.0;
const DEFAULT_POLL_MS: f64 = 200.0;

/// How to wait.
pub struct Readiness(js::Readiness);

impl AsRef<js::Readiness> for Readiness {
    fn as_ref(&self) -> &js::Readiness {
        &self.0
    }
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
        let seconds = options.seconds("readyTimeoutSeconds")?.unwrap_or(DEFAULT_SECONDS);
        let check = options.function("healthCheck")?;
        let skip = options.boolean("skipHealthCheck")?.unwrap_or(false);
        Ok(Self(js::new_readiness(seconds, poll_ms, check, skip, ping().as_ref())))
    }
}

/// Polls until the check says yes. `sandbox` is what a custom check is given.
pub fn wait(execd: &Execd, sandbox: &JsValue, readiness: Readiness, call: &CallOptions) -> Promise {
    js::wait_until_ready(execd, sandbox, readiness.as_ref(), call.as_ref())
}
