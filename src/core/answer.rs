//! Who has answered at a port's address: the program behind it, or one of the proxies in between?

use crate::text::has;

/// What an answer with an error status means to somebody who waits for a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A program is there, and it does not like the request.
    Theirs,
    /// A proxy could not reach it.
    NotYet,
    /// The sandbox is not there any more.
    Gone,
}

/// The proxies: execd answers 502 in plain text; the lifecycle server 502 and 504 with a code, before 1.1 also 500; the
/// ingress 502 and 503 with its name in the text. A 502 or 504 of the program itself cannot be told from those.
pub fn judge(status: u16, code: Option<&str>, message: &str) -> Answer {
    let code = code.unwrap_or_default();
    match status {
        404 if code.ends_with("::SANDBOX_NOT_FOUND") => Answer::Gone,
        404 if code.ends_with("::POD_IP_NOT_AVAILABLE") => Answer::NotYet,
        502 | 504 => Answer::NotYet,
        500 if matches!(code, "GENERAL::UNKNOWN_ERROR" | "DOCKER::NETWORK_MODE_ENDPOINT_UNAVAILABLE") => Answer::NotYet,
        503 if has(message, "OpenSandbox Ingress") => Answer::NotYet,
        _ => Answer::Theirs,
    }
}
