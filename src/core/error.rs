//! Everything that can go wrong, in one enum: which JavaScript class it becomes, its stable code, its words.

use std::fmt;

/// An error without JavaScript values. `host::failure` adds the cause and builds the exception.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// A value of the caller's is wrong; names the field.
    InvalidArgument(String),
    /// The server answered with an error status.
    Api {
        /// HTTP status.
        status: u16,
        /// The server's own code, such as `DOCKER::SANDBOX_NOT_FOUND`.
        code: Option<String>,
        /// The server's own message.
        message: String,
    },
    /// The server does not have what was asked for: an older version, or another runtime.
    NotSupported {
        /// HTTP status: 501, or the 404 of a router that does not know the path.
        status: u16,
        /// What is not supported, and the server's own message.
        message: String,
    },
    /// The server answered 2xx with something that is not what the API says.
    UnexpectedResponse(String),
    /// The server wants to send the request elsewhere. Not followed: keys never leave their origin.
    Redirect(u16),
    /// No answer: refused, reset, or hidden by the browser.
    Network(String),
    /// A request, or the start of a run, took longer than its limit.
    Timeout(String),
    /// The caller's signal fired.
    Aborted,
    /// The object was closed.
    Closed(String),
    /// Something did not become ready in time: a sandbox, a snapshot, a port.
    ReadyTimeout(String),
    /// The server could not make a snapshot that it had accepted.
    SnapshotFailed(String),
    /// A stream ended without the end of the run.
    Interrupted(String),
    /// A stream went silent.
    Stalled(String),
    /// A context of code runs something else: one run at a time.
    Busy(String),
    /// Code was to be interrupted, and its kernel did not heed it.
    Unresponsive(String),
    /// A stream carried something that is no event.
    Malformed(String),
    /// One event was larger than the limit.
    TooLarge(String),
    /// A file was changed while it was being read.
    Changed(String),
    /// What the caller gave to upload failed while it was being read.
    Source(String),
    /// Another client has taken a terminal over.
    TakenOver(String),
    /// A terminal's program is not running: connecting would start it.
    NotRunning(String),
    /// No WebSocket, or none that can send the headers that are needed.
    NoWebSocket(String),
    /// More has come than is held for a reader that does not keep up.
    TooSlow(String),
}

