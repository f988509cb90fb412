//! What execd remembers of the commands it has run, until it ends.

use super::outcome::Outcome;
use super::timestamps;
use crate::lock::lock;
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub struct Registry {
    commands: Mutex<HashMap<String, Arc<Record>>>,
}

/// One command.
pub struct Record {
    pub id: String,
    content: String,
    /// Its process group; 0 when it could not be started.
    pub group: i32,
    /// The combined output, for a background command only.
    pub output: Option<PathBuf>,
    started_at: String,
    end: Mutex<Option<(Outcome, String)>>,
}

#[derive(Serialize)]
struct Status<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    content: &'a str,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    started_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<&'a str>,
}

impl Record {
    pub fn finish(&self, outcome: Outcome) {
        *lock(&self.end) = Some((outcome, timestamps::now()));
    }

    pub fn is_running(&self) -> bool {
        lock(&self.end).is_none()
    }

    /// The body of the status endpoint.
    pub fn status(&self) -> Vec<u8> {
        let end = lock(&self.end);
        let outcome = end.as_ref().map(|(outcome, _)| outcome);
        super::json::encode(&Status {
            id: &self.id,
            content: &self.content,
            running: end.is_none(),
            exit_code: outcome.map(|outcome| outcome.code),
            error: outcome.and_then(|outcome| outcome.text.as_deref()),
            started_at: &self.started_at,
            finished_at: end.as_ref().map(|(_, at)| at.as_str()),
        })
    }
}

impl Registry {
    pub fn add(&self, id: &str, content: &str, group: i32, output: Option<PathBuf>) -> Arc<Record> {
        let record = Arc::new(Record {
            id: id.to_owned(),
            content: content.to_owned(),
            group,
            output,
            started_at: timestamps::now(),
            end: Mutex::new(None),
        });
        lock(&self.commands).insert(id.to_owned(), Arc::clone(&record));
        record
    }

    pub fn get(&self, id: &str) -> Option<Arc<Record>> {
        lock(&self.commands).get(id).cloned()
    }
}
