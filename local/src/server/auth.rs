//! The API key, compared in constant time, and the paths that need none.

use super::errors::Failure;
use super::state::App;
use super::www;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

/// The header the key comes in.
pub const API_KEY: &str = "open-sandbox-api-key";

/// By prefix, as in the real server: `/healthzzz` is a 404, not a 401.
const OPEN_PREFIXES: [&str; 5] = ["/health", "/docs", "/redoc", "/openapi.json", "/version"];

/// Asks for the key before anything is routed.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_open(&app, &request) {
        let given = request.headers().get(API_KEY).map(|value| value.as_bytes()).unwrap_or_default();
        if given.is_empty() {
            return Failure::api(
                StatusCode::UNAUTHORIZED,
                "MISSING_API_KEY",
                "Authentication credentials are missing. Provide API key via OPEN-SANDBOX-API-KEY header.",
            )
            .into_response();
        }
        if !bool::from(given.ct_eq(app.api_key.as_bytes())) {
            return Failure::api(
                StatusCode::UNAUTHORIZED,
                "INVALID_API_KEY",
                "Authentication credentials are invalid. Check your API key and try again.",
            )
            .into_response();
        }
    }
    next.run(request).await
}

fn is_open(app: &App, request: &Request) -> bool {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    OPEN_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
        || is_proxy(&path)
        || (matches!(*request.method(), Method::GET | Method::HEAD) && www::is_page_path(&path, app.www.is_some()))
}

/// `[/v1]/sandboxes/{id}/proxy/{digits}[/…]`; a path with `..` in it needs the key.
fn is_proxy(path: &str) -> bool {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let mut parts = path.split('/');
    parts.next() == Some("")
        && parts.next() == Some("sandboxes")
        && parts.next().is_some_and(|id| !id.is_empty())
        && parts.next() == Some("proxy")
        && parts.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        && !path.contains("..")
}

#[cfg(test)]
mod tests {
    use super::is_proxy;

    #[test]
    fn proxy_paths() {
        for open in ["/v1/sandboxes/a/proxy/80", "/sandboxes/a/proxy/80/x/y"] {
            assert!(is_proxy(open), "{open}");
        }
        for closed in [
            "/v1/sandboxes/a/proxy/http",
            "/v1/sandboxes/a/proxy/",
            "/v1/sandboxes//proxy/80",
            "/v1/sandboxes/a/proxy/80/../../b",
            "/v1/sandboxes/a/proxy/80/a..b",
            "/v2/sandboxes/a/proxy/80",
            "/v1x/sandboxes/a/proxy/80",
        ] {
            assert!(!is_proxy(closed), "{closed}");
        }
    }
}
