//! The exact Host check: a name that merely resolves to this machine (DNS rebinding) is refused.

use super::errors::Failure;
use super::state::App;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};

/// Which `Host` values name this server.
#[derive(Debug, Clone)]
pub struct Hosts {
    port: u16,
    /// Listening beyond loopback was asked for: its addresses are not known, so any literal address is taken.
    any_address: bool,
}

impl Hosts {
    /// For a server that listens on `local`.
    pub fn new(local: SocketAddr) -> Self {
        Self { port: local.port(), any_address: !local.ip().is_loopback() }
    }

    /// Whether `host` (with its port) is one of ours.
    pub fn allow(&self, host: &str) -> bool {
        let suffix = format!(":{}", self.port);
        let name = match host.strip_suffix(&suffix) {
            Some(name) => name,
            // Only port 80 may be left out.
            None if self.port == 80 => host,
            None => return false,
        };
        if ["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        // Rebinding needs a name, so literal addresses are safe.
        self.any_address && name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
    }

    /// Whether `origin` is this server itself under one of its names.
    pub fn own_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.allow(host))
    }
}

/// Refuses requests for another host.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut named = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let host = named.next().unwrap_or_default();
    // `GET http://other/ HTTP/1.1` names a host of its own.
    let target = request.uri().authority().map(|authority| authority.as_str());
    if named.next().is_some() || !app.hosts.allow(host) || target.is_some_and(|target| !app.hosts.allow(target)) {
        return Failure::api(
            StatusCode::MISDIRECTED_REQUEST,
            "HOST_NOT_ALLOWED",
            "The Host header does not name this server.",
        )
        .into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_hosts_only() {
        let hosts = Hosts::new(([127, 0, 0, 1], 8080).into());
        for good in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"] {
            assert!(hosts.allow(good), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:80",
            "127.0.0.1:18080",
            "evil.example:8080",
            "localhost.evil.example:8080",
            "192.168.0.7:8080",
            "localhost:8080:8080",
        ] {
            assert!(!hosts.allow(bad), "{bad}");
        }
        assert!(hosts.own_origin("http://localhost:8080"));
        assert!(!hosts.own_origin("https://localhost:8080"));
        assert!(!hosts.own_origin("null"));
    }

    #[test]
    fn beyond_loopback_addresses_but_no_names() {
        let hosts = Hosts::new(([0, 0, 0, 0], 8080).into());
        assert!(hosts.allow("192.168.0.7:8080"));
        assert!(!hosts.allow("evil.example:8080"));
    }
}
