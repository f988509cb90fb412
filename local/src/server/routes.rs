//! The route table and the layers around it.

use super::errors::Failure;
use super::state::App;
use super::{
    auth, cors, create, diagnostics, endpoints, host_check, kubernetes_bodies, lifecycle, list, metadata,
    network_policy, proxy, refused, request_id, snapshot_routes, www,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, delete, get, patch, post};
use axum::{Json, http::Uri};
use serde_json::json;

/// Paths below `/` and `/v1`; `*` stands for one segment. For the slash redirect.
const PATHS: [&str; 20] = [
    "/sandboxes",
    "/sandboxes/*",
    "/sandboxes/*/metadata",
    "/sandboxes/*/pause",
    "/sandboxes/*/resume",
    "/sandboxes/*/renew-expiration",
    "/sandboxes/*/endpoints/*",
    "/sandboxes/*/snapshots",
    "/sandboxes/*/diagnostics/logs",
    "/sandboxes/*/diagnostics/events",
    "/sandboxes/*/diagnostics/inspect",
    "/sandboxes/*/diagnostics/summary",
    "/sandboxes/*/networkpolicy",
    "/snapshots",
    "/snapshots/*",
    "/pools",
    "/pools/*",
    "/templates",
    "/templates/*",
    "/health",
];

/// The whole server.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .route("/health", only("GET", get(async || Json(json!({ "status": "healthy" })))))
        .route("/version", only("GET", get(async || Json(json!({ "version": "1.1.1" })))));
    // Mounted twice, like the real one.
    for prefix in ["", "/v1"] {
        router = api(router, prefix);
    }
    let inner = router.fallback(fallback).with_state(app.clone());
    // The layers go around the whole of it: inside, the router would put `Allow` on what a layer answers.
    Router::new()
        .fallback_service(inner)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), auth::layer))
        .layer(from_fn_with_state(app.clone(), cors::layer))
        .layer(from_fn_with_state(app, host_check::layer))
        .layer(from_fn(request_id::layer))
}

fn api(router: Router<App>, prefix: &str) -> Router<App> {
    let at = |path: &str| format!("{prefix}{path}");
    let proxied = || {
        only(
            "GET, POST, PUT, DELETE, PATCH",
            get(proxy::proxy).post(proxy::proxy).put(proxy::proxy).delete(proxy::proxy).patch(proxy::proxy),
        )
    };
    let mut router = router
        .route(&at("/sandboxes"), only("POST", post(create::create).get(list::list)))
        .route(&at("/sandboxes/{id}"), only("GET", get(lifecycle::get).delete(lifecycle::delete)))
        .route(&at("/sandboxes/{id}/metadata"), only("PATCH", patch(metadata::patch)))
        .route(&at("/sandboxes/{id}/pause"), only("POST", post(lifecycle::pause)))
        .route(&at("/sandboxes/{id}/resume"), only("POST", post(lifecycle::resume)))
        .route(&at("/sandboxes/{id}/renew-expiration"), only("POST", post(lifecycle::renew)))
        .route(&at("/sandboxes/{id}/endpoints/{port}"), only("GET", get(endpoints::get)))
        .route(&at("/sandboxes/{id}/snapshots"), only("POST", post(snapshot_routes::create)))
        .route(&at("/snapshots"), only("GET", get(snapshot_routes::list)))
        .route(&at("/snapshots/{id}"), only("GET", get(snapshot_routes::get).delete(snapshot_routes::delete)))
        .route(&at("/sandboxes/{id}/networkpolicy"), {
            let route = network_policy::route;
            only("GET", get(route).put(route).patch(route).delete(route))
        })
        .route(&at("/pools"), only("POST", post(kubernetes_bodies::create_pool).get(refused::pools)))
        .route(
            &at("/pools/{name}"),
            only("GET", get(refused::pools).put(kubernetes_bodies::update_pool).delete(refused::pools)),
        )
        .route(&at("/templates"), only("POST", post(kubernetes_bodies::create_template).get(refused::templates)))
        .route(&at("/templates/{id}"), only("GET", get(refused::templates).merge(delete(refused::templates))))
        .route(&at("/sandboxes/{id}/proxy/{port}"), proxied())
        .route(&at("/sandboxes/{id}/proxy/{port}/"), proxied())
        .route(&at("/sandboxes/{id}/proxy/{port}/{*path}"), proxied());
    for (kind, answer) in [
        ("logs", get(diagnostics::logs)),
        ("events", get(diagnostics::events)),
        ("inspect", get(diagnostics::inspect)),
        ("summary", get(diagnostics::summary)),
    ] {
        router = router.route(&at(&format!("/sandboxes/{{id}}/diagnostics/{kind}")), only("GET", answer));
    }
    if prefix == "/v1" {
        // The SDKs' telemetry: taken and dropped.
        let metrics = post(async || StatusCode::NO_CONTENT);
        router = router.route("/v1/metrics/events", only("POST", metrics));
    }
    router
}

/// 405 as Starlette says it: `Allow` names the methods of the first route with this path only, and HEAD is not
/// answered by GET.
fn only(allow: &'static str, methods: MethodRouter<App>) -> MethodRouter<App> {
    let refuse = async move || Failure::MethodNotAllowed(allow);
    methods.head(refuse).fallback_service(any(refuse))
}

async fn fallback(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    if let Some(location) = without_slash(request.uri(), request.headers().get(header::HOST)) {
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    www::serve(&app, request).await
}

/// The absolute address of a known path that was asked for with a slash at its end.
fn without_slash(uri: &Uri, host: Option<&axum::http::HeaderValue>) -> Option<String> {
    let path = uri.path();
    let bare = path.trim_end_matches('/');
    let known = path != bare && {
        let below = bare.strip_prefix("/v1").unwrap_or(bare);
        PATHS.iter().any(|pattern| matches(pattern, below))
    };
    let host = host.filter(|_| known)?.to_str().ok()?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("http://{host}{bare}{query}"))
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    pattern.split('/').all(|want| parts.next().is_some_and(|part| part == want || (want == "*" && !part.is_empty())))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slash_redirects() {
        let host = axum::http::HeaderValue::from_static("localhost:1");
        let to = |uri: &str| without_slash(&uri.parse().unwrap(), Some(&host));
        assert_eq!(to("/v1/sandboxes/?page=1").as_deref(), Some("http://localhost:1/v1/sandboxes?page=1"));
        assert_eq!(to("/sandboxes/x/pause/").as_deref(), Some("http://localhost:1/sandboxes/x/pause"));
        assert_eq!(to("/v1/sandboxes"), None);
        assert_eq!(to("/v1/nothing/"), None);
        assert_eq!(to("//evil.example/"), None);
        assert_eq!(to("/"), None);
    }
}
