//! What a rejected promise carries: an error of ours, or, untouched, whatever the caller's own code threw.

use crate::core::error::{Error, ErrorBody, ErrorKind};
use crate::core::rules::short;
use crate::core::secrets;
use crate::host::js;
use crate::host::object;
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};

/// An error on its way to JavaScript. One pointer wide, as [`Error`] is and for the same reason.
#[derive(Debug, Clone)]
pub struct Failure(Box<Inner>);

#[derive(Debug, Clone)]
enum Inner {
    /// One of ours, with what belongs to it.
    Typed(Error, Details),
    /// A value that user code threw, or an exception that is complete already. It is passed on as it is.
    Thrown(JsValue),
}

/// What an exception carries beside its code and message.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The error or abort reason behind it.
    pub cause: JsValue,
    /// `X-Request-ID` of the answer, or the one that was sent.
    pub request_id: Option<String>,
    /// The answer's body, parsed.
    pub raw_body: JsValue,
    /// Whether the program goes on, where that is known.
    pub still_running: Option<bool>,
    /// The file that it is about, where there are several.
    pub path: Option<String>,
}

impl From<Error> for Failure {
    #[inline(never)]
    fn from(error: Error) -> Self {
        Self(Box::new(Inner::Typed(error, Details::default())))
    }
}

impl Failure {
    /// A value that user code threw, or an exception that is complete already.
    #[inline(never)]
    pub fn thrown(value: JsValue) -> Self {
        Self(Box::new(Inner::Thrown(value)))
    }

    /// An error with a cause.
    pub fn caused(error: Error, cause: JsValue) -> Self {
        Self::from(error).with(|details| details.cause = cause)
    }

    /// A value of the caller's is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::invalid(message.into()).into()
    }

    /// The same with other details. A thrown value has none.
    pub fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        if let Inner::Typed(_, details) = &mut *self.0 {
            change(details);
        }
        self
    }

    /// Another error with the same details.
    pub fn renamed(mut self, change: impl FnOnce(&Error) -> Option<Error>) -> Self {
        if let Inner::Typed(error, _) = &mut *self.0 {
            if let Some(other) = change(error) {
                *error = other;
            }
        }
        self
    }

    /// The error, where it is one of ours.
    pub fn error(&self) -> Option<&Error> {
        match &*self.0 {
            Inner::Typed(error, _) => Some(error),
            Inner::Thrown(_) => None,
        }
    }

    /// Its code, as JavaScript sees it; also that of an exception which is complete already.
    pub fn code(&self) -> Option<String> {
        match &*self.0 {
            Inner::Typed(error, _) => Some(error.code().to_owned()),
            Inner::Thrown(value) => object::text(value, "code"),
        }
    }

    /// Whether it is an error of ours of this kind.
    pub fn is(&self, kind: ErrorKind) -> bool {
        self.error().is_some_and(|error| error.kind == kind)
    }

    /// The same, with the id of the request that it is about.
    pub fn for_request(self, request_id: Option<String>) -> Self {
        self.with(|details| details.request_id = request_id)
    }

    /// The same, with the file that it is about.
    pub fn for_path(self, path: &str) -> Self {
        self.with(|details| details.path = Some(path.to_owned()))
    }

    /// The same, with what the server said.
    pub fn with_body(self, raw_body: JsValue) -> Self {
        self.with(|details| details.raw_body = raw_body)
    }

    /// Where the server does not know the route: an error that says so, with a code of its own.
    pub fn or_not_supported(self, what: &str, why: &str) -> Self {
        self.renamed(|error| error.is_unrouted().then(|| Error::not_supported(error.status, format!("{what}: {why}"))))
    }

    /// Makes one error of the two ways in which a server says that it does not have a part of the API: 501, and the 404 of a
    /// router that does not know the path, which has no code, where that of an unknown id has one.
    pub fn or_unsupported(self, what: &str) -> Self {
        self.renamed(|error| {
            let lacks = error.is_unrouted() || (error.kind == ErrorKind::Api && error.status == 501);
            let message = || format!("{what} not supported by this server: {}", error.message);
            lacks.then(|| Error::not_supported(error.status, message()))
        })
    }

    /// The same without any of the secrets, in case that a server repeats what it was sent.
    pub fn without(self, given: &[String]) -> Self {
        let mask = |text: &str| secrets::mask(text, given.iter().map(String::as_str));
        let tells = |value: &JsValue| {
            let text = value.as_string().or_else(|| object::stringify(value).ok()).unwrap_or_default();
            // One so long was cut off somewhere, perhaps in the middle of a secret.
            text.len() > 60_000 || mask(&text) != text
        };
        let clean = self.renamed(|error| {
            let message = mask(&error.message);
            match error.kind {
                ErrorKind::Api => Some(Error::api(error.status, error.server_code.as_deref().map(mask), message)),
                ErrorKind::Network => Some(error.clone().saying(message)),
                _ => None,
            }
        });
        clean.with(|details| {
            if tells(&details.raw_body) {
                details.raw_body = JsValue::UNDEFINED;
            }
            if mask(&describe(&details.cause)) != describe(&details.cause) {
                details.cause = JsValue::UNDEFINED;
            }
        })
    }

    /// The same without what the host's parser says of an answer that is no JSON: it quotes it.
    pub fn without_quote(self) -> Self {
        if !self.is(ErrorKind::UnexpectedResponse) {
            return self;
        }
        self.with(|details| details.cause = JsValue::UNDEFINED)
    }

    /// Whether the same request may well succeed later.
    pub fn is_retryable(&self) -> bool {
        self.error().is_some_and(Error::is_retryable)
    }

    /// HTTP status, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.error().and_then(Error::status)
    }

    /// The message, for diagnostics inside another error.
    pub fn message(&self) -> String {
        match &*self.0 {
            Inner::Typed(error, _) => error.message.clone(),
            Inner::Thrown(value) => describe(value),
        }
    }

    /// From an answer with an error status.
    pub fn from_response(status: u16, text: &str, request_id: Option<String>, fallback: &str) -> Self {
        let json = object::parse(text).filter(JsValue::is_object);
        let body = json.as_ref().map_or_else(|| ErrorBody { text: text.to_owned(), ..ErrorBody::default() }, read_body);
        let raw_body = json.unwrap_or_else(|| if text.is_empty() { JsValue::UNDEFINED } else { text.into() });
        Self::from(body.into_error(status, fallback)).for_request(request_id).with_body(raw_body)
    }
}

impl From<Failure> for JsValue {
    #[inline(never)]
    fn from(failure: Failure) -> Self {
        let (error, details) = match *failure.0 {
            Inner::Thrown(value) => return value,
            Inner::Typed(error, details) => (error, details),
        };
        let options = Object::new();
        object::set(&options, "isRetryable", error.is_retryable());
        object::set_some(&options, "statusCode", error.status());
        object::set_some(&options, "requestId", details.request_id);
        object::set_some(&options, "stillRunning", details.still_running);
        object::set_some(&options, "path", details.path);
        object::set(&options, "rawBody", details.raw_body);
        object::set(&options, "cause", details.cause);
        js::make_error(error.kind.class(), error.code(), &error.message, &options).unwrap_or_else(|thrown| thrown)
    }
}

/// The message of anything that can be thrown.
pub fn describe(value: &JsValue) -> String {
    object::text(value, "message").or_else(|| value.as_string()).unwrap_or_else(|| "a value that is no Error".into())
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
