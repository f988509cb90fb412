//! `GET /sandboxes/{id}/endpoints/{port}`: where a port of a sandbox is reached.

use super::checks::Checker;
use super::errors::Failure;
use super::state::App;
use crate::query::Pairs;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde_json::{Value, json};

/// As the real server writes it.
const EGRESS_AUTH: &str = "OPENSANDBOX-EGRESS-AUTH";
/// The port execd has in every sandbox, by agreement. Here its real port is a random one.
pub const EXECD_PORT: u16 = 44772;

/// The port of the egress API in every sandbox that has one, by agreement. Here its real port is a random one.
pub const EGRESS_PORT: u16 = 18080;

/// Direct, or through this server with `use_server_proxy`.
pub async fn get(
    State(app): State<App>,
    Path((id, port)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let number = check.integer(&json!(port), json!(["path", "port"]));
    let by_proxy = query
        .last("use_server_proxy")
        .and_then(|text| check.boolean(&json!(text), json!(["query", "use_server_proxy"])))
        .unwrap_or(false);
    let expires = query.last("expires");
    if let Some(expires) = &expires {
        check.integer(&json!(expires), json!(["query", "expires"]));
    }
    check.finish()?;
    if expires.is_some() && by_proxy {
        return Err(Failure::parameter(
            "use_server_proxy cannot be combined with expires; signed endpoints require the gateway route.",
        ));
    }
    if expires.is_some() {
        return Err(Failure::api(
            StatusCode::BAD_REQUEST,
            "SANDBOX::API_NOT_SUPPORTED",
            "Signed routes (expires parameter) are not supported when runtime.type='docker'. Use the Kubernetes runtime for signed routes.",
        ));
    }
    let port = valid_port(number.unwrap_or_default())?;
    let sandbox = app.sandboxes.get(&id)?;
    let egress = sandbox.egress.as_ref().filter(|_| port == EGRESS_PORT);
    let with_token = |endpoint: String| match egress {
        // The proxy does not add it.
        Some(egress) => json!({ "endpoint": endpoint, "headers": { EGRESS_AUTH: egress.token } }),
        None => json!({ "endpoint": endpoint }),
    };
    if by_proxy {
        // As the client reached this API: same host, same prefix. The Host check made sure that it is ours.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let prefix = if uri.path().starts_with("/v1/") { "/v1" } else { "" };
        let endpoint = format!("{host}{prefix}/sandboxes/{id}/proxy/{port}");
        return Ok(Json(with_token(endpoint)));
    }
    if port == EXECD_PORT {
        // Other than the real server: its execd would let anyone in who reaches the port.
        return Ok(Json(json!({
            "endpoint": format!("127.0.0.1:{}", sandbox.process.execd_port),
            "headers": { "X-EXECD-ACCESS-TOKEN": sandbox.process.token },
        })));
    }
    let real = egress.map_or(port, |egress| egress.port);
    Ok(Json(with_token(format!("127.0.0.1:{real}"))))
}

/// 1 to 65535.
pub fn valid_port(number: i64) -> Result<u16, Failure> {
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or_else(|| {
        Failure::api(StatusCode::BAD_REQUEST, "DOCKER::INVALID_PORT", "Port must be between 1 and 65535.")
    })
}
