//! `GET /files/info`, and what a file looks like in JSON.

use super::{bad_path, blocking, operation};
use crate::execd::errors::{self, Failure};
use crate::execd::{paths, timestamps};
use axum::response::Response;
use nix::unistd::{Gid, Group, Uid, User};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[derive(Serialize)]
pub struct FileInfo {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    size: u64,
    modified_at: String,
    created_at: String,
    owner: String,
    group: String,
    mode: u32,
}

/// Turns metadata into `FileInfo`s. Remembers names: a long listing asks for the same few ids.
#[derive(Default)]
pub struct Describer {
    owners: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Describer {
    pub fn describe(&mut self, path: &Path, metadata: &Metadata) -> FileInfo {
        let kind = metadata.file_type();
        FileInfo {
            path: path.to_string_lossy().into_owned(),
            kind: if kind.is_file() {
                "file"
            } else if kind.is_dir() {
                "directory"
            } else if kind.is_symlink() {
                "symlink"
            } else {
                "other"
            },
            size: metadata.len(),
            modified_at: timestamps::from_parts(metadata.mtime(), metadata.mtime_nsec()),
            // The real one, too, shows the time of the last change of the inode here.
            created_at: timestamps::from_parts(metadata.ctime(), metadata.ctime_nsec()),
            owner: self.owners.entry(metadata.uid()).or_insert_with_key(|id| owner_name(*id)).clone(),
            group: self.groups.entry(metadata.gid()).or_insert_with_key(|id| group_name(*id)).clone(),
            mode: octal_as_decimal(metadata.mode() & 0o777),
        }
    }
}

fn owner_name(id: u32) -> String {
    User::from_uid(Uid::from_raw(id)).ok().flatten().map_or_else(|| id.to_string(), |user| user.name)
}

fn group_name(id: u32) -> String {
    Group::from_gid(Gid::from_raw(id)).ok().flatten().map_or_else(|| id.to_string(), |group| group.name)
}

/// 0o644 becomes 644.
fn octal_as_decimal(mode: u32) -> u32 {
    format!("{mode:o}").parse().unwrap_or(0)
}

/// The paths' information, keyed as they were sent. Links are not followed.
pub async fn get(paths: Vec<String>) -> Result<Response, Failure> {
    blocking(move || {
        let mut describer = Describer::default();
        let mut found = BTreeMap::new();
        for sent in paths {
            let path = paths::expand_absolute(&sent).map_err(bad_path)?;
            let metadata = path.symlink_metadata().map_err(|error| {
                let text = operation("lstat", &path, &error);
                Failure::file(&error, format!("file not found: {}: {text}", path.display()))
            })?;
            found.insert(sent, describer.describe(&path, &metadata));
        }
        Ok(errors::success(&found))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_digits() {
        assert_eq!(octal_as_decimal(0o644), 644);
        assert_eq!(octal_as_decimal(0), 0);
    }

    #[test]
    fn unknown_ids_are_numbers() {
        assert_eq!(owner_name(4_000_000_001), "4000000001");
    }
}
