//! `POST /files/mv`: renames files and directories.

use super::{bad_path, blocking, operation};
use crate::execd::body::{self, Fields, malformed};
use crate::execd::errors::{self, Failure};
use crate::execd::paths;
use axum::body::Body;
use axum::response::Response;

pub async fn post(body: Body) -> Result<Response, Failure> {
    let value = body::read_required(body).await?;
    let read = |item| {
        let fields = Fields::of(item, "RenameFileItem")?;
        Ok((fields.string("src")?, fields.string("dest")?))
    };
    let items: Result<Vec<_>, String> = body::items(&value)?.iter().map(read).collect();
    let items = items.map_err(|error| malformed(&error))?;
    blocking(move || {
        items.iter().try_for_each(|(source, target)| rename(source, target))?;
        Ok(errors::empty())
    })
    .await
}

fn rename(source: &str, target: &str) -> Result<(), Failure> {
    let from = paths::expand_absolute(source).map_err(bad_path)?;
    let to = paths::expand_absolute(target).map_err(bad_path)?;
    from.metadata().map_err(|error| {
        let text = operation("stat", &from, &error);
        Failure::file(&error, format!("source path not found: {}: {text}", from.display()))
    })?;
    // An existing directory, too, is in the way: there is no "move into".
    if to.metadata().is_ok() {
        return Err(bad_path(format!("destination path already exists: {}", to.display())));
    }
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(|error| bad_path(operation("mkdir", parent, &error)))?;
    }
    std::fs::rename(&from, &to).map_err(|error| bad_path(operation(&format!("rename {}", from.display()), &to, &error)))
}
