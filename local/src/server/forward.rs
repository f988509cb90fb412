//! Sends one HTTP request on to a server on this machine and streams the answer back, upgrades included.
//!
//! Every request has a connection of its own. Loopback makes that cheap, there is no pool that could hand out a
//! connection the other side has just closed, and when the client goes away the connection goes with it.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// For the answer to a request without a body. An upload may take as long as it takes.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);

const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Where a request goes and what is put on it.
pub struct Target {
    pub address: SocketAddr,
    /// Path and query, sent as they are.
    pub path: String,
    /// Set after the filter, in place of what the client sent.
    pub headers: HeaderMap,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Broken {
    /// Nobody listens there.
    Connect,
    /// No answer in time.
    Timeout,
    /// It was no HTTP, or it was cut.
    Answer(String),
}

/// Whether this asks for a WebSocket.
pub fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Sends `request` to `target`. Bodies are streamed both ways; an accepted upgrade becomes a tunnel.
pub async fn forward(mut request: Request<Body>, target: Target) -> Result<Response<Body>, Broken> {
    let connecting = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(target.address)).await;
    let stream = connecting.map_err(|_| Broken::Connect)?.map_err(|_| Broken::Connect)?;
    // Events are small and must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let broken = |error: hyper::Error| Broken::Answer(error.to_string());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!("forwarded connection: {error}");
        }
    }));

    let upgrade =
        (request.method() == Method::GET && is_websocket(request.headers())).then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let limited = body.is_end_stream();
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = target.path.parse::<Uri>().map_err(|error| Broken::Answer(error.to_string()))?;
    *outgoing.headers_mut() = request_headers(&parts.headers, upgrade.is_some());
    let host = target.address.to_string().parse();
    if let Ok(host) = host {
        outgoing.headers_mut().insert(header::HOST, host);
    }
    for (name, value) in &target.headers {
        outgoing.headers_mut().insert(name, value.clone());
    }

    let answering = sender.send_request(outgoing);
    let mut answer = if limited {
        let limited = tokio::time::timeout(ANSWER_LIMIT, answering).await;
        limited.map_err(|_| Broken::Timeout)?.map_err(broken)?
    } else {
        answering.await.map_err(broken)?
    };

    if let (StatusCode::SWITCHING_PROTOCOLS, Some(client)) = (answer.status(), upgrade) {
        let backend = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            let _connection = connection;
            if let (Ok(client), Ok(backend)) = (client.await, backend.await) {
                tunnel(TokioIo::new(client), TokioIo::new(backend)).await;
            }
        });
        return Ok(answer.map(Body::new));
    }
    remove_hop_by_hop(answer.headers_mut());
    Ok(answer.map(|body| {
        // The connection lives in the body: dropped when the client has read it all or gone away.
        Body::new(body.map_frame(move |frame| {
            let _ = &connection;
            frame
        }))
    }))
}

/// Carries bytes both ways until one side ends. Then both end: a WebSocket has no half-closed state, and a
/// client that is gone must not leave its terminal behind.
async fn tunnel<A, B>(client: A, backend: B)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_backend, mut to_backend) = tokio::io::split(backend);
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_backend) => {}
        _ = tokio::io::copy(&mut from_backend, &mut to_client) => {}
    }
    let _ = to_client.shutdown().await;
    let _ = to_backend.shutdown().await;
}

/// What of a request's headers goes on.
fn request_headers(headers: &HeaderMap, upgrade: bool) -> HeaderMap {
    let mut kept = headers.clone();
    remove_hop_by_hop(&mut kept);
    kept.remove(header::HOST);
    // Answered by this server already.
    kept.remove(header::EXPECT);
    if upgrade {
        for name in [header::UPGRADE, header::CONNECTION] {
            if let Some(value) = headers.get(&name) {
                kept.insert(name, value.clone());
            }
        }
    }
    kept
}

/// Removes what belongs to one connection only, and what `Connection` names.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn filter() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "a"),
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("upgrade", "h2c"),
            ("te", "trailers"),
            ("range", "bytes=0-"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let kept = request_headers(&headers, false);
        assert_eq!(kept.len(), 1);
        assert!(kept.contains_key("range"));
    }
}
