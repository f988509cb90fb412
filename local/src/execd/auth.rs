//! The access token check.

use http::HeaderMap;
use subtle::ConstantTimeEq;

pub const HEADER: &str = "x-execd-access-token";
pub const VARIABLE: &str = "EXECD_ACCESS_TOKEN";

/// Whether the request may pass: always when no token is configured.
pub fn allowed(token: Option<&str>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let given = headers.get(HEADER).map_or(&b""[..], |value| value.as_bytes());
    bool::from(token.as_bytes().ct_eq(given))
}
