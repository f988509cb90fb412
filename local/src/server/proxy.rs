//! The server proxy: `/sandboxes/{id}/proxy/{port}[/{path}]`, HTTP and WebSocket.

use super::auth::API_KEY;
use super::checks::Checker;
use super::endpoints::{EGRESS_PORT, EXECD_PORT, valid_port};
use super::errors::Failure;
use super::state::App;
use crate::execd::TOKEN_HEADER;
use crate::forward::{self, Broken, Target};
use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::uri::{InvalidUri, PathAndQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const EXECD_TOKEN: HeaderName = HeaderName::from_static(TOKEN_HEADER);
/// For the answer to a request without a body. An upload may take as long as it takes.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);
/// Secrets of the page or the tenant: never for a sandbox.
const SECRET: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static(API_KEY),
    HeaderName::from_static("opensandbox-secure-access"),
];
/// Not believed when a client sends them.
const FORWARDED: [HeaderName; 6] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];
/// Would act on this server's origin, which the playground shares. CORS is this server's own business.
const ORIGIN_WIDE: [HeaderName; 8] = [
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("clear-site-data"),
    header::SERVER,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
];
/// An opaque origin: a page out of a sandbox cannot read this origin's pages, storage or answers.
const JAIL: HeaderValue = HeaderValue::from_static("sandbox allow-scripts allow-forms");

/// The parts of a proxy path, as they were sent (not decoded).
struct Place<'a> {
    id: &'a str,
    port: &'a str,
    /// Up to and including the port.
    prefix: &'a str,
    /// Empty or from the slash on.
    rest: &'a str,
}

impl<'a> Place<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let bare = path.strip_prefix("/v1").unwrap_or(path);
        let (id, after) = bare.strip_prefix("/sandboxes/")?.split_once("/proxy/")?;
        let port = after.split('/').next()?;
        let rest = after.strip_prefix(port)?;
        Some(Self { id, port, prefix: path.strip_suffix(rest)?, rest })
    }
}

/// Any proxied request.
pub async fn proxy(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let websocket = is_websocket(request.headers()) && request.headers().contains_key(header::SEC_WEBSOCKET_KEY);
    if !websocket {
        return match pass(&app, peer, request).await {
            Ok(answer) => answer,
            Err(failure) => failure.into_response(),
        };
    }
    let (mut parts, body) = request.into_parts();
    // Kept aside: a failure is told to a WebSocket client in a close frame, because browsers show no status.
    let mut spare = parts.clone();
    if let Some(upgrade) = parts.extensions.remove::<hyper::upgrade::OnUpgrade>() {
        spare.extensions.insert(upgrade.clone());
        parts.extensions.insert(upgrade);
    }
    let (code, reason) = match pass(&app, peer, Request::from_parts(parts, body)).await {
        Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => return answer,
        Ok(_) => (1008, String::new()),
        Err(Failure::Invalid(_)) => return StatusCode::FORBIDDEN.into_response(),
        Err(Failure::Api(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, ..)) => (1011, String::new()),
        Err(failure) => (1011, failure.reason()),
    };
    match WebSocketUpgrade::from_request_parts(&mut spare, &()).await {
        Ok(upgrade) => upgrade.on_upgrade(move |mut socket| async move {
            let reason = reason.chars().take(100).collect::<String>().into();
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason }))).await;
        }),
        Err(rejection) => rejection.into_response(),
    }
}

/// Whether this asks for a WebSocket.
fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The port in execd's own `/proxy/{port}`.
fn inner_port(rest: &str) -> Option<u16> {
    let rest = percent_decode_str(rest).decode_utf8_lossy();
    let after = rest.trim_start_matches('/').strip_prefix("proxy/")?;
    after.split('/').next()?.parse().ok()
}

/// What is not passed on.
fn refuse(app: &App, request: &Request<Body>, port: u16, rest: &str, own: bool) -> Result<(), Failure> {
    // An execd forwards to ports too, so a path through it is looked at as well. The sandbox's own execd and egress
    // have other numbers on this machine.
    let inner = (port == EXECD_PORT).then(|| inner_port(rest)).flatten();
    for port in [Some(port).filter(|_| !own), inner].into_iter().flatten() {
        if port == app.port || app.sandboxes.is_inner(port) {
            // By this way a sandbox or a page would speak to this server, or another sandbox, from the inside.
            return Err(Failure::api(
                StatusCode::FORBIDDEN,
                "PORT_NOT_ALLOWED",
                format!("Port {port} belongs to the server and is not reached through the proxy."),
            ));
        }
    }
    let headers = request.headers();
    if headers.get("service-worker").is_some_and(|value| value == "script") {
        // A service worker of this origin would see the playground's requests.
        return Err(Failure::api(
            StatusCode::FORBIDDEN,
            "SERVICE_WORKER_NOT_ALLOWED",
            "Sandboxes may not register service workers on this server's origin.",
        ));
    }
    if is_websocket(headers) && !headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        return Err(Failure::api(
            StatusCode::BAD_REQUEST,
            "GENERAL::UNKNOWN_ERROR",
            "Websocket upgrade is not supported yet",
        ));
    }
    Ok(())
}

