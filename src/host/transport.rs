//! What all requests of one object share: the configuration, the signal that `close()` fires, and whose key goes where.

use crate::core::{error::Error, rules, secrets, url};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::{Failure, closed};
use crate::host::js::{self, ConnectionConfig};
use crate::host::retry::Retry;
use crate::host::{object, time};
use js_sys::{Array, Object};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);
}

/// The header of the lifecycle server's API key.
pub const API_KEY: &str = "OPEN-SANDBOX-API-KEY";

/// One per `Sandbox` or `SandboxManager`, so that closing one leaves others that share the configuration alone.
pub struct Transport {
    /// The caller's configuration object.
    pub config: JsValue,
    /// Base of the lifecycle API, with `/v1`.
    pub base: String,
    /// `http` or `https`, for endpoints, which come without a scheme.
    pub protocol: String,
    /// For messages.
    pub domain: String,
    /// Whether endpoints are asked for with `use_server_proxy=true`.
    pub use_server_proxy: bool,
    api_key: Option<String>,
    headers: Vec<(String, String)>,
    timeout_seconds: f64,
    retry: Retry,
    logger: JsValue,
    debug: bool,
    closing: AbortController,
    closed: Cell<bool>,
}

impl Transport {
    /// From the options of a static method: `{connectionConfig, adapterFactory}`.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        if options.has("adapterFactory") {
            return Err(Failure::invalid(
                "adapterFactory is not supported: pass your own `fetch` in connectionConfig instead",
            ));
        }
        Self::new(&options.raw("connectionConfig"))
    }

    /// From a `ConnectionConfig`, an object with its fields, or nothing.
    pub fn new(config: &JsValue) -> Result<Self, Failure> {
        let given = if object::absent(config) { JsValue::from(Object::new()) } else { config.clone() };
        let config: JsValue = if object::get(&given, "getBaseUrl").is_function() {
            given
        } else {
            ConnectionConfig::new(&given).map_err(Failure::thrown)?.into()
        };
        let base = config.unchecked_ref::<ConnectionConfig>().base_url().map_err(Failure::thrown)?;
        let text = |name: &str| object::text(&config, name);
        let headers = object::texts(&object::get(&config, "headers"));
        let api_key = text("apiKey").filter(|key| !key.is_empty());
        headers.iter().try_for_each(|(name, value)| rules::header(name, value))?;
        rules::header_value("apiKey", api_key.as_deref().unwrap_or_default())?;
        Ok(Self {
            base,
            protocol: text("protocol").unwrap_or_else(|| "http".into()),
            domain: text("domain").unwrap_or_default(),
            use_server_proxy: object::get(&config, "useServerProxy").as_bool().unwrap_or(false),
            api_key,
            headers,
            timeout_seconds: object::get(&config, "requestTimeoutSeconds").as_f64().unwrap_or(30.0),
            retry: Retry::default().over(&js::check_retry(&object::get(&config, "retry")).map_err(Failure::thrown)?),
            logger: js::check_logger(&object::get(&config, "logger")).map_err(Failure::thrown)?,
            debug: object::get(&config, "debug").as_bool().unwrap_or(false),
            closing: AbortController::new(),
            closed: Cell::new(false),
            config,
        })
    }

    /// The configured `fetch`. The config's own default looks the global one up at each call.
    pub fn fetch(&self) -> JsValue {
        let configured = object::get(&self.config, "fetch");
        if configured.is_function() { configured } else { JsValue::UNDEFINED }
    }

    /// Aborts every request of this object and refuses new ones.
    pub fn close(&self) {
        self.closed.set(true);
        self.closing.abort();
    }

    /// The error of a call on a closed object.
    pub fn check_open(&self) -> Result<(), Error> {
        if self.closed.get() { Err(closed()) } else { Ok(()) }
    }

    /// The request timeout in milliseconds; 0 means none.
    pub fn timeout_ms(&self, call: &CallOptions) -> f64 {
        let seconds = call.timeout_seconds.unwrap_or(self.timeout_seconds);
        if seconds.is_finite() && seconds > 0.0 { seconds * 1000.0 } else { 0.0 }
    }

    /// The same call with its request timeout cut to what is left of a longer wait.
    pub fn capped(&self, call: &CallOptions, left_ms: f64) -> CallOptions {
        let limit = self.timeout_ms(call);
        let seconds = if limit > 0.0 { limit.min(left_ms) } else { left_ms } / 1000.0;
        call.with(|call| call.timeout_seconds = Some(seconds))
    }

    /// The same as a point in time, counted from now.
    pub fn deadline(&self, call: &CallOptions) -> Deadline {
        Deadline::of(self.timeout_ms(call))
    }

    /// How failed requests of a call are repeated.
    pub fn retry(&self, call: &CallOptions) -> Retry {
        let own = self.retry.clone();
        call.retry.as_ref().map_or(own.clone(), |value| own.over(value))
    }

    /// Pairs of a signal and what its firing means, for `src/js/http.js` and `run-reader.js`.
    pub fn signals(&self, call: &CallOptions) -> Array {
        let pairs = Array::of1(&Array::of2(&self.closing.signal(), &"closed".into()));
        if let Some(signal) = &call.signal {
            pairs.push(&Array::of2(signal, &"aborted".into()));
        }
        pairs
    }

    /// The bare signals, for waits that end early.
    pub fn bare_signals(&self, call: &CallOptions) -> Array {
        let signals = Array::of1(&self.closing.signal());
        if let Some(signal) = &call.signal {
            signals.push(signal);
        }
        signals
    }

    /// Waits, and rejects when the object was closed or the call aborted meanwhile.
    pub async fn sleep(&self, ms: f64, call: &CallOptions) -> Result<JsValue, Failure> {
        time::sleep(ms, &self.bare_signals(call)).await.map_err(Failure::thrown)?;
        self.check(call).map(|()| JsValue::UNDEFINED)
    }

    /// Rejects when the object was closed or the call aborted.
    pub fn check(&self, call: &CallOptions) -> Result<(), Failure> {
        self.check_open()?;
        match &call.signal {
            Some(signal) if object::get(signal, "aborted").is_truthy() => {
                Err(Failure::caused(Error::aborted(), object::get(signal, "reason")))
            }
            _ => Ok(()),
        }
    }

    /// The headers for `url`, and the request id among them. The API key goes under the lifecycle base and nowhere else;
    /// also when the caller put it among the headers, in whatever case.
    pub fn headers_for(
        &self,
        url: &str,
        endpoint: &[(String, String)],
        own: &[(&'static str, String)],
        call: &CallOptions,
    ) -> Result<(Object, Option<String>), Failure> {
        let home = url::is_under(url, &self.base);
        let headers = Object::new();
        let mut sent: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| {
            sent.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            sent.push((name.to_owned(), value.to_owned()));
        };
        // Ours, so that errors carry one where CORS hides the response's, and where the server has none: execd.
        let id = js::request_id().map_err(Failure::thrown)?;
        add("X-Request-ID", &id);
        let mut request_id = Some(id);
        if let (true, Some(key)) = (home, &self.api_key) {
            add(API_KEY, key);
        }
        for (name, value) in
            self.headers.iter().chain(&call.headers).filter(|(name, _)| home || !name.eq_ignore_ascii_case(API_KEY))
        {
            rules::header(name, value)?;
            add(name, value);
        }
        for (name, value) in endpoint {
            rules::header(name, value)?;
            add(name, value);
        }
        // Ours last: a caller's Content-Type beside the one of a multipart body would make it unreadable.
        for (name, value) in own {
            rules::header(name, value)?;
            add(name, value);
        }
        for (name, value) in sent {
            if name.eq_ignore_ascii_case("x-request-id") {
                request_id = Some(value.clone());
            }
            object::set(&headers, &name, value);
        }
        Ok((headers, request_id))
    }

    /// What must not be repeated of a request in a log or an error: the key, and the values of headers.
    pub fn secrets<'a>(&'a self, endpoint: &'a [(String, String)], call: &'a CallOptions) -> Vec<&'a str> {
        let mut secrets = vec![self.api_key.as_deref().unwrap_or_default()];
        for list in [&self.headers, endpoint, &call.headers] {
            for (name, value) in list {
                secrets.extend(secrets::of_header(name, value));
            }
        }
        secrets
    }

    /// One line per request. Headers, queries and bodies may hold secrets and are never shown.
    pub fn log(&self, line: &str) {
        self.write("debug", line);
    }

    /// What is worth knowing though the call may yet succeed.
    pub fn warn(&self, line: &str) {
        self.write("warn", line);
    }

    fn write(&self, level: &str, line: &str) {
        if self.debug || !self.logger.is_undefined() {
            // It catches what a logger throws.
            let _ = js::write_log(&self.logger, level, &format!("[opensandbox] {line}"));
        }
    }
}

/// Until when something must be done.
#[derive(Clone, Copy)]
pub struct Deadline {
    /// How long that was at the beginning, in milliseconds; 0: no limit.
    pub limit_ms: f64,
    until: f64,
}

impl Deadline {
    /// `limit_ms` from now; 0: no limit.
    pub fn of(limit_ms: f64) -> Self {
        Self { limit_ms, until: if limit_ms > 0.0 { time::now() + limit_ms } else { f64::INFINITY } }
    }

    /// What is left of it in milliseconds; infinite without a limit.
    pub fn left_ms(&self) -> f64 {
        self.until - time::now()
    }

    /// The same for a timer, for which 0 is no limit.
    pub fn timer_ms(&self) -> f64 {
        if self.limit_ms > 0.0 { self.left_ms().max(1.0) } else { 0.0 }
    }
}
