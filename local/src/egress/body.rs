//! Reading a request's body. What is longer than the limit is cut off, so that it is no JSON any more, as in Go.

use axum::body::Body;
use http_body_util::BodyExt;

const LIMIT: usize = 1 << 20;

/// The body, or its first MiB.
pub async fn read(mut body: Body) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            bytes.extend(data.iter().take(LIMIT - bytes.len()));
        }
        if bytes.len() == LIMIT {
            break;
        }
    }
    Ok(bytes)
}
