//! The attempts of one request: what the policy decides, the waiting, and what others are told of it.

use crate::core::retry::{Attempt, Outcome, Policy, decide};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Function, Math, Object};
use wasm_bindgen::{JsCast, JsValue};

/// How failed requests are repeated.
#[derive(Clone, Default)]
pub struct Retry {
    policy: Policy,
    off: bool,
    on_retry: Option<Function>,
}

impl Retry {
    /// This one with what `value` says: `false` for no repetition, `true` for repetition, or an object, whose fields replace
    /// those of this one. It was checked by `src/js/retry.js`.
    pub fn over(mut self, value: &JsValue) -> Self {
        if object::absent(value) {
            return self;
        }
        self.off = value.as_bool() == Some(false);
        let number = |name: &str, before: f64| object::get(value, name).as_f64().unwrap_or(before);
        let Policy { attempts, initial_ms, max_ms, max_retry_after_ms, posts } = self.policy;
        self.policy = Policy {
            attempts: number("attempts", attempts.into()) as u32,
            initial_ms: number("initialDelayMillis", initial_ms),
            max_ms: number("maxDelayMillis", max_ms),
            max_retry_after_ms: number("maxRetryAfterMillis", max_retry_after_ms),
            posts: object::get(value, "retryPost").as_bool().unwrap_or(posts),
        };
        if let Ok(hook) = object::get(value, "onRetry").dyn_into() {
            self.on_retry = Some(hook);
        }
        self
    }
}

/// An attempt that failed, and the request that it was one of.
pub struct Failed<'a> {
    /// For the decision.
    pub attempt: Attempt<'a>,
    /// The path, for people.
    pub path: &'a str,
    /// The id of the request.
    pub request_id: Option<&'a str>,
    /// What went wrong, where there was no answer.
    pub failure: Option<&'a Failure>,
}

/// Whether to ask again, and after how many milliseconds. What is left of the caller's time is not the request's alone.
pub fn pause_after(retry: &Retry, failed: &Failed<'_>, call: &CallOptions) -> Option<f64> {
    if retry.off {
        return None;
    }
    let patience = call.patience.as_ref().map_or(f64::INFINITY, |patience| patience.until - time::now());
    let attempt = Attempt { left_ms: failed.attempt.left_ms.min(patience), ..failed.attempt };
    decide(&retry.policy, &attempt, Math::random())
}

/// Tells those who want to know, and waits. Rejects when the call is aborted or the object closed meanwhile, or with what
/// `onRetry` throws.
pub async fn pause(
    transport: &Transport,
    retry: &Retry,
    failed: &Failed<'_>,
    ms: f64,
    call: &CallOptions,
) -> Result<(), Failure> {
    let Attempt { method, number, outcome, .. } = failed.attempt;
    let status = match outcome {
        Outcome::Status(status) => Some(status),
        _ => None,
    };
    let whole = ms.round();
    transport.warn(&format!(
        "{method} {}: {}, attempt {} of {} follows in {} ms, request {}",
        failed.path,
        status.map_or_else(|| "no answer".into(), |status| status.to_string()),
        number + 1,
        retry.policy.attempts,
        whole as u64,
        failed.request_id.unwrap_or("-"),
    ));
    if let Some(hook) = &retry.on_retry {
        let told = Object::new();
        object::set(&told, "attempt", number);
        object::set(&told, "attempts", retry.policy.attempts);
        object::set(&told, "delayMillis", whole);
        object::set(&told, "method", method);
        object::set(&told, "path", failed.path);
        object::set_some(&told, "statusCode", status);
        object::set_some(&told, "requestId", failed.request_id);
        object::set_some(&told, "error", failed.failure.cloned().map(JsValue::from));
        hook.call1(&JsValue::UNDEFINED, &told).map_err(Failure::thrown)?;
    }
    let waiting = match &call.patience {
        Some(patience) => call.with(|call| call.signal = patience.signal.clone()),
        None => call.clone(),
    };
    transport.sleep(ms, &waiting).await.map(drop)
}
