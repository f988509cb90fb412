//! What the JavaScript that waits asks of `core`: decisions, as functions of plain values. `src/js/core.js` holds the object.

use crate::core::error::{Error, ErrorKind};
use crate::core::retry::{self, Attempt, Outcome, Policy};
use crate::core::{rules, secrets, url};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::js;
use wasm_bindgen::prelude::*;

/// Private to the package: the one object of these functions.
#[wasm_bindgen]
pub struct Core;

/// Called before anything in `src/js` can ask. (Not by wasm-bindgen's own start function: its tests do not call that.)
pub fn provide() {
    js::provide_core(Core.into(), wasm_bindgen::memory());
}

fn thrown<T>(result: Result<T, Error>) -> Result<T, JsValue> {
    result.map_err(|error| Failure::from(error).into())
}

#[wasm_bindgen]
impl Core {
    /// The options of a call, checked: see `src/js/call.js`. Throws for what is none.
    #[wasm_bindgen(js_name = callOptions)]
    pub fn call_options(&self, options: &JsValue) -> Result<JsValue, JsValue> {
        thrown(CallOptions::read(options)).map(|call| call.as_ref().clone())
    }

    /// The default policy: attempts, the first pause, the longest one, the longest `Retry-After`.
    #[wasm_bindgen(js_name = retryDefaults)]
    pub fn retry_defaults(&self) -> Vec<f64> {
        let Policy { attempts, initial_ms, max_ms, max_retry_after_ms, .. } = Policy::default();
        vec![attempts.into(), initial_ms, max_ms, max_retry_after_ms]
    }

    /// How many milliseconds to wait before the next attempt; less than 0: give up. `status`: 0 for no answer. `retry_after_ms`: NaN for
    /// none.
    #[wasm_bindgen(js_name = retryDelay)]
    #[allow(clippy::too_many_arguments)]
    pub fn retry_delay(
        &self,
        attempts: u32,
        initial_ms: f64,
        max_ms: f64,
        max_retry_after_ms: f64,
        posts: bool,
        method: &str,
        number: u32,
        status: u16,
        retry_after_ms: f64,
        left_ms: f64,
        random: f64,
    ) -> f64 {
        let policy = Policy { attempts, initial_ms, max_ms, max_retry_after_ms, posts };
        let outcome = if status == 0 { Outcome::NoAnswer } else { Outcome::Status(status) };
        let retry_after_ms = Some(retry_after_ms).filter(|ms| !ms.is_nan());
        let attempt = Attempt { method, number, outcome, retry_after_ms, left_ms, repeatable: true };
        retry::decide(&policy, &attempt, random).unwrap_or(-1.0)
    }

    /// A `Retry-After` in milliseconds, or NaN. `date`: what it is as a date, or NaN.
    #[wasm_bindgen(js_name = retryAfter)]
    pub fn retry_after(&self, text: &str, now: f64, date: f64) -> f64 {
        retry::retry_after(text, now, |_| Some(date).filter(|date| !date.is_nan())).unwrap_or(f64::NAN)
    }

    /// See [`retry::may_move`].
    #[wasm_bindgen(js_name = mayMove)]
    pub fn may_move(&self, method: &str, repeatable: bool, never_sent: bool) -> bool {
        retry::may_move(method, repeatable, never_sent)
    }

    /// See [`retry::says_never_sent`].
    #[wasm_bindgen(js_name = saysNeverSent)]
    pub fn says_never_sent(&self, words: &str) -> bool {
        retry::says_never_sent(words)
    }

    /// See [`retry::is_gone`].
    #[wasm_bindgen(js_name = isGone)]
    pub fn is_gone(&self, method: &str, number: u32, status: u16) -> bool {
        retry::is_gone(method, number, status)
    }

    /// See [`url::is_under`].
    #[wasm_bindgen(js_name = isUnder)]
    pub fn is_under(&self, address: &str, base: &str) -> bool {
        url::is_under(address, base)
    }

    /// See [`url::endpoint_base`]. Throws for what is none.
    #[wasm_bindgen(js_name = endpointBase)]
    pub fn endpoint_base(&self, protocol: &str, endpoint: &str) -> Result<String, JsValue> {
        thrown(
            url::endpoint_base(protocol, endpoint)
                .map_err(|problem| Error::new(ErrorKind::UnexpectedResponse, problem)),
        )
    }

    /// See [`rules::segment`]: a part of a path, encoded. Throws for what cannot be one.
    pub fn segment(&self, field: &str, id: &str) -> Result<String, JsValue> {
        thrown(rules::segment(field, id))
    }

    /// See [`rules::header`]. Throws for what cannot be one.
    #[wasm_bindgen(js_name = checkHeader)]
    pub fn check_header(&self, name: &str, value: &str) -> Result<(), JsValue> {
        thrown(rules::header(name, value))
    }

    /// See [`rules::header_value`]. Throws for what cannot be one.
    #[wasm_bindgen(js_name = checkHeaderValue)]
    pub fn check_header_value(&self, name: &str, value: &str) -> Result<(), JsValue> {
        thrown(rules::header_value(name, value))
    }

    /// See [`secrets::readable`].
    pub fn readable(&self, address: &str) -> String {
        secrets::readable(address)
    }

    /// A text without a key and without what is secret in headers: their names and values, one after the other.
    pub fn mask(&self, text: &str, key: &str, headers: Vec<String>) -> String {
        let mut hidden = vec![key];
        for pair in headers.chunks(2) {
            if let [name, value] = pair {
                hidden.extend(secrets::of_header(name, value));
            }
        }
        secrets::mask(text, hidden)
    }

    /// The exception for an answer with an error status. `what` was being done: "Get sandbox failed".
    pub fn refusal(&self, status: u16, text: &str, request_id: Option<String>, what: &str) -> JsValue {
        Failure::from_response(status, text, request_id, what).into()
    }
}
