//! Waiting until a sandbox is ready: polls a health check within a hard deadline.

use crate::api::execd::Execd;
use crate::api::health::answers;
use crate::api::poll::{Asker, Next, poll};
use crate::api::spawn;
use crate::api::wire::Asked;
use crate::core::error::{Error, ErrorKind};
use crate::core::rules::{self, short};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::{Failure, describe};
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Array, Function};
use std::rc::Rc;
use wasm_bindgen::JsValue;

const DEFAULT_SECONDS: f64 = 30.0;
const DEFAULT_POLL_MS: f64 = 200.0;

/// How it is found out whether all is ready.
enum Check {
    /// The daemon answers.
    Ping,
    /// A function of the caller's.
    Theirs(Function),
    /// One of ours.
    Ours(Box<dyn Fn() -> Asked>),
}

/// How to wait.
pub struct Readiness {
    seconds: f64,
    poll_ms: f64,
    check: Check,
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
            check: options.function("healthCheck")?.map_or(Check::Ping, Check::Theirs),
            skip: options.boolean("skipHealthCheck")?.unwrap_or(false),
        })
    }
}

impl Readiness {
    /// The same with another check.
    pub fn with_check(self, check: impl Fn() -> Asked + 'static) -> Self {
        Self { check: Check::Ours(Box::new(check)), ..self }
    }
}

/// Polls until the check says yes. `sandbox` is what a custom check is given.
pub fn wait(execd: &Execd, sandbox: JsValue, readiness: Readiness, call: &CallOptions) -> Asked {
    let deadline = time::now() + readiness.seconds * 1000.0;
    poll(
        &execd.transport,
        call,
        Checking { execd: execd.clone(), sandbox, readiness, deadline, attempts: 0, last: None },
    )
}

struct Checking {
    execd: Execd,
    sandbox: JsValue,
    readiness: Readiness,
    deadline: f64,
    attempts: u32,
    /// What the last check failed with; `None`: it said no.
    last: Option<JsValue>,
}

impl Asker for Checking {
    fn ask(&mut self, transport: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        let left = self.deadline - time::now();
        if left <= 0.0 && self.attempts > 0 {
            return Err(self.timed_out());
        }
        transport.check(call)?;
        self.attempts += 1;
        // A check that hangs is cut at the deadline: the limit is a promise. Even a limit of 0 gives it one chance.
        let left = left.max(1.0);
        let answer = match &self.readiness.check {
            Check::Ping => {
                // The address has just been looked up.
                let call = transport.capped(call, left).with(|call| call.probe = true);
                return Ok(answers().ask(&self.execd, &call));
            }
            Check::Theirs(check) => check.call1(&JsValue::UNDEFINED, &self.sandbox),
            Check::Ours(check) => Ok(spawn(check()).into()),
        };
        Ok(Box::pin(checked(answer, left, transport.bare_signals(call))))
    }

    fn judge(
        &mut self,
        answer: Result<JsValue, Failure>,
        transport: &Transport,
        call: &CallOptions,
    ) -> Result<Next, Failure> {
        let left = self.deadline - time::now();
        match answer {
            Ok(yes) if yes.is_truthy() => return Ok(Next::Done(JsValue::UNDEFINED)),
            // A check that the deadline has cut off says less than the one before.
            Ok(_) if left <= 0.0 => {}
            Ok(_) => self.last = None,
            Err(failure) => {
                transport.check(call)?;
                self.last = Some(failure.into());
            }
        }
        if left <= 0.0 { Err(self.timed_out()) } else { Ok(Next::After(self.readiness.poll_ms.min(left))) }
    }
}

impl Checking {
    fn timed_out(&mut self) -> Failure {
        let (attempts, transport) = (self.attempts, &self.execd.transport);
        let detail = match &self.last {
            None => "Health check returned false continuously.".to_owned(),
            Some(error) => format!("Last health check error: {}", describe(error)),
        };
        let mut message = format!(
            "Sandbox health check timed out after {}s ({attempts} attempts). {detail} Connection context: domain={}, useServerProxy={}.",
            seconds(self.readiness.seconds),
            transport.domain,
            transport.use_server_proxy,
        );
        if !transport.use_server_proxy {
            message.push_str(
                " If this sandbox runs in Docker bridge or remote-network mode, consider enabling useServerProxy=true. \
                 You can also configure server-side [docker].host_ip for direct endpoint access.",
            );
        }
        Failure::caused(Error::new(ErrorKind::ReadyTimeout, message), self.last.take().unwrap_or_default())
    }
}

/// What a check of the caller's says; nothing when the time is over.
async fn checked(answer: Result<JsValue, JsValue>, left: f64, signals: Array) -> Result<JsValue, Failure> {
    let answer = answer.map_err(Failure::thrown)?;
    if !object::get(&answer, "then").is_function() {
        return Ok(answer);
    }
    time::within(&answer, left, &signals).await.map_err(Failure::thrown)
}

/// Seconds for the message, with at most one decimal: printing an f64 in full costs 14 kB of WebAssembly.
fn seconds(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    // The remainder of an f64 would cost as much again.
    let (whole, tenth) = (tenths.div_euclid(10), tenths.rem_euclid(10));
    if tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") }
}
