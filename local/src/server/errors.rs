//! The error shapes of the API: application errors, 422 lists, router errors and the plain 500.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Why a request was not done.
#[derive(Debug)]
pub enum Failure {
    /// `{"code","message"}`
    Api(StatusCode, &'static str, String),
    /// `{"detail":[…]}`, status 422
    Invalid(Vec<Value>),
    /// `{"detail":"Not Found"}`
    NotFound,
    /// `{"detail":"Method Not Allowed"}` and `Allow`
    MethodNotAllowed(&'static str),
}

impl Failure {
    /// An application error.
    pub fn api(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::Api(status, code, message.into())
    }

    /// 400 `SANDBOX::INVALID_PARAMETER`.
    pub fn parameter(message: impl Into<String>) -> Self {
        Self::api(StatusCode::BAD_REQUEST, "SANDBOX::INVALID_PARAMETER", message)
    }

    /// 404 for a sandbox id.
    pub fn no_sandbox(id: &str) -> Self {
        Self::api(StatusCode::NOT_FOUND, "DOCKER::SANDBOX_NOT_FOUND", format!("Sandbox {id} not found."))
    }

    /// One 422 entry.
    pub fn invalid(kind: &str, loc: Value, msg: &str, input: &Value, ctx: Option<Value>) -> Self {
        Self::Invalid(vec![detail(kind, loc, msg, input, ctx)])
    }

    /// What a WebSocket close frame says instead of a body.
    pub fn reason(&self) -> String {
        match self {
            Self::Api(_, code, message) => json!({ "code": code, "message": message }).to_string(),
            Self::Invalid(_) => "Unprocessable Entity".into(),
            Self::NotFound => "Not Found".into(),
            Self::MethodNotAllowed(_) => "Method Not Allowed".into(),
        }
    }
}

/// One entry of a 422 list. Like the real server it echoes the offending value.
pub fn detail(kind: &str, loc: Value, msg: &str, input: &Value, ctx: Option<Value>) -> Value {
    let mut entry = json!({ "type": kind, "loc": loc, "msg": msg, "input": input });
    if let (Some(ctx), Some(map)) = (ctx, entry.as_object_mut()) {
        map.insert("ctx".into(), ctx);
    }
    entry
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Api(status, code, message) => {
                (status, Json(json!({ "code": code, "message": message }))).into_response()
            }
            Self::Invalid(list) => (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": list }))).into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, Json(json!({ "detail": "Not Found" }))).into_response(),
            Self::MethodNotAllowed(allow) => (
                StatusCode::METHOD_NOT_ALLOWED,
                [(header::ALLOW, HeaderValue::from_static(allow))],
                Json(json!({ "detail": "Method Not Allowed" })),
            )
                .into_response(),
        }
    }
}
