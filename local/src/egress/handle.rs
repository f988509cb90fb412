//! The sidecar's routes and its token.

use super::answer::{ENFORCEMENT, Refusal, with};
use super::{Egress, policy_routes, vault_routes};
use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use subtle::ConstantTimeEq;

/// The header that a request must carry the token in.
pub const TOKEN: &str = "opensandbox-egress-auth";

/// A request of anybody.
pub async fn handle(egress: &Egress, request: Request<Body>) -> Response<Body> {
    let given = request.headers().get(TOKEN).map(HeaderValue::as_bytes).unwrap_or_default();
    let known = bool::from(given.ct_eq(egress.token.as_bytes()));
    route(egress, request, known).await
}

/// A request of the lifecycle server itself.
pub async fn handle_trusted(egress: &Egress, request: Request<Body>) -> Response<Body> {
    route(egress, request, true).await
}

async fn route(egress: &Egress, request: Request<Body>, known: bool) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let mut answer = match path.as_str() {
        "/healthz" => with(StatusCode::OK, "text/plain; charset=utf-8", "ok".into()),
        "/credential-vault/_active" => vault_routes::active(request.method()),
        "/policy" | "/credential-vault" if !known => unauthorized(),
        "/policy" => policy_routes::policy(egress, request).await,
        "/credential-vault" => vault_routes::vault(egress, request).await,
        _ => match path.strip_prefix("/credential-vault/") {
            Some(_) if !known => unauthorized(),
            Some(part) => vault_routes::part(egress, request.method(), part),
            None => Refusal::missing("404 page not found").answer(),
        },
    };
    let (name, value) = ENFORCEMENT;
    answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    answer
}

fn unauthorized() -> Response<Body> {
    Refusal(StatusCode::UNAUTHORIZED, "unauthorized".into()).answer()
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;
    use http_body_util::BodyExt;

    async fn ask(method: &str, path: &str, token: Option<&str>) -> (u16, String) {
        let egress = Egress::new("right".into(), Policy::deny_all(), true);
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(TOKEN, token);
        }
        let answer = handle(&egress, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.headers()[ENFORCEMENT.0], ENFORCEMENT.1);
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn everything_but_health_needs_the_token() {
        assert_eq!(ask("GET", "/healthz", None).await, (200, "ok".into()));
        for path in ["/policy", "/credential-vault", "/credential-vault/credentials", "/credential-vault/nothing"] {
            for token in [None, Some(""), Some("wrong"), Some("righ")] {
                assert_eq!(ask("GET", path, token).await, (401, "unauthorized\n".into()), "{path} {token:?}");
            }
        }
        assert_eq!(ask("GET", "/policy", Some("right")).await.0, 200);
        assert_eq!(ask("HEAD", "/policy", Some("right")).await, (405, "method not allowed\n".into()));
        assert_eq!(ask("GET", "/nothing", None).await, (404, "404 page not found\n".into()));
        // Never shown, not even with the token.
        for token in [None, Some("right")] {
            assert_eq!(ask("GET", "/credential-vault/_active", token).await, (403, "forbidden\n".into()));
            assert_eq!(ask("POST", "/credential-vault/_active", token).await.0, 405);
        }
    }
}
