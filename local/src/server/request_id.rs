//! `X-Request-ID`: taken from the request or made, and put on every response.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The header's name.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer. The request itself is left as it came: a made id is not forwarded to a sandbox.
pub async fn layer(request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .map(HeaderValue::as_bytes)
        .map(<[u8]>::trim_ascii)
        .filter(|value| !value.is_empty())
        .and_then(|value| HeaderValue::from_bytes(value).ok());
    let id = given.or_else(|| HeaderValue::from_str(&uuid::Uuid::new_v4().simple().to_string()).ok());
    let mut response = next.run(request).await;
    if let Some(id) = id {
        // Overwrites what a sandbox answered through the proxy, as the real server does.
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
