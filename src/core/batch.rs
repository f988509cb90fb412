//! Splits calls on many paths. The paths travel in the query, and no server takes a URL of any length: many gateways stop at
//! 8 KiB. execd's own limit for uploads, 500 files, is the other one.

use crate::url;

/// How many paths one request carries.
pub const MAX_PATHS: usize = 500;
/// How long the query of one request may be, unless a single path is longer.
pub const MAX_QUERY: usize = 4096;

/// The paths in as few parts as the limits allow, in their order. No paths: one part without any, since execd is to say what
/// that means.
pub fn split(paths: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let mut rest = paths;
    loop {
        let (part, left) = rest.split_at_checked(fitting(rest)).unwrap_or((rest, &[]));
        parts.push(part);
        if left.is_empty() {
            return parts;
        }
        rest = left;
    }
}

/// How many of the first paths fit into one request: at least one.
fn fitting(paths: &[String]) -> usize {
    let mut length = 0;
    let beyond = paths.iter().take(MAX_PATHS).position(|path| {
        length += "&path=".len() + url::encode(path).len();
        length > MAX_QUERY
    });
    beyond.unwrap_or(MAX_PATHS).max(1)
}
