//! `POST /files/upload`: pairs of `metadata` and `file` parts in a multipart form.

use super::permissions::Permission;
use super::{blocking, operation};
use crate::execd::body::{self, Fields, Parsed};
use crate::execd::errors::{self, Failure};
use crate::execd::paths;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use std::fs::OpenOptions;
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tempfile::SpooledTempFile;

/// The real one refuses more: 500 files.
const MAX_PARTS: usize = 1000;
/// What all parts together may hold in memory; the rest goes to temporary files.
const MAX_MEMORY: usize = 32 * 1024 * 1024;
/// Written to a part's file at once.
const BLOCK: usize = 256 * 1024;

#[derive(Default)]
struct Form {
    metadata: Vec<SpooledTempFile>,
    files: Vec<SpooledTempFile>,
}

pub async fn post(headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let invalid = |code, text: String| Err(Failure::new(StatusCode::BAD_REQUEST, code, text));
    let Some(form) = read_form(headers, body).await else {
        return invalid("INVALID_FILE", "multipart form is empty".into());
    };
    let (metadata, files) = (form.metadata.len(), form.files.len());
    if metadata == 0 {
        return invalid("INVALID_FILE_METADATA", "metadata file is missing".into());
    }
    if files == 0 {
        return invalid("INVALID_FILE_CONTENT", "file is missing".into());
    }
    if metadata != files {
        return invalid("INVALID_FILE", format!("metadata and file count mismatch: {metadata} vs {files}"));
    }
    blocking(move || {
        for (metadata, file) in form.metadata.into_iter().zip(form.files) {
            store(metadata, file)?;
        }
        Ok(errors::empty())
    })
    .await
}

/// Reads the whole form first: nothing is written before it is known to be complete.
async fn read_form(headers: &HeaderMap, body: Body) -> Option<Form> {
    let mut request = Request::new(body);
    request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    // The framework's limit of 2 MB is not execd's.
    let request = with_no_limit(request);
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let mut form = Form::default();
    let mut count = 0;
    let mut memory = MAX_MEMORY;
    while let Some(mut part) = parts.next_field().await.ok()? {
        count += 1;
        if count > MAX_PARTS {
            return None;
        }
        // A part without a filename is a plain field, not a file, and fields are not looked at.
        let is_file = part.file_name().is_some_and(|name| !name.is_empty());
        let list = match part.name() {
            Some("metadata") if is_file => Some(&mut form.metadata),
            Some("file") if is_file => Some(&mut form.files),
            _ => None,
        };
        let mut spool = SpooledTempFile::new(memory);
        let (mut size, mut block) = (0_usize, Vec::new());
        while let Some(chunk) = part.chunk().await.ok()? {
            size = size.saturating_add(chunk.len());
            if list.is_some() {
                spool = append(spool, &mut block, &chunk).await.ok()?;
            }
        }
        if let Some(list) = list {
            spool.write_all(&block).ok()?;
            if !spool.is_rolled() {
                memory = memory.saturating_sub(size);
            }
            list.push(spool);
        }
    }
    Some(form)
}

/// Gathers small chunks; a full block goes to the file off the async threads.
async fn append(mut spool: SpooledTempFile, block: &mut Vec<u8>, chunk: &Bytes) -> io::Result<SpooledTempFile> {
    block.extend_from_slice(chunk);
    if block.len() < BLOCK {
        return Ok(spool);
    }
    let full = std::mem::take(block);
    tokio::task::spawn_blocking(move || spool.write_all(&full).map(|()| spool)).await.map_err(io::Error::other)?
}

fn with_no_limit(request: Request<Body>) -> Request<Body> {
    let mut request = request;
    DefaultBodyLimit::disable().apply(&mut request);
    request
}

/// Writes one file: parents, content, then owner and mode.
fn store(mut metadata: SpooledTempFile, mut content: SpooledTempFile) -> Result<(), Failure> {
    let (sent, permission) = read_metadata(&mut metadata)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "INVALID_FILE_METADATA", error))?;
    let path = paths::expand(&sent)
        .map_err(|error| Failure::runtime(format!("error resolving target path {sent}. {error}")))?;
    let path = Path::new(&path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            let text = operation("mkdir", parent, &error);
            Failure::runtime(format!("error creating target directory {}. {text}", parent.display()))
        })?;
    }
    let failed = |what: &str, text: String| Failure::runtime(format!("error {what} {}. {text}", path.display()));
    let mut target = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // Minus the umask: 755, usually. A file that exists keeps its mode.
        .mode(0o777)
        .open(path)
        .map_err(|error| failed("opening destination file", operation("open", path, &error)))?;
    content
        .rewind()
        .and_then(|()| io::copy(&mut content, &mut target))
        .map_err(|error| failed("copying file", operation("write", path, &error)))?;
    drop(target);
    permission.apply(path).map_err(|error| failed("chmoding file", error))
}

fn read_metadata(part: &mut SpooledTempFile) -> Result<(String, Permission), String> {
    let mut bytes = Vec::new();
    part.rewind()
        .and_then(|()| io::Read::read_to_end(part, &mut bytes))
        .map_err(|error| format!("error reading metadata content. {error}"))?;
    let value = match body::parse(&bytes) {
        Parsed::Value(value) => value,
        Parsed::Empty => return Err("invalid metadata format. unexpected end of JSON input".into()),
        Parsed::Bad(error) => return Err(format!("invalid metadata format. {error}")),
    };
    let read = || {
        let fields = Fields::of(&value, "FileMetadata")?;
        Ok((fields.string("path")?, Permission::read(&fields)?))
    };
    let (path, permission) = read().map_err(|error: String| format!("invalid metadata format. {error}"))?;
    if path.is_empty() {
        return Err("metadata path is empty".into());
    }
    Ok((path, permission))
}
