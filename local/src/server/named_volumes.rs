//! Named volumes: directories of this server that outlive a sandbox.

use super::errors::Failure;
use crate::lock::lock;
use axum::http::StatusCode;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// All of them, below one directory.
pub struct NamedVolumes {
    dir: PathBuf,
    /// How many sandboxes hold each.
    users: Mutex<HashMap<String, usize>>,
}

/// Held by a sandbox as long as it is there.
pub struct Use {
    pub path: PathBuf,
    claim: String,
    /// Made for this sandbox, which asked for its end with its own.
    ends_with_sandbox: bool,
    volumes: Arc<NamedVolumes>,
}

impl NamedVolumes {
    /// In a directory of the server's own.
    pub fn new(dir: PathBuf) -> Arc<Self> {
        Arc::new(Self { dir, users: Mutex::new(HashMap::new()) })
    }

    /// One for a sandbox. Its name was checked: it is a plain file name.
    pub fn take(self: &Arc<Self>, volume: &str, claim: &str, create: bool, delete: bool) -> Result<Use, Failure> {
        let mut users = lock(&self.users);
        let path = self.dir.join(claim);
        let is_new = !path.is_dir();
        if is_new && !create {
            return Err(Failure::api(
                StatusCode::BAD_REQUEST,
                "VOLUME::PVC_NOT_FOUND",
                format!(
                    "Volume '{volume}': Docker named volume '{claim}' does not exist. Named volumes must be created before sandbox creation (e.g., 'docker volume create <name>')."
                ),
            ));
        }
        fs::create_dir_all(&path).map_err(|error| {
            Failure::api(
                StatusCode::INTERNAL_SERVER_ERROR,
                "VOLUME::PVC_INSPECT_FAILED",
                format!("Volume '{volume}': failed to auto-create Docker named volume '{claim}': {error}"),
            )
        })?;
        *users.entry(claim.to_owned()).or_default() += 1;
        let ends_with_sandbox = is_new && delete;
        Ok(Use { path, claim: claim.to_owned(), ends_with_sandbox, volumes: Arc::clone(self) })
    }
}

impl Use {
    /// The sandbox was deleted, or could not be made: removes the volume if that was asked for and nobody else has it.
    pub fn end(self) {
        if !self.ends_with_sandbox {
            return;
        }
        let users = lock(&self.volumes.users);
        if users.get(&self.claim).is_some_and(|count| *count > 1) {
            tracing::warn!("the volume {} stays: another sandbox uses it", self.claim);
        } else if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!("cannot remove the volume {}: {error}", self.claim);
        }
        drop(users);
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut users = lock(&self.volumes.users);
        if let Some(count) = users.get_mut(&self.claim) {
            *count = count.saturating_sub(1);
        }
        users.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_one_may_end_it() {
        let dir = tempfile::tempdir().unwrap();
        let volumes = NamedVolumes::new(dir.path().join("volumes"));
        let code = |failure: Failure| match failure {
            Failure::Api(status, code, _) => format!("{} {code}", status.as_u16()),
            other => format!("{other:?}"),
        };
        assert_eq!(volumes.take("v", "c", false, false).map_err(code).err().unwrap(), "400 VOLUME::PVC_NOT_FOUND");
        let first = volumes.take("v", "c", true, true).unwrap();
        let second = volumes.take("v", "c", false, true).unwrap();
        let path = first.path.clone();
        second.end();
        assert!(path.is_dir(), "it did not make it");
        let third = volumes.take("v", "c", true, true).unwrap();
        first.end();
        assert!(path.is_dir(), "somebody else has it");
        drop(third);
        // The one who made it is gone, so now nobody ends it.
        volumes.take("v", "c", true, true).unwrap().end();
        assert!(path.is_dir());
        let own = volumes.take("v", "d", true, true).unwrap();
        let path = own.path.clone();
        own.end();
        assert!(!path.exists());
        let kept = volumes.take("v", "e", true, false).unwrap();
        let path = kept.path.clone();
        kept.end();
        assert!(path.is_dir());
    }
}
