//! What this server does not do: refused by the real Docker runtime in its own words, or not possible here.

use super::errors::Failure;
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

/// Volumes where nothing can be mounted.
pub fn volumes() -> Failure {
    Failure::api(
        StatusCode::NOT_IMPLEMENTED,
        "VOLUME::NOT_IMPLEMENTED",
        "Volumes need bubblewrap: without it this local server cannot mount anything into a sandbox.",
    )
}
