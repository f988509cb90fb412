//! `/sandboxes/{id}/diagnostics/…`: with `scope` a JSON document, without it the older plain text.

use super::checks::Checker;
use super::diagnostics_text as text;
use super::errors::Failure;
use super::pages::number;
use super::python::repr;
use super::state::App;
use crate::query::Pairs;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Lines of logs with `scope`.
const MOST_LOGS: usize = 100;
const DEPRECATED: [(HeaderName, &str); 1] = [(HeaderName::from_static("deprecation"), "true")];

/// `logs`: what execd and the entrypoint printed.
pub async fn logs(State(app): State<App>, Path(id): Path<String>, uri: Uri) -> Result<Response, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let tail = number(&query, "tail", 100, Some(10_000), &mut check);
    check.finish()?;
    let Some(scope) = query.last("scope") else {
        let since = query.last("since").filter(|since| !since.is_empty()).map(since);
        let sandbox = app.sandboxes.get(&id)?;
        return Ok((DEPRECATED, text::logs(&sandbox, tail, since)).into_response());
    };
    let scope = known_scope("logs", scope, ["container", "all"])?;
    let sandbox = app.sandboxes.get(&id)?;
    let all = text::logs(&sandbox, MOST_LOGS + 1, None);
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    let skip = lines.len().saturating_sub(MOST_LOGS);
    let content = lines.get(skip..).unwrap_or_default().concat();
    Ok(document(&id, "logs", &scope, &content, skip > 0))
}

/// `events`: the few moments of a sandbox's life that are known.
pub async fn events(State(app): State<App>, Path(id): Path<String>, uri: Uri) -> Result<Response, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    number(&query, "limit", 50, Some(500), &mut check);
    check.finish()?;
    let Some(scope) = query.last("scope") else {
        return Ok((DEPRECATED, text::events(&*app.sandboxes.get(&id)?)).into_response());
    };
    let scope = known_scope("events", scope, ["runtime", "all"])?;
    let sandbox = app.sandboxes.get(&id)?;
    Ok(document(&id, "events", &scope, &text::events(&sandbox), false))
}

/// `inspect`: how the sandbox was made and what it is doing.
pub async fn inspect(State(app): State<App>, Path(id): Path<String>) -> Result<String, Failure> {
    Ok(text::inspect(&*app.sandboxes.get(&id)?))
}

/// `summary`: all three in one.
pub async fn summary(State(app): State<App>, Path(id): Path<String>, uri: Uri) -> Result<String, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let tail = number(&query, "tail", 50, Some(10_000), &mut check);
    number(&query, "event_limit", 20, Some(500), &mut check);
    check.finish()?;
    Ok(text::summary(&*app.sandboxes.get(&id)?, tail))
}

fn document(id: &str, kind: &str, scope: &str, content: &str, truncated: bool) -> Response {
    let mut document = json!({
        "sandboxId": id,
        "kind": kind,
        "scope": scope,
        "delivery": "inline",
        "contentType": "text/plain; charset=utf-8",
        "content": content,
        "contentLength": content.len(),
        "truncated": truncated,
    });
    if let (Some(map), "all") = (document.as_object_mut(), scope) {
        let only = if kind == "logs" { "sandbox container logs" } else { "runtime events" };
        let warning = format!("The current backend only contributes {only} to the all scope.");
        map.insert("warnings".into(), json!([warning]));
    }
    Json(document).into_response()
}

/// Asked before the sandbox is looked for.
fn known_scope(kind: &str, scope: &str, known: [&str; 2]) -> Result<String, Failure> {
    let normal = scope.trim().to_lowercase();
    if known.contains(&normal.as_str()) {
        return Ok(normal);
    }
    Err(Failure::api(
        StatusCode::BAD_REQUEST,
        "DIAGNOSTICS_SCOPE_UNSUPPORTED",
        format!("Unsupported {kind} diagnostics scope {}. Supported scopes: {}.", repr(scope), known.join(", ")),
    ))
}

/// `10m` and the like; anything else stands for ten minutes.
fn since(text: &str) -> Timestamp {
    let text = text.trim().to_lowercase();
    let unit = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?.trim_end(), *seconds)));
    let seconds = unit
        .filter(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|(number, unit)| number.parse::<i64>().ok()?.checked_mul(unit));
    let ago = SignedDuration::from_secs(seconds.unwrap_or(600));
    Timestamp::now().checked_sub(ago).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_when() {
        for (text, ago) in
            [("30s", 30), ("10 m", 600), ("2H", 7200), ("1d", 86_400), ("soon", 600), ("-5s", 600), ("5", 600)]
        {
            let at = since(text);
            let found = Timestamp::now().duration_since(at).as_secs();
            assert!((ago..ago + 60).contains(&found), "{text}: {found}");
        }
        assert_eq!(since("999999999999d"), Timestamp::MIN);
    }

    #[test]
    fn scopes() {
        assert_eq!(known_scope("logs", " Container ", ["container", "all"]).ok().as_deref(), Some("container"));
        let Err(Failure::Api(_, _, message)) = known_scope("events", "it's", ["runtime", "all"]) else { panic!() };
        assert_eq!(message, "Unsupported events diagnostics scope \"it's\". Supported scopes: runtime, all.");
    }
}
