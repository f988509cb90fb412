//! Sends one HTTP request on to a server of this machine and streams the answer back, upgrades included.
//!
//! Both programs forward to ports: the server to its sandboxes, execd to what listens beside it. What they put on a
//! request, take off an answer or say about a failure is their own business.
//!
//! Every request has a connection of its own. Loopback makes that cheap, there is no pool that could hand out a
//! connection the other side has just closed, and when the client goes away the connection goes with it.

use axum::body::Body;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long one side of a tunnel may still talk after the other has ended. An answer that is under way arrives; a
/// program that does not care about the end of its input loses its connection.
const LINGER: Duration = Duration::from_secs(1);

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

/// A switch of protocols that a client asks for.
pub struct Upgrade {
    /// As it is named in the `Upgrade` header.
    pub protocol: HeaderValue,
    client: OnUpgrade,
}

/// Where a request goes, and how.
pub struct Target {
    pub address: SocketAddr,
    /// Sent as it is.
    pub path: PathAndQuery,
    /// Offered to the other side.
    pub upgrade: Option<Upgrade>,
    /// For the head of the answer; none: it may take as long as it takes.
    pub answer_limit: Option<Duration>,
    /// Write header names as Go does.
    pub title_case: bool,
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

impl From<hyper::Error> for Broken {
    fn from(error: hyper::Error) -> Self {
        Self::Answer(error.to_string())
    }
}

/// Takes off a request what belongs to the client's connection only. To be called before a header is added: a
/// client's `Connection` may name any.
pub fn detach(request: &mut Request<Body>) -> Option<Upgrade> {
    let protocol = upgrade_protocol(request.headers());
    let upgrade = protocol.map(|protocol| Upgrade { protocol, client: hyper::upgrade::on(&mut *request) });
    remove_hop_by_hop(request.headers_mut());
    upgrade
}

/// Sends a detached request. Bodies are streamed both ways; an accepted upgrade becomes a tunnel.
pub async fn forward(request: Request<Body>, target: Target) -> Result<Response<Body>, Broken> {
    let connecting = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(target.address)).await;
    let stream = connecting.map_err(|_| Broken::Connect)?.map_err(|_| Broken::Connect)?;
    // Events are small and must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .title_case_headers(target.title_case)
        .handshake(TokioIo::new(stream))
        .await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!("forwarded connection: {error}");
        }
    }));

    let (parts, body) = request.into_parts();
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = Uri::from(target.path);
    *outgoing.headers_mut() = parts.headers;
    if let Some(upgrade) = &target.upgrade {
        set_upgrade(outgoing.headers_mut(), &upgrade.protocol);
    }
    let answering = sender.send_request(outgoing);
    let mut answer = match target.answer_limit {
        Some(limit) => tokio::time::timeout(limit, answering).await.map_err(|_| Broken::Timeout)??,
        None => answering.await?,
    };

    let switched = answer.headers().get(header::UPGRADE).cloned();
    remove_hop_by_hop(answer.headers_mut());
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(upgrade), Some(protocol)) = (target.upgrade, switched) else {
            return Err(Broken::Answer("it switched protocols without being asked, or did not say to which".into()));
        };
        set_upgrade(answer.headers_mut(), &protocol);
        let backend = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            let _connection = connection;
            match tokio::try_join!(upgrade.client, backend) {
                Ok((client, backend)) => tunnel(TokioIo::new(client), TokioIo::new(backend)).await,
                Err(error) => tracing::debug!("upgrade: {error}"),
            }
        });
        return Ok(answer.map(Body::new));
    }
    Ok(answer.map(|body| {
        // The connection lives in the body: dropped when the client has read it all or gone away.
        Body::new(body.map_frame(move |frame| {
            let _ = &connection;
            frame
        }))
    }))
}

/// Carries bytes both ways. The end of one side is passed on at once and soon is the end of both: a client that is
/// gone must not leave its terminal behind.
async fn tunnel<A, B>(client: A, backend: B)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (from_client, to_client) = tokio::io::split(client);
    let (from_backend, to_backend) = tokio::io::split(backend);
    let mut up = std::pin::pin!(pipe(from_client, to_backend));
    let mut down = std::pin::pin!(pipe(from_backend, to_client));
    tokio::select! {
        ended = &mut up => if ended.is_ok() {
            let _ = tokio::time::timeout(LINGER, down).await;
        },
        ended = &mut down => if ended.is_ok() {
            let _ = tokio::time::timeout(LINGER, up).await;
        },
    }
}

/// Copies one direction to its end, and passes on the end.
async fn pipe<A: AsyncRead, B: AsyncWrite>(mut from: ReadHalf<A>, mut to: WriteHalf<B>) -> std::io::Result<()> {
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await
}

/// The protocol a request wants to switch to.
fn upgrade_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = connection_options(headers).any(|option| option.eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| wanted).cloned()
}

fn set_upgrade(headers: &mut HeaderMap, protocol: &HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, protocol.clone());
}

/// Removes what belongs to one connection only, and what `Connection` names.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = connection_options(headers).filter_map(|name| name.parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CONNECTION).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        request
    }

    #[test]
    fn what_belongs_to_one_connection_goes() {
        let mut request = request(&[
            ("connection", "close, X-Mine"),
            ("connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("upgrade", "h2c"),
            ("te", "trailers"),
            ("range", "bytes=0-"),
        ]);
        assert!(detach(&mut request).is_none());
        assert_eq!(request.headers().keys().collect::<Vec<_>>(), [header::RANGE]);
    }

    #[test]
    fn an_upgrade_needs_both_headers() {
        let asked = |headers: &[_]| detach(&mut request(headers)).map(|upgrade| upgrade.protocol);
        assert_eq!(asked(&[("connection", "keep-alive, UPGRADE"), ("upgrade", "mine")]).unwrap(), "mine");
        assert!(asked(&[("connection", "upgrade")]).is_none());
        assert!(asked(&[("upgrade", "websocket")]).is_none());
    }
}
