//! `POST /sandboxes`: check, start, answer.

use super::checks;
use super::create_request::{self, Create, Server};
use super::errors::Failure;
use super::layout::Layout;
use super::mounts::{self, Mounts};
use super::named_volumes::Use;
use super::network_policy;
use super::process::{Order, Process, random_hex};
use super::sandbox::{Changing, Fixed, Held, Sandbox};
use super::state::App;
use crate::egress;
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
    let create = {
        let server = Server {
            now,
            egress: app.egress,
            allowed_host_paths: &app.allowed_host_paths,
            mounts: app.isolation.is_bubblewrap(),
            lease: &|id| app.snapshots.lease(id),
        };
        create_request::read(&body, &server)?
    };
    // Apart from the request: whether or not the client waits, the sandbox is either listed or gone.
    let work = tokio::spawn(async move {
        let _starting = app.sandboxes.starting.read().await;
        start(&app, create, now).await
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

async fn start(app: &App, create: Create, now: Timestamp) -> Result<Value, Failure> {
    let expires = create.timeout.map(|timeout| create_request::expiry(now, timeout)).transpose()?;
    let id = uuid::Uuid::new_v4().to_string();
    let entrypoint = split(&create.entrypoint);
    say_what_is_not_done(&id, &create);
    let egress = match &create.policy {
        None => None,
        Some(policy) => Some(open_egress(&id, policy, create.credential_proxy).await?),
    };
    let Mounts { list: mounts, used: volumes } =
        mounts::prepare(&create.volumes, &app.allowed_host_paths, &app.named_volumes)?;
    let files = create.snapshot.as_ref().map(|lease| Layout { dir: lease.files.clone() });
    let order = Order { id: &id, entrypoint: &entrypoint, env: &create.env, mounts: &mounts, snapshot: files.as_ref() };
    let process = match Process::start(app, &order).await {
        Ok(process) => process,
        Err(failure) => {
            volumes.into_iter().for_each(Use::end);
            return Err(failure);
        }
    };
    let fixed = Fixed {
        id,
        image: create.image,
        snapshot: create.snapshot.as_ref().map(|lease| lease.id.clone()),
        env: create.env,
        limits: create.limits,
        labels: create.metadata.clone(),
        first_end: expires,
        extensions: create.extensions,
        asked_entrypoint: create.entrypoint,
        entrypoint,
        platform: create.platform,
        created: now,
    };
    let held = Held { snapshot: create.snapshot, volumes };
    let state = Changing { metadata: create.metadata, expires };
    let sandbox = Arc::new(Sandbox::new(fixed, process, egress, held, state));
    let answer = sandbox.shown().created();
    app.sandboxes.add(sandbox);
    Ok(answer)
}

async fn open_egress(id: &str, policy: &Value, intercepts: bool) -> Result<egress::Served, Failure> {
    let policy = network_policy::initial(policy, id)?;
    egress::Served::open(random_hex(), policy, intercepts).await.map_err(|error| {
        tracing::error!(sandbox = id, "no port for its egress API: {error}");
        Failure::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            "DOCKER::SANDBOX_START_FAILED",
            "Egress sidecar container failed to start.",
        )
    })
}

/// Whoever asked for it should know.
fn say_what_is_not_done(id: &str, create: &Create) {
    match &create.image {
        Some(image) => {
            tracing::info!(
                sandbox = id,
                image,
                "starting; the image is only a name here, the host's programs are used"
            );
        }
        None => tracing::info!(sandbox = id, "starting from a snapshot; the host's programs are used"),
    }
    if !create.limits.is_empty() {
        let limits = Value::Object(create.limits.clone()).to_string();
        tracing::info!(sandbox = id, limits, "resource limits are not enforced");
    }
    if create.policy.is_some() {
        tracing::warn!(
            sandbox = id,
            "THE NETWORK POLICY IS NOT ENFORCED: this sandbox reaches what this machine reaches"
        );
    }
    if create.credential_proxy {
        tracing::warn!(sandbox = id, "no credential is put into any request: the vault only keeps its state");
    }
}

/// A single string with spaces is a command line.
fn split(entrypoint: &[String]) -> Vec<String> {
    match entrypoint {
        [line] if line.contains(' ') => shlex::split(line).unwrap_or_else(|| entrypoint.to_vec()),
        _ => entrypoint.to_vec(),
    }
}
