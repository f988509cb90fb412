//! `/proxy/{port}/…`: passes a request on to a port of this machine, HTTP or an upgraded connection.

use super::errors::with_type;
use crate::forward::{self, Target};
use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, StatusCode};
use hyper::body::Body as _;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::net::{Ipv4Addr, SocketAddr};

/// What Go escapes in a path that has been decoded.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Forwards a request; `target` is the decoded path behind `/proxy/`. The application sees the `Host` that the
/// client wrote.
pub async fn forward(peer: SocketAddr, target: &str, mut request: Request<Body>) -> Response {
    let (port, path) = target.split_once('/').unwrap_or((target, ""));
    if port.is_empty() {
        return plain(StatusCode::BAD_REQUEST, "port is required\n");
    }
    let (Ok(number), Some(path)) = (port.parse::<u16>(), encoded(path, request.uri().query())) else {
        return bad_gateway();
    };
    let upgrade = forward::detach(&mut request);
    set_forwarded(request.headers_mut(), peer);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
    match forward::forward(request, Target { address, path, upgrade, answer_limit: None, title_case: true }).await {
        Ok(response) => sniffed(response).await,
        Err(broken) => {
            tracing::debug!(?broken, port, "upstream");
            bad_gateway()
        }
    }
}

/// An answer without a content type gets one from its first bytes, as Go's server does.
async fn sniffed(response: Response) -> Response {
    let headers = response.headers();
    let has_body = !response.body().is_end_stream() && !response.status().is_informational();
    if !has_body || headers.contains_key(header::CONTENT_TYPE) || headers.contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let mut chunks = body.into_data_stream();
    let first = chunks.next().await;
    if let Some(Ok(bytes)) = &first {
        let start = bytes.get(..bytes.len().min(512)).unwrap_or_default();
        let kind = HeaderValue::from_static(content_type_of(start));
        parts.headers.insert(header::CONTENT_TYPE, kind);
    }
    Response::from_parts(parts, Body::from_stream(stream::iter(first).chain(chunks)))
}

/// The cases a development server meets: HTML, XML, text, and anything else.
fn content_type_of(start: &[u8]) -> &'static str {
    let text = start.trim_ascii_start();
    let begins = |tag: &[u8]| {
        text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag))
            && matches!(text.get(tag.len()), Some(b' ' | b'>'))
    };
    let html: [&[u8]; 8] = [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title", b"<div", b"<p"];
    if html.into_iter().any(begins) {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let is_binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if start.iter().any(is_binary) {
        return "application/octet-stream";
    }
    "text/plain; charset=utf-8"
}

/// The path as Go writes it again, with the query as it came.
fn encoded(path: &str, query: Option<&str>) -> Option<PathAndQuery> {
    let path = utf8_percent_encode(path, PATH);
    let text = match query {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    PathAndQuery::try_from(text).ok()
}

/// The list starts with what came in (else with the peer, port included) and ends with the peer's address.
fn set_forwarded(headers: &mut HeaderMap, peer: SocketAddr) {
    let first = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let first = first.unwrap_or_else(|| peer.to_string());
    if let Ok(value) = HeaderValue::try_from(format!("{first}, {}", peer.ip())) {
        headers.insert("x-forwarded-for", value);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    headers.remove("x-forwarded-host");
}

fn bad_gateway() -> Response {
    plain(StatusCode::BAD_GATEWAY, "Bad Gateway\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = with_type(status, "text/plain; charset=utf-8", text.into());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_content() {
        for (start, expected) in [
            (&b"  <!DOCTYPE html>"[..], "text/html; charset=utf-8"),
            (b"<pre>", "text/plain; charset=utf-8"),
            (b"<?xml version", "text/xml; charset=utf-8"),
            ("{\"é\":1}".as_bytes(), "text/plain; charset=utf-8"),
            (b"\x00\x01", "application/octet-stream"),
        ] {
            assert_eq!(content_type_of(start), expected);
        }
    }

    #[test]
    fn paths_are_encoded_again_and_queries_are_not() {
        let text = |path, query| encoded(path, query).unwrap().to_string();
        assert_eq!(text("a b/é%/x", Some("q=%2F&r")), "/a%20b/%C3%A9%25/x?q=%2F&r");
        assert_eq!(text("", None), "/");
    }
}
