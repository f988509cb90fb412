//! Finds the handler of a request, with the quirks of the real router.

use super::App;
use super::errors::{self, Failure};
use super::{auth, code, command, files, metrics, port_proxy, pty, session};
use crate::query::Pairs;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Answers one request. A panic becomes an empty 500.
pub async fn handle(app: Arc<App>, peer: SocketAddr, request: Request<Body>) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    match AssertUnwindSafe(dispatch(app, peer, request)).catch_unwind().await {
        Ok(response) => {
            tracing::info!(status = response.status().as_u16(), "{line}");
            response
        }
        Err(_) => {
            tracing::error!("panic in {line}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn dispatch(app: Arc<App>, peer: SocketAddr, request: Request<Body>) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    // The redirect comes before the token check, as in the real one.
    if let Some(response) = without_slash(request.method(), request.uri(), &path) {
        return response;
    }
    if !auth::allowed(app.token.as_deref(), request.headers()) {
        return errors::unauthorized();
    }
    if let Some(target) = path.strip_prefix("/proxy/") {
        return port_proxy::forward(peer, target, request).await;
    }
    match find(request.method(), &path) {
        Some(route) => answer(route, app, request).await.unwrap_or_else(Failure::into_response),
        None => errors::page_not_found(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Route {
    Ping,
    RunCommand,
    Interrupt,
    CommandStatus(String),
    CommandLogs(String),
    CreateSession,
    RunInSession(String),
    DeleteSession(String),
    RunCode,
    CreateContext,
    ListContexts,
    DeleteContexts,
    GetContext(String),
    DeleteContext(String),
    DeleteFiles,
    FilesInfo,
    SearchFiles,
    Download,
    Move,
    Permissions,
    Replace,
    Upload,
    ListDirectory,
    MakeDirectories,
    RemoveDirectories,
    Metrics,
    WatchMetrics,
    CreatePty,
    PtyStatus(String),
    DeletePty(String),
    PtySocket(String),
}

/// The route table. Another method on a known path is not found either: there is no 405, and HEAD is not GET.
fn find(method: &Method, path: &str) -> Option<Route> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    Some(match (method.as_str(), segments.as_slice()) {
        ("GET", ["ping"]) => Route::Ping,
        ("POST", ["command"]) => Route::RunCommand,
        ("DELETE", ["command" | "code"]) => Route::Interrupt,
        ("GET", ["command", "status", id]) if !id.is_empty() => Route::CommandStatus((*id).into()),
        ("GET", ["command", id, "logs"]) => Route::CommandLogs((*id).into()),
        ("POST", ["session"]) => Route::CreateSession,
        ("POST", ["session", id, "run"]) => Route::RunInSession((*id).into()),
        ("DELETE", ["session", id]) if !id.is_empty() => Route::DeleteSession((*id).into()),
        ("POST", ["code"]) => Route::RunCode,
        ("POST", ["code", "context"]) => Route::CreateContext,
        ("GET", ["code", "contexts"]) => Route::ListContexts,
        ("DELETE", ["code", "contexts"]) => Route::DeleteContexts,
        ("GET", ["code", "contexts", id]) if !id.is_empty() => Route::GetContext((*id).into()),
        ("DELETE", ["code", "contexts", id]) if !id.is_empty() => Route::DeleteContext((*id).into()),
        ("DELETE", ["files"]) => Route::DeleteFiles,
        ("GET", ["files", "info"]) => Route::FilesInfo,
        ("GET", ["files", "search"]) => Route::SearchFiles,
        ("GET", ["files", "download"]) => Route::Download,
        ("POST", ["files", "mv"]) => Route::Move,
        ("POST", ["files", "permissions"]) => Route::Permissions,
        ("POST", ["files", "replace"]) => Route::Replace,
        ("POST", ["files", "upload"]) => Route::Upload,
        ("GET", ["directories", "list"]) => Route::ListDirectory,
        ("POST", ["directories"]) => Route::MakeDirectories,
        ("DELETE", ["directories"]) => Route::RemoveDirectories,
        ("GET", ["metrics"]) => Route::Metrics,
        ("GET", ["metrics", "watch"]) => Route::WatchMetrics,
        ("POST", ["pty"]) => Route::CreatePty,
        ("GET", ["pty", id]) if !id.is_empty() => Route::PtyStatus((*id).into()),
        ("DELETE", ["pty", id]) if !id.is_empty() => Route::DeletePty((*id).into()),
        ("GET", ["pty", id, "ws"]) => Route::PtySocket((*id).into()),
        _ => return None,
    })
}

async fn answer(route: Route, app: Arc<App>, request: Request<Body>) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let query = Pairs::of(&parts.uri);
    let paths = || query.all("path").map(str::to_owned).collect();
    let headers = &parts.headers;
    match route {
        Route::Ping => Ok(errors::empty()),
        Route::RunCommand => command::post(app, headers, body).await,
        Route::Interrupt if query.first("id").is_some_and(|id| app.code.interrupt(id)) => Ok(errors::empty()),
        Route::Interrupt => command::interrupt(&app, query.first("id")).await,
        Route::CommandStatus(id) => command::status(&app, &id),
        Route::CommandLogs(id) => command::logs(&app, &id, query.first("cursor")).await,
        Route::CreateSession => session::create(&app, body).await,
        Route::RunInSession(id) => session::run(app, headers, &id, body).await,
        Route::DeleteSession(id) => session::delete(&app, &id),
        Route::RunCode => code::run(app, headers, body).await,
        Route::CreateContext => code::create_context(&app, body).await,
        Route::ListContexts => code::list_contexts(&app, query.first("language")),
        Route::DeleteContexts => code::delete_contexts(&app, query.first("language")).await,
        Route::GetContext(id) => code::get_context(&app, &id),
        Route::DeleteContext(id) => code::delete_context(&app, &id).await,
        Route::DeleteFiles => files::delete::files(paths()).await,
        Route::FilesInfo => files::info::get(paths()).await,
        Route::SearchFiles => files::search::get(query.first("path"), query.first("pattern")).await,
        Route::Download => files::download::get(query.first("path"), headers).await,
        Route::Move => files::rename::post(body).await,
        Route::Permissions => files::permissions::post(body).await,
        Route::Replace => files::replace::post(body, query.first("verbose") == Some("true")).await,
        Route::Upload => files::upload::post(headers, body).await,
        Route::ListDirectory => files::list::get(query.first("path"), query.first("depth")).await,
        Route::MakeDirectories => files::make::post(body).await,
        Route::RemoveDirectories => files::delete::directories(paths()).await,
        Route::Metrics => metrics::get().await,
        Route::WatchMetrics => Ok(metrics::watch(headers)),
        Route::CreatePty => pty::create(&app, body).await,
        Route::PtyStatus(id) => pty::status(&app, &id),
        Route::DeletePty(id) => pty::delete(&app, &id),
        Route::PtySocket(id) => pty::websocket(app, &id, &query, parts).await,
    }
}

/// `/ping/` leads to `/ping`: 301 for GET, 307 for the rest.
fn without_slash(method: &Method, uri: &Uri, path: &str) -> Option<Response> {
    let shorter = path.strip_suffix('/')?;
    find(method, shorter)?;
    let target = uri.path().strip_suffix('/').unwrap_or(shorter);
    let location = match uri.query() {
        Some(query) => format!("{target}?{query}"),
        None => target.to_owned(),
    };
    let mut response = if method == Method::GET {
        let escaped = location.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&#34;");
        let page = format!("<a href=\"{escaped}\">Moved Permanently</a>.\n\n");
        errors::with_type(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", page.into_bytes())
    } else {
        StatusCode::TEMPORARY_REDIRECT.into_response()
    };
    response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(location).ok()?);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_parts_win_and_methods_matter() {
        assert_eq!(find(&Method::GET, "/command/status/x"), Some(Route::CommandStatus("x".into())));
        assert_eq!(find(&Method::GET, "/command/status/logs"), Some(Route::CommandStatus("logs".into())));
        assert_eq!(find(&Method::GET, "/command/x/logs"), Some(Route::CommandLogs("x".into())));
        for (method, path) in [
            (Method::HEAD, "/ping"),
            (Method::OPTIONS, "/command"),
            (Method::GET, "/command"),
            (Method::GET, "/"),
            (Method::GET, "/command/status/"),
            (Method::GET, "/v1/ping"),
        ] {
            assert_eq!(find(&method, path), None, "{method} {path}");
        }
    }
}
