//! `/proxy/{port}/…`: passes a request on to a port of this machine, HTTP or an upgraded connection.

use super::errors::with_type;
use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{Request, StatusCode, Uri};
use hyper::body::Body as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::net::SocketAddr;

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

const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The client side of all forwarded requests.
pub struct Forwarder {
    client: Client<HttpConnector, Body>,
}

impl Forwarder {
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            // The application sees the Host that the client wrote.
            .set_host(false)
            .http1_title_case_headers(true)
            // What listens on a port changes while people develop it: no connection outlives its request.
            .pool_max_idle_per_host(0)
            .build(connector);
        Self { client }
    }
}

/// Forwards a request; `target` is the decoded path behind `/proxy/`.
pub async fn forward(forwarder: &Forwarder, peer: SocketAddr, target: &str, mut request: Request<Body>) -> Response {
    let (port, path) = target.split_once('/').unwrap_or((target, ""));
    if port.is_empty() {
        return plain(StatusCode::BAD_REQUEST, "port is required\n");
    }
    let Some(uri) = target_uri(port, path, request.uri().query()) else {
        return bad_gateway();
    };
    let upgrade = upgrade_of(request.headers());
    let client_side = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_11;
    strip(request.headers_mut());
    set_forwarded(request.headers_mut(), peer);
    if let Some(protocol) = &upgrade {
        set_upgrade(request.headers_mut(), protocol);
    }
    let mut response = match forwarder.client.request(request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::debug!(%error, port, "upstream");
            return bad_gateway();
        }
    };
    let switched = response.headers().get(header::UPGRADE).cloned();
    strip(response.headers_mut());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(client_side), Some(protocol)) = (client_side, switched) else {
            return bad_gateway();
        };
        set_upgrade(response.headers_mut(), &protocol);
        let server_side = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let Err(error) = tunnel(client_side, server_side).await {
                tracing::debug!(%error, "tunnel");
            }
        });
    }
    sniffed(response.map(Body::new)).await
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

async fn tunnel(
    client: hyper::upgrade::OnUpgrade,
    server: hyper::upgrade::OnUpgrade,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (client, server) = tokio::try_join!(client, server)?;
    tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await?;
    Ok(())
}

fn target_uri(port: &str, path: &str, query: Option<&str>) -> Option<Uri> {
    let port: u16 = port.parse().ok()?;
    let path = utf8_percent_encode(path, PATH);
    let path_and_query = match query {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(format!("127.0.0.1:{port}"))
        .path_and_query(PathAndQuery::try_from(path_and_query).ok()?)
        .build()
        .ok()
}

/// The protocol a request wants to switch to.
fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|option| option.trim().eq_ignore_ascii_case("upgrade")));
    headers.get(header::UPGRADE).filter(|_| wanted).cloned()
}

fn set_upgrade(headers: &mut HeaderMap, protocol: &HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, protocol.clone());
}

/// Removes what concerns one connection only.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
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
        let uri = target_uri("80", "a b/é%/x", Some("q=%2F&r")).unwrap();
        assert_eq!(uri.to_string(), "http://127.0.0.1:80/a%20b/%C3%A9%25/x?q=%2F&r");
        assert_eq!(target_uri("8080", "", None).unwrap().to_string(), "http://127.0.0.1:8080/");
        assert!(target_uri("http", "", None).is_none());
    }
}
