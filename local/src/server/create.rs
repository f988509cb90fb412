//! `POST /sandboxes`: check, start, answer.

use super::checks;
use super::create_request;
use super::errors::Failure;
use super::process::Process;
use super::sandbox::{Changing, Fixed, Sandbox};
use super::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// Answers 202 when the sandbox runs, as the Docker runtime does.
pub async fn create(State(app): State<App>, request: Request<Body>) -> Result<(StatusCode, Json<Value>), Failure> {
    let body = checks::json_body(request).await?;
    let now = Timestamp::now();
    let create = create_request::read(&body, now)?;
    let expires = create.timeout.map(|timeout| create_request::expiry(now, timeout)).transpose()?;
    let id = uuid::Uuid::new_v4().to_string();
    let entrypoint = split(&create.entrypoint);
    tracing::info!(
        sandbox = id,
        image = create.image,
        "starting; the image is only a name here, the host's programs are used"
    );
    if !create.limits.is_empty() {
        let limits = Value::Object(create.limits.clone()).to_string();
        tracing::info!(sandbox = id, limits, "resource limits are not enforced");
    }
    // Apart from the request: whether or not the client waits, the sandbox is either listed or gone.
    let work = tokio::spawn(async move {
        let _starting = app.sandboxes.starting.read().await;
        let process = Process::start(&app, &id, &entrypoint, &create.env).await?;
        let fixed = Fixed {
            id,
            image: create.image,
            asked_entrypoint: create.entrypoint,
            entrypoint,
            platform: create.platform,
            created: now,
        };
        let state = Changing { metadata: create.metadata, expires };
        let sandbox = Arc::new(Sandbox::new(fixed, process, state));
        let answer = sandbox.shown().created();
        app.sandboxes.add(sandbox);
        Ok(answer)
    });
    let answer = work.await.map_err(|error| {
        Failure::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            "DOCKER::SANDBOX_START_FAILED",
            format!("Failed to start the sandbox: {error}"),
        )
    })??;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// A single string with spaces is a command line.
fn split(entrypoint: &[String]) -> Vec<String> {
    match entrypoint {
        [line] if line.contains(' ') => shlex::split(line).unwrap_or_else(|| entrypoint.to_vec()),
        _ => entrypoint.to_vec(),
    }
}
