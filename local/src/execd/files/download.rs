//! `GET /files/download`: a file's bytes, whole or a part.

use super::operation;
use super::range::{self, Ranged};
use crate::execd::errors::{Failure, json_bytes, with_type};
use crate::execd::paths;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::convert::Infallible;
use std::io::SeekFrom;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

const CHUNK: usize = 128 * 1024;
/// What Go leaves alone in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

pub async fn get(path: Option<&str>, headers: &HeaderMap) -> Result<Response, Failure> {
    let sent = path.filter(|path| !path.is_empty()).ok_or_else(|| Failure::missing_query("path"))?;
    let path =
        paths::expand(sent).map_err(|error| Failure::runtime(format!("error resolving file path {sent}. {error}")))?;
    let path = Path::new(&path);
    let failed = |name: &str, error: std::io::Error| Failure::file(&error, operation(name, path, &error));
    let mut file = File::open(path).await.map_err(|error| failed("open", error))?;
    let metadata = file.metadata().await.map_err(|error| failed("stat", error))?;
    let disposition = disposition(path);
    let respond = |status: StatusCode, length: u64, body: Body| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        if let Some(value) = &disposition {
            headers.insert(header::CONTENT_DISPOSITION, value.clone());
        }
        headers.insert(header::CONTENT_LENGTH, length.into());
        response
    };
    if metadata.is_dir() {
        // A directory claims to be endless and breaks off at once.
        return Ok(respond(StatusCode::OK, i64::MAX as u64, cut_short("")));
    }
    let size = metadata.len();
    let wanted = headers.get(header::RANGE).map_or("", |value| value.to_str().unwrap_or("?"));
    match if size == 0 { Ranged::Whole } else { range::read(wanted, size) } {
        Ranged::Whole => {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let mut response = if is_not_modified(headers, modified) {
                let mut response = respond(StatusCode::NOT_MODIFIED, 0, Body::empty());
                response.headers_mut().remove(header::CONTENT_TYPE);
                response.headers_mut().remove(header::CONTENT_LENGTH);
                response
            } else {
                let mut response = respond(StatusCode::OK, size, content(file, size));
                response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                response
            };
            if let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(modified)) {
                response.headers_mut().insert(header::LAST_MODIFIED, value);
            }
            Ok(response)
        }
        Ranged::Part(start, length) => {
            file.seek(SeekFrom::Start(start)).await.map_err(|error| failed("seek", error))?;
            let mut response = respond(StatusCode::PARTIAL_CONTENT, length, content(file, length));
            let last = (start + length).saturating_sub(1);
            set_content_range(&mut response, &format!("bytes {start}-{last}/{size}"));
            Ok(response)
        }
        Ranged::Beyond => {
            let text = b"invalid range: failed to overlap\n".to_vec();
            let mut response = with_type(StatusCode::RANGE_NOT_SATISFIABLE, "text/plain; charset=utf-8", text);
            set_content_range(&mut response, &format!("bytes */{size}"));
            let headers = response.headers_mut();
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if let Some(value) = &disposition {
                headers.insert(header::CONTENT_DISPOSITION, value.clone());
            }
            Ok(response)
        }
        Ranged::Unreadable => Ok(unreadable_range(size, disposition)),
    }
}

/// The real one announces the file's size here and then sends its short error, or nothing if that does not fit.
fn unreadable_range(size: u64, disposition: Option<HeaderValue>) -> Response {
    const ERROR: &str = "{\"code\":\"UNKNOWN\"}";
    let mut response = json_bytes(StatusCode::RANGE_NOT_SATISFIABLE, Vec::new());
    *response.body_mut() = cut_short(if size < 18 { "" } else { ERROR });
    response.headers_mut().insert(header::CONTENT_LENGTH, size.into());
    if let Some(value) = disposition {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A body of unknown length: hyper then takes the Content-Length as it is, and closes when it is not met. The pause is
/// for hyper to send what it has, which it would drop together with the connection.
fn cut_short(text: &'static str) -> Body {
    let chunk = (!text.is_empty()).then(|| Ok::<_, Infallible>(Bytes::from_static(text.as_bytes())));
    let end = stream::once(tokio::time::sleep(Duration::from_millis(20))).filter_map(|()| std::future::ready(None));
    Body::from_stream(stream::iter(chunk).chain(end))
}

fn content(file: File, length: u64) -> Body {
    Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK))
}

fn set_content_range(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
}

/// The header has whole seconds only.
fn is_not_modified(headers: &HeaderMap, modified: SystemTime) -> bool {
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since
        .and_then(|since| httpdate::parse_http_date(since).ok())
        .is_some_and(|since| modified < since + Duration::from_secs(1))
}

/// Other than ASCII is percent-encoded and said twice; a quote in an ASCII name is not escaped, like there.
fn disposition(path: &Path) -> Option<HeaderValue> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = if name.is_ascii() {
        format!("attachment; filename=\"{name}\"")
    } else {
        let encoded = utf8_percent_encode(&name, SEGMENT);
        format!("attachment; filename=\"{encoded}\"; filename*=UTF-8''{encoded}")
    };
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let text = |name: &str| disposition(Path::new(name)).unwrap().to_str().unwrap().to_owned();
        assert_eq!(text("/a/b \"c\".txt"), "attachment; filename=\"b \"c\".txt\"");
        assert_eq!(text("/a/é x.txt"), "attachment; filename=\"%C3%A9%20x.txt\"; filename*=UTF-8''%C3%A9%20x.txt");
    }
}
