//! `GET /directories/list`: what a directory holds, down to a depth.

use super::info::Describer;
use super::{bad_path, blocking, operation};
use crate::execd::errors::{self, Failure, os_text};
use crate::execd::paths;
use axum::response::Response;
use walkdir::WalkDir;

pub async fn get(path: Option<&str>, depth: Option<&str>) -> Result<Response, Failure> {
    let path = path.filter(|path| !path.is_empty()).ok_or_else(|| Failure::missing_query("path"))?.to_owned();
    let depth = match depth.filter(|depth| !depth.is_empty()) {
        None => 1,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Failure::invalid_request(format!("invalid query parameter 'depth': {text}")))?,
    };
    blocking(move || list(&path, depth)).await
}

fn list(path: &str, depth: usize) -> Result<Response, Failure> {
    let root = paths::expand_absolute(path).map_err(bad_path)?;
    let metadata = root.symlink_metadata().map_err(|error| Failure::file(&error, operation("lstat", &root, &error)))?;
    if metadata.is_symlink() {
        return Err(Failure::invalid_request(format!("path is a symbolic link: {}", root.display())));
    }
    if !metadata.is_dir() {
        return Err(Failure::invalid_request(format!("path is not a directory: {}", root.display())));
    }
    let mut describer = Describer::default();
    let mut found = Vec::new();
    if depth > 0 {
        for entry in WalkDir::new(&root).min_depth(1).max_depth(depth).sort_by_file_name() {
            let described = entry.and_then(|entry| {
                let metadata = entry.metadata()?;
                Ok(describer.describe(entry.path(), &metadata))
            });
            found.push(described.map_err(|error| {
                let text = error.io_error().map_or_else(|| error.to_string(), os_text);
                Failure::runtime(format!("error listing directory {}. {text}", root.display()))
            })?);
        }
    }
    Ok(errors::success(&found))
}
