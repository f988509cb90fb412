//! Everything that can go wrong, in one type: which JavaScript class it becomes, its stable code, its words.

use crate::text::join;
use std::fmt;
use std::ops::Deref;

/// What kind of error it is. The JavaScript class and the stable code follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A value of the caller's is wrong; names the field.
    InvalidArgument,
    /// The server answered with an error status.
    Api,
    /// The server does not have what was asked for: an older version, or another runtime.
    NotSupported,
    /// The server answered 2xx with something that is not what the API says.
    UnexpectedResponse,
    /// The server wants to send the request elsewhere. Not followed: keys never leave their origin.
    Redirect,
    /// No answer: refused, reset, or hidden by the browser.
    Network,
    /// A request, or the start of a run, took longer than its limit.
    Timeout,
    /// The caller's signal fired.
    Aborted,
    /// The object was closed.
    Closed,
    /// Something did not become ready in time: a sandbox, a snapshot, a port.
    ReadyTimeout,
    /// The server could not make a snapshot that it had accepted.
    SnapshotFailed,
    /// A stream ended without the end of the run.
    Interrupted,
    /// A stream went silent.
    Stalled,
    /// A context of code runs something else: one run at a time.
    Busy,
    /// Code was to be interrupted, and its kernel did not heed it.
    Unresponsive,
    /// A stream carried something that is no event.
    Malformed,
    /// One event was larger than the limit.
    TooLarge,
    /// A file was changed while it was being read.
    Changed,
    /// What the caller gave to upload failed while it was being read.
    Source,
    /// Another client has taken a terminal over.
    TakenOver,
    /// A terminal's program is not running: connecting would start it.
    NotRunning,
    /// No WebSocket, or none that can send the headers that are needed.
    NoWebSocket,
    /// More has come than is held for a reader that does not keep up.
    TooSlow,
}

impl ErrorKind {
    /// The exported class that it becomes; see `src/js/errors.js`.
    pub fn class(self) -> &'static str {
        match self {
            Self::InvalidArgument => "InvalidArgumentException",
            Self::Api
            | Self::NotSupported
            | Self::SnapshotFailed
            | Self::Busy
            | Self::UnexpectedResponse
            | Self::Redirect => "SandboxApiException",
            Self::Network => "SandboxConnectionException",
            Self::Timeout => "SandboxTimeoutException",
            Self::Aborted => "SandboxAbortException",
            Self::Closed | Self::Changed | Self::Source => "SandboxException",
            Self::ReadyTimeout => "SandboxReadyTimeoutException",
            Self::NotRunning | Self::NoWebSocket | Self::TooSlow => "SandboxException",
            Self::Interrupted
            | Self::Stalled
            | Self::Unresponsive
            | Self::Malformed
            | Self::TooLarge
            | Self::TakenOver => "SandboxStreamException",
        }
    }

    /// Stable across versions and across two copies of the package, where `instanceof` is not.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::Api | Self::UnexpectedResponse => "UNEXPECTED_RESPONSE",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::SnapshotFailed => "SNAPSHOT_FAILED",
            Self::Redirect => "REDIRECT_REFUSED",
            Self::Network => "NETWORK_ERROR",
            Self::Timeout => "REQUEST_TIMEOUT",
            Self::Aborted => "ABORTED",
            Self::Closed => "CLOSED",
            Self::ReadyTimeout => "READY_TIMEOUT",
            Self::Interrupted => "STREAM_INTERRUPTED",
            Self::Stalled => "STREAM_STALLED",
            Self::Busy => "CONTEXT_BUSY",
            Self::Unresponsive => "KERNEL_UNRESPONSIVE",
            Self::Malformed => "MALFORMED_EVENT",
            Self::TooLarge => "EVENT_TOO_LARGE",
            Self::Changed => "FILE_CHANGED",
            Self::Source => "SOURCE_FAILED",
            Self::TakenOver => "TAKEN_OVER",
            Self::NotRunning => "PTY_NOT_RUNNING",
            Self::NoWebSocket => "NO_WEB_SOCKET",
            Self::TooSlow => "CONSUMER_TOO_SLOW",
        }
    }
}

/// An error without JavaScript values. `host::failure` adds the cause and builds the exception.
///
/// One pointer wide: every `?` copies it, and with its fields in place that was a quarter of the wasm.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Report>);

/// What an [`Error`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What kind it is.
    pub kind: ErrorKind,
    /// For people: what happened and what to do.
    pub message: String,
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// The server's own code, such as `DOCKER::SANDBOX_NOT_FOUND`.
    pub server_code: Option<String>,
}

impl Deref for Error {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

impl Error {
    /// One of a kind.
    #[inline(never)]
    pub fn new(kind: ErrorKind, message: String) -> Self {
        Self(Box::new(Report { kind, message, status: 0, server_code: None }))
    }

    /// The same with words that are always the same.
    #[inline(never)]
    pub fn fixed(kind: ErrorKind, message: &str) -> Self {
        Self::new(kind, message.to_owned())
    }

    /// A value of the caller's is wrong.
    #[inline(never)]
    pub fn invalid(message: String) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// The server answered with an error status, its own code and its own words.
    pub fn api(status: u16, server_code: Option<String>, message: String) -> Self {
        Self(Box::new(Report { kind: ErrorKind::Api, message, status, server_code }))
    }

    /// The server does not have it. `status`: 501, or the 404 of a router that does not know the path.
    pub fn not_supported(status: u16, message: String) -> Self {
        Self(Box::new(Report { kind: ErrorKind::NotSupported, message, status, server_code: None }))
    }

    /// The server wants to send the request elsewhere; the status is 0 where the browser hides it.
    pub fn redirect(status: u16) -> Self {
        let message = "The server answered with a redirect, which is not followed because the request carries keys. \
             Check the domain and the protocol (http or https) of the connection";
        Self(Box::new(Report { kind: ErrorKind::Redirect, message: message.to_owned(), status, server_code: None }))
    }

    /// The caller's signal fired.
    pub fn aborted() -> Self {
        Self::fixed(ErrorKind::Aborted, "The operation was aborted")
    }

    /// The same with other words.
    pub fn saying(self, message: String) -> Self {
        Self(Box::new(Report { message, ..*self.0 }))
    }

    /// Stable across versions and across two copies of the package, where `instanceof` is not.
    pub fn code(&self) -> &str {
        match &self.server_code {
            Some(code) => code,
            None => self.kind.code(),
        }
    }

    /// Whether the server does not know the route at all: what it knows and does not find has a code.
    pub fn is_unrouted(&self) -> bool {
        self.kind == ErrorKind::Api && self.status == 404 && self.server_code.is_none()
    }

    /// HTTP status, where there was one.
    pub fn status(&self) -> Option<u16> {
        Some(self.status).filter(|status| *status > 0)
    }

    /// Whether the same request may well succeed later. It says nothing about whether repeating it is safe.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::Api => crate::retry::is_passing(self.status),
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::ReadyTimeout | ErrorKind::Busy => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
            format!("{fallback}: {}", join(&details, "; "))
        } else if !text.is_empty() && !text.starts_with('<') && text.len() <= 500 {
            format!("{fallback} (HTTP {status}): {text}")
        } else {
            format!("{fallback} (HTTP {status})")
        };
        Error::api(status, self.code.filter(|code| !code.is_empty()), message)
    }
}
