//! Making, listing, showing and deleting snapshots.

use super::checks::{self, Checker, not_an_object};
use super::errors::Failure;
use super::model::Status;
use super::pages::Page;
use super::sandbox::Sandbox;
use super::state::App;
use crate::query::Pairs;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST /sandboxes/{id}/snapshots`: answers at once, the copy is made meanwhile.
pub async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, Failure> {
    let body = checks::optional_json_body(request).await?;
    let name = read_name(&body)?;
    let sandbox = app.sandboxes.get(&id)?;
    if sandbox.status() != Status::Running {
        return Err(Failure::api(
            StatusCode::CONFLICT,
            "SNAPSHOT::INVALID_SOURCE_STATE",
            "Snapshot can only be created from a Running sandbox.",
        ));
    }
    let snapshot = app.snapshots.add(&id, name);
    tracing::info!(sandbox = id, snapshot = snapshot.id, "taking a snapshot");
    tokio::spawn(work(app, snapshot.id.clone(), sandbox));
    let location = format!("/v1/snapshots/{}", snapshot.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(snapshot.json())).into_response())
}

fn read_name(body: &Value) -> Result<Option<String>, Failure> {
    let mut check = Checker::default();
    let name = match body {
        Value::Null => None,
        Value::Object(map) => check.string(map.get("name"), json!(["body", "name"])),
        other => return Err(Failure::Invalid(vec![not_an_object(json!(["body"]), other)])),
    };
    if name.as_ref().is_some_and(String::is_empty) {
        check.too_short(json!(["body", "name"]), 1, &json!(""));
    }
    check.finish()?;
    Ok(name)
}

async fn work(app: App, id: String, sandbox: Arc<Sandbox>) {
    // Never closed.
    let _worker = app.snapshots.workers.acquire().await;
    let outcome = match app.snapshots.layout(&id) {
        Err(error) => Err(error.to_string()),
        Ok(layout) => {
            let outcome = sandbox.copy_files(&layout).await;
            if outcome.is_err() {
                layout.remove();
            }
            outcome
        }
    };
    match &outcome {
        Ok(()) => tracing::info!(snapshot = id, "snapshot is ready"),
        Err(why) => tracing::error!(snapshot = id, "snapshot failed: {why}"),
    }
    app.snapshots.finish(&id, outcome);
}

/// `GET /snapshots`
pub async fn list(State(app): State<App>, uri: Uri) -> Result<Json<Value>, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let page = Page::read(&query, &mut check);
    check.finish()?;
    let (sandbox, name) = (query.last("sandboxId"), query.last("name"));
    // Unlike those of sandboxes, these states are compared letter by letter.
    let states: Vec<&str> = query.all("state").collect();
    let mut found = app.snapshots.all();
    found.retain(|snapshot| {
        sandbox.is_none_or(|sandbox| snapshot.sandbox == sandbox)
            && name.is_none_or(|name| snapshot.name.as_deref() == Some(name))
            && (states.is_empty() || states.contains(&snapshot.stage.name()))
    });
    Ok(Json(page.show(&found, super::snapshots::Snapshot::json)))
}

/// `GET /snapshots/{id}`
pub async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    Ok(Json(app.snapshots.get(&id)?.json()))
}

/// `DELETE /snapshots/{id}`
pub async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let layout = app.snapshots.take(&id)?;
    // Apart from the request: a client that goes away must not leave half of the files behind.
    let _ = tokio::task::spawn_blocking(move || layout.remove()).await;
    Ok(StatusCode::NO_CONTENT)
}
