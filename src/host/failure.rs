//! What is thrown, or what a promise is rejected with: an exception of ours, or, untouched, whatever the caller's own code threw.

use crate::core::error::{Error, ErrorBody};
use crate::core::rules::short;
use crate::host::js;
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};

/// An exception on its way to JavaScript.
#[derive(Debug, Clone)]
pub struct Failure(JsValue);

impl From<Error> for Failure {
    #[inline(never)]
    fn from(error: Error) -> Self {
        Self::made(&error, &Object::new())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl Failure {
    /// A value that user code threw, or an exception that is complete already.
    pub fn thrown(value: JsValue) -> Self {
        Self(value)
    }

    /// An error with a cause.
    pub fn caused(error: Error, cause: JsValue) -> Self {
        let options = Object::new();
        object::set(&options, "cause", cause);
        Self::made(&error, &options)
    }

    /// A value of the caller's is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::invalid(message.into()).into()
    }

    /// From an answer with an error status. `what` was being done, for a server that says nothing.
    pub fn from_response(status: u16, text: &str, request_id: Option<String>, what: &str) -> Self {
        let json = object::parse(text).filter(JsValue::is_object);
        let body = json.as_ref().map_or_else(|| ErrorBody { text: text.to_owned(), ..ErrorBody::default() }, read_body);
        let raw_body = json.unwrap_or_else(|| if text.is_empty() { JsValue::UNDEFINED } else { text.into() });
        let options = Object::new();
        object::set_some(&options, "requestId", request_id);
        object::set(&options, "rawBody", raw_body);
        Self::made(&body.into_error(status, what), &options)
    }

    fn made(error: &Error, options: &Object) -> Self {
        object::set(options, "isRetryable", error.is_retryable());
        object::set_some(options, "statusCode", error.status());
        let made = js::make_error(error.kind.class(), error.code(), &error.message, options);
        Self(made.unwrap_or_else(|thrown| thrown))
    }
}

/// The four error shapes of the servers: `{code,message}`, `{detail:[…]}`, `{detail:"…"}`, `{error:"…"|{code,message}}`.
fn read_body(json: &JsValue) -> ErrorBody {
    let (error, detail) = (object::get(json, "error"), object::get(json, "detail"));
    let text = |value: &JsValue, name: &str| object::text(value, name);
    let mut details = Vec::new();
    if let Some(list) = detail.dyn_ref::<Array>() {
        for item in list.iter() {
            details.push(validation(&item));
        }
    }
    ErrorBody {
        code: text(json, "code").or_else(|| text(&error, "code")),
        message: text(json, "message")
            .or_else(|| text(&error, "message"))
            .or_else(|| error.as_string())
            .or_else(|| detail.as_string()),
        details,
        text: String::new(),
    }
}

/// One entry of FastAPI's list. Its `input` and `ctx` echo the request and are not read.
fn validation(item: &JsValue) -> (String, String) {
    let loc = object::get(item, "loc");
    let mut place = String::new();
    if let Some(loc) = loc.dyn_ref::<Array>() {
        for (index, part) in loc.iter().enumerate() {
            if index > 0 {
                place.push('.');
            }
            // Not `Array.join`: it calls what a hostile server may put there as `toString`.
            place.push_str(&part.as_string().or_else(|| part.as_f64().map(short)).unwrap_or_default());
        }
    }
    (place, object::text(item, "msg").unwrap_or_default())
}
