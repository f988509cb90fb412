//! What this server does not do: refused by the real Docker runtime in its own words, or not done here yet.

use super::errors::Failure;
use super::state::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// `/pools…`
pub async fn pools() -> Failure {
    Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "KUBERNETES::POOL_NOT_SUPPORTED",
        "Pool management is only available when runtime.type is 'kubernetes'.",
    )
}

/// `/templates…`
pub async fn templates() -> Failure {
    Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "FSB::API_NOT_SUPPORTED",
        "Template management requires the kubernetes runtime.",
    )
}

/// `/sandboxes/{id}/networkpolicy`: the real server asks an egress sidecar, and without one nobody answers.
pub async fn network_policy(State(app): State<App>, Path(id): Path<String>) -> Result<(), Failure> {
    app.sandboxes.get(&id)?;
    Err(Failure::api(
        StatusCode::BAD_GATEWAY,
        "BACKEND_CONNECTION_FAILED",
        "Could not connect to the backend sandbox 127.0.0.1:18080: All connection attempts failed",
    ))
}

/// `/sandboxes/{id}/diagnostics/…`
pub async fn diagnostics(State(app): State<App>, Path(id): Path<String>) -> Result<(), Failure> {
    app.sandboxes.get(&id)?;
    Err(Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "DIAGNOSTICS_NOT_IMPLEMENTED",
        "Diagnostics are not implemented by this local server.",
    ))
}

/// `/sandboxes/{id}/snapshots`
pub async fn create_snapshot(State(app): State<App>, Path(id): Path<String>) -> Result<(), Failure> {
    app.sandboxes.get(&id)?;
    Err(snapshots())
}

/// `/snapshots…`
pub async fn any_snapshot() -> Failure {
    snapshots()
}

/// Everything about snapshots.
pub fn snapshots() -> Failure {
    Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "SNAPSHOT::NOT_IMPLEMENTED",
        "Snapshots are not implemented by this local server.",
    )
}

/// Volumes other than host paths.
pub fn volumes() -> Failure {
    Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "VOLUME::NOT_IMPLEMENTED",
        "Volumes are not implemented by this local server.",
    )
}
