//! The sidecar's two shapes of answers: JSON with a line break for success, a line of plain text for failure.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

/// On every answer: what is stored here is not enforced.
pub const ENFORCEMENT: (&str, &str) = ("opensandbox-egress-enforcement", "none");

/// Why a request was not done.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    /// 400
    pub fn bad(text: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, text.into())
    }

    /// 404
    pub fn missing(text: &str) -> Self {
        Self(StatusCode::NOT_FOUND, text.into())
    }

    /// As Go's `http.Error` writes it.
    pub fn answer(&self) -> Response<Body> {
        let mut answer = with(self.0, "text/plain; charset=utf-8", format!("{}\n", self.1));
        answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }
}

/// A method that the path does not have.
pub fn not_allowed(methods: &'static str) -> Response<Body> {
    let mut answer = Refusal(StatusCode::METHOD_NOT_ALLOWED, "method not allowed".into()).answer();
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    answer
}

/// Success.
pub fn json(status: StatusCode, value: &Value) -> Response<Body> {
    with(status, "application/json", format!("{value}\n"))
}

/// A body that is always there at once.
pub fn with(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
