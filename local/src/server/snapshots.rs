//! Snapshots: copies of sandboxes' files, as long as this server runs.

use super::errors::Failure;
use super::layout::Layout;
use super::model::time;
use crate::lock::lock;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// How many copies are made at once.
const WORKERS: usize = 2;

/// All of them.
pub struct Snapshots {
    dir: PathBuf,
    all: Mutex<HashMap<String, Snapshot>>,
    pub workers: Semaphore,
}

/// One of them.
#[derive(Clone)]
pub struct Snapshot {
    pub id: String,
    pub sandbox: String,
    pub name: Option<String>,
    pub created: Timestamp,
    pub stage: Stage,
    at: Timestamp,
    /// A clone for each sandbox made of it.
    used: Arc<()>,
}

/// Where it is in its life.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    Creating,
    Ready,
    Failed(String),
    Deleting,
}

/// Held by a sandbox that was made of a snapshot: the snapshot is in use.
pub struct Lease {
    pub id: String,
    pub files: PathBuf,
    _used: Arc<()>,
}

impl Stage {
    /// The value of `status.state`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Ready => "Ready",
            Self::Failed(_) => "Failed",
            Self::Deleting => "Deleting",
        }
    }

    fn reason(&self) -> (&'static str, &str) {
        match self {
            Self::Creating => ("snapshot_accepted", "Snapshot creation accepted."),
            Self::Ready => ("snapshot_runtime_ready", "Docker snapshot image created successfully."),
            Self::Failed(why) => ("snapshot_runtime_failed", why),
            Self::Deleting => ("snapshot_delete_requested", "Snapshot deletion requested."),
        }
    }
}

impl Snapshot {
    /// The answer.
    pub fn json(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), json!(self.id));
        map.insert("sandboxId".into(), json!(self.sandbox));
        if let Some(name) = &self.name {
            map.insert("name".into(), json!(name));
        }
        let (reason, message) = self.stage.reason();
        map.insert(
            "status".into(),
            json!({
                "state": self.stage.name(),
                "reason": reason,
                "message": message,
                "lastTransitionAt": time(self.at),
            }),
        );
        map.insert("createdAt".into(), json!(time(self.created)));
        Value::Object(map)
    }
}

impl Snapshots {
    /// Kept in a directory of the server's own.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, all: Mutex::new(HashMap::new()), workers: Semaphore::new(WORKERS) }
    }

    /// A new one, which is still to be made.
    pub fn add(&self, sandbox: &str, name: Option<String>) -> Snapshot {
        let now = Timestamp::now();
        let snapshot = Snapshot {
            id: uuid::Uuid::new_v4().to_string(),
            sandbox: sandbox.to_owned(),
            name,
            created: now,
            stage: Stage::Creating,
            at: now,
            used: Arc::default(),
        };
        lock(&self.all).insert(snapshot.id.clone(), snapshot.clone());
        snapshot
    }

    /// Where its files go.
    pub fn layout(&self, id: &str) -> std::io::Result<Layout> {
        Layout::create(&self.dir, id)
    }

    /// It is made, or could not be.
    pub fn finish(&self, id: &str, outcome: Result<(), String>) {
        if let Some(snapshot) = lock(&self.all).get_mut(id) {
            snapshot.stage = outcome.map_or_else(Stage::Failed, |()| Stage::Ready);
            snapshot.at = Timestamp::now();
        }
    }

    /// One by id.
    pub fn get(&self, id: &str) -> Result<Snapshot, Failure> {
        lock(&self.all).get(id).cloned().ok_or_else(|| not_found(id))
    }

    /// All, newest first.
    pub fn all(&self) -> Vec<Snapshot> {
        let mut all: Vec<Snapshot> = lock(&self.all).values().cloned().collect();
        all.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        all
    }

    /// For a new sandbox.
    pub fn lease(&self, id: &str) -> Result<Lease, Failure> {
        let all = lock(&self.all);
        let snapshot = all.get(id).ok_or_else(|| not_found(id))?;
        if snapshot.stage != Stage::Ready {
            return Err(conflict("SNAPSHOT::NOT_READY", format!("Snapshot {id} is not ready for restore.")));
        }
        Ok(Lease { id: id.to_owned(), files: self.dir.join(id), _used: Arc::clone(&snapshot.used) })
    }

    /// Takes one off the list. One that is in use stays, marked as being deleted, as in the real server.
    pub fn take(&self, id: &str) -> Result<Layout, Failure> {
        let mut all = lock(&self.all);
        let snapshot = all.get_mut(id).ok_or_else(|| not_found(id))?;
        if snapshot.stage == Stage::Creating {
            let message = format!("Snapshot {id} is still being created and cannot be deleted");
            return Err(conflict("SNAPSHOT::INVALID_STATE", message));
        }
        if snapshot.stage != Stage::Deleting {
            snapshot.stage = Stage::Deleting;
            snapshot.at = Timestamp::now();
        }
        if Arc::strong_count(&snapshot.used) > 1 {
            let message = "snapshot image cannot be deleted due to a conflict".into();
            return Err(conflict("SNAPSHOT::DELETE_CONFLICT", message));
        }
        all.remove(id);
        Ok(Layout { dir: self.dir.join(id) })
    }
}

fn not_found(id: &str) -> Failure {
    Failure::api(StatusCode::NOT_FOUND, "SNAPSHOT::NOT_FOUND", format!("Snapshot {id} not found"))
}

fn conflict(code: &'static str, message: String) -> Failure {
    Failure::api(StatusCode::CONFLICT, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Failure>) -> String {
        match result {
            Ok(_) => "ok".into(),
            Err(Failure::Api(status, code, _)) => format!("{} {code}", status.as_u16()),
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn a_life() {
        let snapshots = Snapshots::new("/nowhere".into());
        assert_eq!(code(snapshots.get("x")), "404 SNAPSHOT::NOT_FOUND");
        let id = snapshots.add("s", Some("n".into())).id;
        assert_eq!(code(snapshots.lease(&id)), "409 SNAPSHOT::NOT_READY");
        assert_eq!(code(snapshots.take(&id)), "409 SNAPSHOT::INVALID_STATE");
        snapshots.finish(&id, Ok(()));
        let shown = snapshots.get(&id).unwrap().json();
        assert_eq!((&shown["status"]["state"], &shown["name"]), (&json!("Ready"), &json!("n")));
        let lease = snapshots.lease(&id).ok().unwrap();
        assert_eq!(code(snapshots.take(&id)), "409 SNAPSHOT::DELETE_CONFLICT");
        assert_eq!(snapshots.get(&id).unwrap().stage, Stage::Deleting);
        assert_eq!(code(snapshots.lease(&id)), "409 SNAPSHOT::NOT_READY");
        drop(lease);
        assert_eq!(code(snapshots.take(&id)), "ok");
        assert_eq!(code(snapshots.take(&id)), "404 SNAPSHOT::NOT_FOUND");
    }

    #[test]
    fn failures_may_be_deleted_and_nameless_ones_have_no_name() {
        let snapshots = Snapshots::new("/nowhere".into());
        let id = snapshots.add("s", None).id;
        snapshots.finish(&id, Err("no room".into()));
        let shown = snapshots.get(&id).unwrap().json();
        assert_eq!(shown["status"]["reason"], "snapshot_runtime_failed");
        assert_eq!(shown["status"]["message"], "no room");
        assert!(shown.get("name").is_none());
        assert_eq!(code(snapshots.lease(&id)), "409 SNAPSHOT::NOT_READY");
        assert_eq!(code(snapshots.take(&id)), "ok");
    }
}
