//! The playground's files, and what stands at `/` without them.

use super::errors::Failure;
use super::state::App;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use tower::ServiceExt;
use tower_http::services::ServeDir;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ABOUT: &str = "This is opensandbox-local, an OpenSandbox-compatible server for development on one machine.\nThe API is at /v1 and needs the header OPEN-SANDBOX-API-KEY. Start with --www DIR to serve a page here.\n";
/// First path segments of the API: never files, also where a route is missing.
const API: [&str; 6] = ["v1", "sandboxes", "snapshots", "pools", "templates", "metrics"];

/// Whether a (decoded) path is a file of the page, which needs no key.
pub fn is_page_path(path: &str, has_files: bool) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    path == "/" || (has_files && !API.contains(&first))
}

/// Everything that is no route.
pub async fn serve(app: &App, request: Request<Body>) -> Response<Body> {
    let page = matches!(*request.method(), Method::GET | Method::HEAD)
        && is_page_path(request.uri().path(), app.www.is_some());
    if !page {
        return Failure::NotFound.into_response();
    }
    let Some(dir) = &app.www else {
        return ABOUT.into_response();
    };
    let served = match ServeDir::new(dir).oneshot(request).await {
        Ok(served) => served.map(Body::new),
        Err(never) => match never {},
    };
    let mut answer = if served.status() == StatusCode::NOT_FOUND { Failure::NotFound.into_response() } else { served };
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
