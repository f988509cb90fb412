//! The error answers of execd: `{"code":…,"message":…}` and the few that look different.

use super::json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::io;

/// A request that failed before anything was streamed.
#[derive(Debug)]
pub struct Failure {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST_BODY", message)
    }

    pub fn missing_query(name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MISSING_QUERY", format!("missing query parameter '{name}'"))
    }

    pub fn missing_path_parameter(name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MISSING_QUERY", format!("missing path parameter '{name}'"))
    }

    pub fn runtime(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "RUNTIME_ERROR", message)
    }

    pub fn context_not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "CONTEXT_NOT_FOUND", message)
    }

    /// An operation on a file failed: 404 when it is not there, else 500. `text` is the whole error text.
    pub fn file(error: &io::Error, text: impl Into<String>) -> Self {
        let text = text.into();
        if error.kind() == io::ErrorKind::NotFound {
            Self::new(StatusCode::NOT_FOUND, "FILE_NOT_FOUND", format!("file not found. {text}"))
        } else {
            Self::runtime(format!("error accessing file: {text}"))
        }
    }

    /// The JSON body, also appended as it is to a stream that has already begun.
    pub fn body(&self) -> Vec<u8> {
        json::encode(&ErrorBody { code: self.code, message: &self.message })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        json_bytes(self.status, self.body())
    }
}

/// What the operating system says, in Go's lower-case words: `no such file or directory`.
pub fn os_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_lowercase(),
        None => error.to_string(),
    }
}

/// 200 with a JSON value.
pub fn success<T: Serialize>(value: &T) -> Response {
    json_bytes(StatusCode::OK, json::encode(value))
}

/// 200 with nothing at all, not even a content type.
pub fn empty() -> Response {
    Response::new(Body::empty())
}

pub fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    with_type(status, "application/json; charset=utf-8", body)
}

/// The router's own 404.
pub fn page_not_found() -> Response {
    with_type(StatusCode::NOT_FOUND, "text/plain", b"404 page not found".to_vec())
}

pub fn unauthorized() -> Response {
    json_bytes(
        StatusCode::UNAUTHORIZED,
        br#"{"error":"Unauthorized: invalid or missing header X-EXECD-ACCESS-TOKEN"}"#.to_vec(),
    )
}

pub fn with_type(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