impl Error {
    /// The exported class that it becomes; see `src/js/errors.js`.
    pub fn class(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "InvalidArgumentException",
            Self::Api { .. }
            | Self::NotSupported { .. }
            | Self::SnapshotFailed(_)
            | Self::Busy(_)
            | Self::UnexpectedResponse(_)
            | Self::Redirect(_) => "SandboxApiException",
            Self::Network(_) => "SandboxConnectionException",
            Self::Timeout(_) => "SandboxTimeoutException",
            Self::Aborted => "SandboxAbortException",
            Self::Closed(_) | Self::Changed(_) | Self::Source(_) => "SandboxException",
            Self::ReadyTimeout(_) => "SandboxReadyTimeoutException",
            Self::NotRunning(_) | Self::NoWebSocket(_) | Self::TooSlow(_) => "SandboxException",
            Self::Interrupted(_)
            | Self::Stalled(_)
            | Self::Unresponsive(_)
            | Self::Malformed(_)
            | Self::TooLarge(_)
            | Self::TakenOver(_) => "SandboxStreamException",
        }
    }

    /// Stable across versions and across two copies of the package, where `instanceof` is not.
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidArgument(_) => "INVALID_ARGUMENT",
            Self::Api { code: Some(code), .. } => code,
            Self::Api { .. } | Self::UnexpectedResponse(_) => "UNEXPECTED_RESPONSE",
            Self::NotSupported { .. } => "NOT_SUPPORTED",
            Self::SnapshotFailed(_) => "SNAPSHOT_FAILED",
            Self::Redirect(_) => "REDIRECT_REFUSED",
            Self::Network(_) => "NETWORK_ERROR",
            Self::Timeout(_) => "REQUEST_TIMEOUT",
            Self::Aborted => "ABORTED",
            Self::Closed(_) => "CLOSED",
            Self::ReadyTimeout(_) => "READY_TIMEOUT",
            Self::Interrupted(_) => "STREAM_INTERRUPTED",
            Self::Stalled(_) => "STREAM_STALLED",
            Self::Busy(_) => "CONTEXT_BUSY",
            Self::Unresponsive(_) => "KERNEL_UNRESPONSIVE",
            Self::Malformed(_) => "MALFORMED_EVENT",
            Self::TooLarge(_) => "EVENT_TOO_LARGE",
            Self::Changed(_) => "FILE_CHANGED",
            Self::Source(_) => "SOURCE_FAILED",
            Self::TakenOver(_) => "TAKEN_OVER",
            Self::NotRunning(_) => "PTY_NOT_RUNNING",
            Self::NoWebSocket(_) => "NO_WEB_SOCKET",
            Self::TooSlow(_) => "CONSUMER_TOO_SLOW",
        }
    }

    /// HTTP status, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } | Self::NotSupported { status, .. } | Self::Redirect(status) if *status > 0 => {
                Some(*status)
            }
            _ => None,
        }
    }

    /// Whether the same request may well succeed later. It says nothing about whether repeating it is safe.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => crate::retry::is_passing(*status),
            Self::Network(_) | Self::Timeout(_) | Self::ReadyTimeout(_) | Self::Busy(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(text)
            | Self::UnexpectedResponse(text)
            | Self::Network(text)
            | Self::Timeout(text)
            | Self::Closed(text)
            | Self::ReadyTimeout(text)
            | Self::SnapshotFailed(text)
            | Self::Interrupted(text)
            | Self::Stalled(text)
            | Self::Busy(text)
            | Self::Unresponsive(text)
            | Self::Malformed(text)
            | Self::TooLarge(text)
            | Self::Changed(text)
            | Self::Source(text)
            | Self::NotSupported { message: text, .. }
            | Self::TakenOver(text)
            | Self::NotRunning(text)
            | Self::NoWebSocket(text)
            | Self::TooSlow(text)
            | Self::Api { message: text, .. } => f.write_str(text),
            Self::Aborted => f.write_str("The operation was aborted"),
            Self::Redirect(_) => f.write_str(
                "The server answered with a redirect, which is not followed because the request carries keys. \
                 Check the domain and the protocol (http or https) of the connection",
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What could be read from the body of an error response. The servers have four shapes and plain text.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ErrorBody {
    /// `code` or `error.code`.
    pub code: Option<String>,
    /// `message`, `error.message`, `error` or `detail` as text.
    pub message: Option<String>,
    /// FastAPI's `detail` list: where, and what is wrong there. Its `input` and `ctx` echo the request, secrets
    /// included, and are never read.
    pub details: Vec<(String, String)>,
    /// The body when it was not JSON.
    pub text: String,
}

impl ErrorBody {
    /// The error of a response with this body. `fallback` says what was being done, for bodies that say nothing.
    pub fn into_error(self, status: u16, fallback: &str) -> Error {
        let said = self.message.filter(|text| !text.trim().is_empty());
        let details: Vec<String> = self
            .details
            .iter()
            .map(|(place, problem)| if place.is_empty() { problem.clone() } else { format!("{place}: {problem}") })
            .collect();
        let text = self.text.trim();
        let message = if let Some(said) = said {
            said
        } else if !details.is_empty() {
            format!("{fallback}: {}", details.join("; "))
        } else if !text.is_empty() && !text.starts_with('<') && text.len() <= 500 {
            format!("{fallback} (HTTP {status}): {text}")
        } else {
            format!("{fallback} (HTTP {status})")
        };
        Error::Api { status, code: self.code.filter(|code| !code.is_empty()), message }
    }
}
