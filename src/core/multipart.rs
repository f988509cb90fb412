//! The text around a file in a `multipart/form-data` upload, as execd wants it.
//!
//! execd takes parts named `metadata` and `file`, and both must carry a `filename`: without one it answers
//! `400 INVALID_FILE_METADATA`. The file's bytes never come here: the host puts them between the two texts.

use crate::text::replace;

/// What comes before the file's bytes. `metadata` is JSON text.
pub fn head(boundary: &str, metadata: &str, path: &str, content_type: &str) -> String {
    let name = after_last_slash(path).filter(|name| !name.is_empty()).unwrap_or("file");
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
         Content-Type: {}\r\n\r\n",
        escape(name),
        replace(&replace(content_type, "\r", " "), "\n", " "),
    )
}

fn after_last_slash(path: &str) -> Option<&str> {
    path.get(path.bytes().rposition(|byte| byte == b'/').map_or(0, |at| at + 1)..)
}

/// What comes after the file's bytes.
pub fn tail(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

/// As browsers do it. A quote or a line break in a file name must not end the header.
fn escape(name: &str) -> String {
    replace(&replace(&replace(name, "\"", "%22"), "\r", "%0D"), "\n", "%0A")
}
