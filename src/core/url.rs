//! Builds URLs: percent-encoding, queries, joining a base with a path.

use crate::text::{has, join};

/// Percent-encodes like JavaScript's `encodeURIComponent`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// Appends `?a=1&b=2` (or `&…` where there is a query already), everything encoded.
pub fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = url.to_owned();
    for (name, value) in pairs {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&encode(name));
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// The `metadata` filter of the sandbox list: one value that is itself a query string, which the server decodes a second
/// time. The inner encoding is what keeps `&`, `=`, `+` and `%` in a value from being read as syntax.
pub fn metadata_filter(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    join(&pairs, "&")
}

/// The base URL of an endpoint: execd, egress or a user's port.
///
/// `endpoint` is `host[:port][/path]` without a scheme, as the lifecycle server gives it. A path in it is kept: proxied
/// endpoints and Docker's bridge mode have one. Anything that would turn the rest of the URL around is refused.
pub fn endpoint_base(protocol: &str, endpoint: &str) -> Result<String, String> {
    let text = endpoint.trim_end_matches('/');
    let host = text.split('/').next().unwrap_or_default();
    let suspicious = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '#' | '?' | '\\');
    if host.is_empty() || has(text, "://") || text.contains(suspicious) {
        return Err(format!("The server gave an endpoint that is not host[:port][/path]: {endpoint}"));
    }
    Ok(format!("{protocol}://{text}"))
}

/// Whether `url` lies under `base` (same origin and path prefix): only there may the API key go.
pub fn is_under(url: &str, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}
