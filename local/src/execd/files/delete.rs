//! `DELETE /files` and `DELETE /directories`.

use super::{blocking, operation};
use crate::execd::errors::{self, Failure, os_text};
use crate::execd::paths;
use axum::response::Response;
use std::io;
use std::path::Path;

pub async fn files(paths: Vec<String>) -> Result<Response, Failure> {
    blocking(move || {
        for sent in paths {
            let failed = |text: String| Failure::runtime(format!("error removing file {sent}. {text}"));
            let path = paths::expand_absolute(&sent).map_err(failed)?;
            // Following links: one that dangles counts as missing and stays, one to a directory is a directory.
            match path.metadata() {
                Ok(metadata) if metadata.is_dir() => {
                    return Err(failed(format!("path is a directory: {}", path.display())));
                }
                Ok(_) => std::fs::remove_file(&path).map_err(|error| failed(operation("remove", &path, &error)))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(operation("stat", &path, &error))),
            }
        }
        Ok(errors::empty())
    })
    .await
}

pub async fn directories(paths: Vec<String>) -> Result<Response, Failure> {
    blocking(move || {
        for sent in paths {
            let path = paths::expand(&sent)
                .map_err(|error| Failure::runtime(format!("error resolving directory {sent}. {error}")))?;
            let failed = |text: &str| Failure::runtime(format!("error removing directory {sent}. {text}"));
            if path == "." || path.ends_with("/.") {
                return Err(failed(&format!("RemoveAll {path}: invalid argument")));
            }
            if !path.is_empty() {
                remove_all(Path::new(&path)).map_err(|error| failed(&os_text(&error)))?;
            }
        }
        Ok(errors::empty())
    })
    .await
}

/// `rm -rf`: plain files and links too, and nothing there is fine.
fn remove_all(path: &Path) -> io::Result<()> {
    let result = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
