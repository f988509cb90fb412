//! `POST /files/replace`: replaces text in files.

use super::{bad_path, blocking, operation};
use crate::execd::body::{self, Fields, malformed};
use crate::execd::errors::{self, Failure};
use crate::execd::paths;
use axum::body::Body;
use axum::response::Response;
use memchr::memmem;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Replaced {
    #[serde(rename = "replacedCount")]
    replaced_count: usize,
}

struct Item {
    path: String,
    old: String,
    new: String,
}

pub async fn post(body: Body, verbose: bool) -> Result<Response, Failure> {
    let value = body::read_required(body).await?;
    let mut items = Vec::new();
    for (path, item) in body::entries(&value)? {
        let read = || {
            let fields = Fields::of(item, "ReplaceFileContentItem")?;
            Ok(Item { path: path.clone(), old: fields.string("old")?, new: fields.string("new")? })
        };
        items.push(read().map_err(|error: String| malformed(&error))?);
    }
    blocking(move || {
        let mut counts = BTreeMap::new();
        for item in items {
            let replaced_count = replace(&item)?;
            counts.insert(item.path, Replaced { replaced_count });
        }
        Ok(if verbose { errors::success(&counts) } else { errors::empty() })
    })
    .await
}

fn replace(item: &Item) -> Result<usize, Failure> {
    let path = paths::expand_absolute(&item.path).map_err(bad_path)?;
    let failed = |name: &str, error: std::io::Error| Failure::file(&error, operation(name, &path, &error));
    path.metadata().map_err(|error| failed("stat", error))?;
    let content = std::fs::read(&path).map_err(|error| failed("read", error))?;
    if item.old.is_empty() {
        return Err(Failure::invalid_request("old content must not be empty"));
    }
    let (content, count) = replace_all(&content, item.old.as_bytes(), item.new.as_bytes());
    // In place, so that mode, owner and links stay; written even without a hit.
    std::fs::write(&path, content).map_err(|error| failed("open", error))?;
    Ok(count)
}

fn replace_all(content: &[u8], old: &[u8], new: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(content.len());
    let (mut copied, mut count) = (0, 0);
    for at in memmem::find_iter(content, old) {
        out.extend_from_slice(content.get(copied..at).unwrap_or_default());
        out.extend_from_slice(new);
        copied = at + old.len();
        count += 1;
    }
    out.extend_from_slice(content.get(copied..).unwrap_or_default());
    (out, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_wise_and_everywhere() {
        assert_eq!(replace_all(b"aXbX\xff", b"X", b"--"), (b"a--b--\xff".to_vec(), 2));
        assert_eq!(replace_all(b"aaa", b"aa", b"b"), (b"ba".to_vec(), 1));
        assert_eq!(replace_all(b"abc", b"x", b"y"), (b"abc".to_vec(), 0));
    }
}