async fn pass(app: &App, peer: SocketAddr, mut request: Request<Body>) -> Result<Response<Body>, Failure> {
    let uri = request.uri().clone();
    let place = Place::parse(uri.path()).ok_or(Failure::NotFound)?;
    let mut check = Checker::default();
    let number = check.integer(&json!(place.port), json!(["path", "port"]));
    check.finish()?;
    let port = valid_port(number.unwrap_or_default())?;
    let sandbox = app.sandboxes.get(place.id)?;
    let at_execd = port == EXECD_PORT;
    let egress = sandbox.egress.as_ref().filter(|_| port == EGRESS_PORT);
    refuse(app, &request, port, place.rest, at_execd || egress.is_some())?;
    let shown = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let unreachable = |why: &str| {
        Failure::api(
            StatusCode::BAD_GATEWAY,
            "BACKEND_CONNECTION_FAILED",
            format!("Could not connect to the backend sandbox {shown}: {why}"),
        )
    };
    if sandbox.process.ended().is_some() {
        // Its port may be somebody else's by now.
        return Err(unreachable("the sandbox has ended"));
    }

    // WebSockets only.
    let websocket = request.method() == Method::GET && is_websocket(request.headers());
    let upgrade = forward::detach(&mut request).filter(|_| websocket);
    let real = if at_execd { sandbox.process.execd_port } else { egress.map_or(port, |egress| egress.port) };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, real));
    set_headers(request.headers_mut(), peer, address);
    if at_execd {
        let headers = request.headers_mut();
        // A token the caller brought is left to execd to judge.
        if let (false, Ok(token)) = (headers.contains_key(EXECD_TOKEN), HeaderValue::from_str(&sandbox.process.token)) {
            headers.insert(EXECD_TOKEN, token);
        }
    }
    let broken_off = |why: &str| {
        Failure::api(
            StatusCode::BAD_GATEWAY,
            "BACKEND_RESPONSE_FAILED",
            format!("The backend sandbox {shown} broke off: {why}"),
        )
    };
    let path = path_and_query(place.rest, uri.query()).map_err(|error| broken_off(&error.to_string()))?;
    let answer_limit = request.body().is_end_stream().then_some(ANSWER_LIMIT);
    let target = Target { address, path, upgrade, answer_limit, title_case: false };
    let mut answer = forward::forward(request, target).await.map_err(|broken| match broken {
        Broken::Connect => unreachable("All connection attempts failed"),
        Broken::Timeout => Failure::api(
            StatusCode::GATEWAY_TIMEOUT,
            "BACKEND_TIMEOUT",
            format!("The backend sandbox {shown} did not answer in time."),
        ),
        Broken::Answer(why) => broken_off(&why),
    })?;
    harden(answer.headers_mut(), place.prefix);
    Ok(answer)
}

/// What the sandbox is told of the client, and what not.
fn set_headers(headers: &mut HeaderMap, peer: SocketAddr, address: SocketAddr) {
    for name in SECRET.iter().chain(&FORWARDED) {
        headers.remove(name);
    }
    // Answered by this server already.
    headers.remove(header::EXPECT);
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    if let Some(host) = headers.remove(header::HOST) {
        headers.insert("x-forwarded-host", host);
    }
    if let Ok(peer) = peer.ip().to_string().parse() {
        headers.insert("x-forwarded-for", peer);
    }
    if let Ok(host) = address.to_string().parse() {
        headers.insert(header::HOST, host);
    }
}

fn path_and_query(rest: &str, query: Option<&str>) -> Result<PathAndQuery, InvalidUri> {
    let path = if rest.is_empty() { "/" } else { rest };
    match query {
        None => PathAndQuery::try_from(path),
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
    }
}

/// Makes what a sandbox sent harmless for the origin it is served from.
fn harden(headers: &mut HeaderMap, prefix: &str) {
    for name in &ORIGIN_WIDE {
        headers.remove(name);
    }
    headers.append(header::CONTENT_SECURITY_POLICY, JAIL);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A redirect to the root of the sandbox's server stays inside the sandbox.
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(path) = location.filter(|to| to.starts_with('/') && !to.starts_with("//")) {
        if let Ok(inside) = format!("{prefix}{path}").parse() {
            headers.insert(header::LOCATION, inside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = Place::parse("/v1/sandboxes/a-b/proxy/80/x%2Fy//z").unwrap();
        assert_eq!((place.id, place.port, place.rest), ("a-b", "80", "/x%2Fy//z"));
        assert_eq!(place.prefix, "/v1/sandboxes/a-b/proxy/80");
        let bare = Place::parse("/sandboxes/a/proxy/80").unwrap();
        assert_eq!((bare.prefix, bare.rest), ("/sandboxes/a/proxy/80", ""));
    }

    #[test]
    fn jail_is_added_to_the_sandboxs_own_policy() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src *"));
        headers.insert(header::LOCATION, HeaderValue::from_static("/login"));
        headers.insert("clear-site-data", HeaderValue::from_static("\"*\""));
        harden(&mut headers, "/p");
        assert_eq!(headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 2);
        assert_eq!(headers.get(header::LOCATION).unwrap(), "/p/login");
        assert!(!headers.contains_key("clear-site-data"));
    }
}
