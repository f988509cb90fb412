//! `POST /directories`: makes directories and their parents.

use super::permissions::read_map;
use super::{bad_path, blocking, operation};
use crate::execd::body;
use crate::execd::errors::{self, Failure};
use crate::execd::paths;
use axum::body::Body;
use axum::response::Response;

pub async fn post(body: Body) -> Result<Response, Failure> {
    let wanted = read_map(&body::read_required(body).await?)?;
    blocking(move || {
        for (sent, permission) in wanted {
            let path = paths::expand_absolute(&sent).map_err(bad_path)?;
            std::fs::create_dir_all(&path).map_err(|error| {
                Failure::runtime(format!("error accessing file: {}", operation("mkdir", &path, &error)))
            })?;
            permission.apply(&path).map_err(bad_path)?;
        }
        Ok(errors::empty())
    })
    .await
}
