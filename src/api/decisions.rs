//! What the JavaScript that waits asks of Rust: decisions of `core`, and handles to give to the caller. `src/js/core.js` holds them by
//! their names. The arguments come from `src/js` and are what they should be.

use crate::api::methods::methods;
use crate::core::error::{Error, ErrorKind};
use crate::core::retry::{self, Attempt, Outcome, Policy};
use crate::core::{rules, secrets, url};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::{js, object};
use js_sys::Array;
use std::sync::atomic::{AtomicBool, Ordering};
use wasm_bindgen::prelude::*;

/// Private to the package: the one object of these functions.
#[wasm_bindgen]
pub struct Core;

/// Called before anything in `src/js` can ask. (Not by wasm-bindgen's own start function: its tests do not call that.)
pub fn provide() {
    static PROVIDED: AtomicBool = AtomicBool::new(false);
    if PROVIDED.swap(true, Ordering::Relaxed) {
        return;
    }
    let names = Core::METHODS.iter().map(|name| JsValue::from(*name));
    js::provide_core(Core.into(), object::array(names), wasm_bindgen::memory());
}

/// A text.
pub fn text(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

/// A number; NaN for none.
pub fn number(value: &JsValue) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Texts of an array.
pub fn texts(value: &JsValue) -> Vec<String> {
    value.unchecked_ref::<Array>().iter().map(|item| text(&item)).collect()
}

methods! { Core:
    "callOptions" => call_options(_),
    "retryDefaults" => retry_defaults(),
    "retryDelay" => retry_delay(_, _, _, _, _),
    "retryAfter" => retry_after(_, _, _),
    "mayMove" => may_move(_, _, _),
    "saysNeverSent" => says_never_sent(_),
    "isGone" => is_gone(_, _, _),
    "isUnder" => is_under(_, _),
    "endpointBase" => endpoint_base(_, _),
    "segment" => segment(_, _),
    "checkHeader" => check_header(_, _),
    "checkHeaderValue" => check_header_value(_, _),
    "readable" => readable(_),
    "mask" => mask(_, _, _),
    "maskAll" => mask_all(_, _),
    "refusal" => refusal(_, _, _, _),
    "egressMeaning" => egress_meaning(_, _, _),
    "whoAnswered" => who_answered(_, _, _),
    "relative" => relative(_, _),
    "fileToWrite" => file_to_write(_, _),
    "fileDownload" => file_download(_, _, _, _, _),
    "resumeSkip" => resume_skip(_, _, _, _),
    "newRun" => new_run(_, _),
    "newSandbox" => new_sandbox(_, _, _, _),
    "newIsolatedSession" => new_isolated_session(_, _),
}

impl Core {
    /// The options of a call, checked: see `src/js/call.js`. Throws for what is none.
    pub fn call_options(&self, options: &JsValue) -> Result<JsValue, Failure> {
        Ok(CallOptions::read(options)?.as_ref().clone())
    }

    /// The default policy: attempts, the first pause, the longest one, the longest `Retry-After`.
    pub fn retry_defaults(&self) -> JsValue {
        let Policy { attempts, initial_ms, max_ms, max_retry_after_ms, .. } = Policy::default();
        object::array([f64::from(attempts), initial_ms, max_ms, max_retry_after_ms].map(JsValue::from)).into()
    }

    /// How many milliseconds to wait before the next attempt; less than 0: give up. `policy`: see `src/js/retry.js`. `status`: less than 0 for no
    /// answer. `times`: `Retry-After` in milliseconds, NaN for none; what is left of the caller's time; a random number.
    pub fn retry_delay(
        &self,
        policy: &JsValue,
        method: &JsValue,
        count: &JsValue,
        status: &JsValue,
        times: &JsValue,
    ) -> JsValue {
        let field = |name: &str| number(&object::get(policy, name));
        let policy = Policy {
            attempts: field("attempts") as u32,
            initial_ms: field("initialDelayMillis"),
            max_ms: field("maxDelayMillis"),
            max_retry_after_ms: field("maxRetryAfterMillis"),
            posts: object::get(policy, "retryPost").is_truthy(),
        };
        let time = |index| number(&times.unchecked_ref::<Array>().get(index));
        let status = number(status);
        let attempt = Attempt {
            method: &text(method),
            number: number(count) as u32,
            outcome: if status < 0.0 { Outcome::NoAnswer } else { Outcome::Status(status as u16) },
            retry_after_ms: Some(time(0)).filter(|ms| !ms.is_nan()),
            left_ms: time(1),
            repeatable: true,
        };
        retry::decide(&policy, &attempt, time(2)).unwrap_or(-1.0).into()
    }

    /// A `Retry-After` in milliseconds, or NaN. `date`: what it is as a date, or NaN.
    pub fn retry_after(&self, said: &JsValue, now: &JsValue, date: &JsValue) -> JsValue {
        let date = number(date);
        let after = retry::retry_after(&text(said), number(now), |_| Some(date).filter(|date| !date.is_nan()));
        after.unwrap_or(f64::NAN).into()
    }

    /// See [`retry::may_move`].
    pub fn may_move(&self, method: &JsValue, repeatable: &JsValue, never_sent: &JsValue) -> JsValue {
        retry::may_move(&text(method), repeatable.is_truthy(), never_sent.is_truthy()).into()
    }

    /// See [`retry::says_never_sent`].
    pub fn says_never_sent(&self, words: &JsValue) -> JsValue {
        retry::says_never_sent(&text(words)).into()
    }

    /// See [`retry::is_gone`].
    pub fn is_gone(&self, method: &JsValue, count: &JsValue, status: &JsValue) -> JsValue {
        retry::is_gone(&text(method), number(count) as u32, number(status) as u16).into()
    }

    /// See [`url::is_under`].
    pub fn is_under(&self, address: &JsValue, base: &JsValue) -> JsValue {
        url::is_under(&text(address), &text(base)).into()
    }

    /// See [`url::endpoint_base`]. Throws for what is none.
    pub fn endpoint_base(&self, protocol: &JsValue, endpoint: &JsValue) -> Result<JsValue, Failure> {
        let base = url::endpoint_base(&text(protocol), &text(endpoint));
        Ok(base.map_err(|problem| Error::new(ErrorKind::UnexpectedResponse, problem))?.into())
    }

    /// See [`rules::segment`]: a part of a path, encoded. Throws for what cannot be one.
    pub fn segment(&self, field: &JsValue, id: &JsValue) -> Result<JsValue, Failure> {
        Ok(rules::segment(&text(field), &text(id))?.into())
    }

    /// See [`rules::header`]. Throws for what cannot be one.
    pub fn check_header(&self, name: &JsValue, value: &JsValue) -> Result<JsValue, Failure> {
        rules::header(&text(name), &text(value))?;
        Ok(JsValue::UNDEFINED)
    }

    /// See [`rules::header_value`]. Throws for what cannot be one.
    pub fn check_header_value(&self, name: &JsValue, value: &JsValue) -> Result<JsValue, Failure> {
        rules::header_value(&text(name), &text(value))?;
        Ok(JsValue::UNDEFINED)
    }

    /// See [`secrets::readable`].
    pub fn readable(&self, address: &JsValue) -> JsValue {
        secrets::readable(&text(address)).into()
    }

    /// A text without a key and without what is secret in headers: their names and values, one after the other.
    pub fn mask(&self, words: &JsValue, key: &JsValue, headers: &JsValue) -> JsValue {
        let (key, headers) = (text(key), texts(headers));
        let mut hidden = vec![key.as_str()];
        for pair in headers.chunks(2) {
            if let [name, value] = pair {
                hidden.extend(secrets::of_header(name, value));
            }
        }
        secrets::mask(&text(words), hidden).into()
    }

    /// The exception for an answer with an error status. `what` was being done: "Get sandbox failed".
    pub fn refusal(&self, status: &JsValue, said: &JsValue, request_id: &JsValue, what: &JsValue) -> JsValue {
        Failure::from_response(number(status) as u16, &text(said), request_id.as_string(), &text(what)).into()
    }
}
