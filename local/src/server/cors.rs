//! The Origin check on every request, and CORS for the origins that pass it.

use super::errors::Failure;
use super::state::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY";
const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network";
/// What server 1.1.1 exposes.
const EXPOSE_STRICT: &str = "OPEN-SANDBOX-ORIGIN";
/// What a page needs besides: without these it cannot read log cursors, ranges, names or request ids.
const EXPOSE: &str =
    "X-Request-ID, EXECD-COMMANDS-TAIL-CURSOR, Content-Range, Content-Disposition, Retry-After, OPEN-SANDBOX-ORIGIN";
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");

/// Origins that may talk to this server.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Named with `--allow-origin`.
    pub named: Vec<String>,
    /// Expose no more than the real server.
    pub strict: bool,
}

/// Refuses foreign origins (WebSocket upgrades too, to which CORS does not apply), answers preflights, marks answers.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    // Browsers send one. Every one counts, so that none hides behind another.
    let allowed = request.headers().get_all(header::ORIGIN).iter().all(|origin| {
        origin.to_str().is_ok_and(|text| app.hosts.own_origin(text) || app.cors.named.iter().any(|n| n == text))
    });
    let mut response = match &origin {
        Some(origin)
            if request.method() == Method::OPTIONS
                && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) =>
        {
            return preflight(request.headers(), allowed.then_some(origin));
        }
        Some(_) if !allowed => Failure::api(
            StatusCode::FORBIDDEN,
            "ORIGIN_NOT_ALLOWED",
            "Pages of this origin may not use this server. Name the origin with --allow-origin to let them.",
        )
        .into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if let (Some(origin), true) = (origin, allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let expose = if app.cors.strict { EXPOSE_STRICT } else { EXPOSE };
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(expose));
    }
    vary_on_origin(headers);
    response
}

/// `Vary: Origin` is on every answer, also without an `Origin`: a cache must not mix them.
fn vary_on_origin(headers: &mut HeaderMap) {
    let has = headers
        .get_all(header::VARY)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("origin"));
    if !has {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

fn preflight(asked: &HeaderMap, origin: Option<&HeaderValue>) -> Response {
    let mut refused = Vec::new();
    if origin.is_none() {
        refused.push("origin");
    }
    let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !method.is_some_and(|method| METHODS.split(", ").any(|known| known.as_bytes() == method.as_bytes())) {
        refused.push("method");
    }
    if asked.get(PRIVATE_NETWORK).is_some_and(|value| value == "true") {
        refused.push("private-network");
    }
    let mut response = if refused.is_empty() {
        "OK".into_response()
    } else {
        let text = format!("Disallowed CORS {}", refused.join(", "));
        (StatusCode::BAD_REQUEST, text).into_response()
    };
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers.insert(header::VARY, HeaderValue::from_static(PREFLIGHT_VARY));
    response
}
