//! When a request that failed is sent again, and after how long. A pure decision: no clock, no dice, no I/O.

use crate::text::has;

/// How often to ask and how long to wait. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// How often a request is sent in all; 1: never again.
    pub attempts: u32,
    /// The pause before the second attempt. Each later one is twice as long as the one before.
    pub initial_ms: f64,
    /// The longest pause.
    pub max_ms: f64,
    /// A server's `Retry-After` that is longer is not waited for.
    pub max_retry_after_ms: f64,
    /// Whether POST and PATCH are sent again, too, after a status that asks for it.
    pub posts: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { attempts: 3, initial_ms: 500.0, max_ms: 30_000.0, max_retry_after_ms: 60_000.0, posts: false }
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer, or one whose body broke.
    NoAnswer,
    /// Anything else: a time-out, an abort, an answer that is none. Asking again would not help.
    Final,
}

/// An attempt that failed.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// `GET`, `POST` …
    pub method: &'a str,
    /// Which one it was, from 1.
    pub number: u32,
    /// How it failed.
    pub outcome: Outcome,
    /// What the answer's `Retry-After` says, in milliseconds from now.
    pub retry_after_ms: Option<f64>,
    /// What is left of the caller's time; infinite without a limit.
    pub left_ms: f64,
    /// Whether the same request can be sent again: a body that was a stream is gone.
    pub repeatable: bool,
}

/// Whether sending a request twice does what sending it once does.
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// Whether a status says that the same request may well succeed later.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// How many milliseconds to wait before the next attempt; `None`: give up. `random` is from 0 up to 1.
pub fn decide(policy: &Policy, attempt: &Attempt<'_>, random: f64) -> Option<f64> {
    if !attempt.repeatable || attempt.number >= policy.attempts {
        return None;
    }
    let allowed = match attempt.outcome {
        Outcome::Status(status) => is_passing(status) && (policy.posts || is_idempotent(attempt.method)),
        // What a POST asks for may have been done before the connection was lost.
        Outcome::NoAnswer => is_idempotent(attempt.method),
        Outcome::Final => false,
    };
    if !allowed {
        return None;
    }
    let wait = match attempt.retry_after_ms {
        Some(asked) if asked > policy.max_retry_after_ms => return None,
        Some(asked) => asked.max(0.0),
        // Between the half and the whole of it: clients that failed together do not come back together.
        None => backoff(policy, attempt.number) * (0.5 + random.clamp(0.0, 1.0) / 2.0),
    };
    // No attempt that would be cut off at once.
    (wait < attempt.left_ms).then_some(wait)
}

fn backoff(policy: &Policy, number: u32) -> f64 {
    let factor = 1_u32 << number.saturating_sub(1).min(30);
    (policy.initial_ms * f64::from(factor)).min(policy.max_ms)
}

/// Whether a failed attempt on an address that has turned out to be out of date may be made on the new one: when repeating
/// is harmless, or nothing can have arrived at the old one.
pub fn may_move(method: &str, repeatable: bool, never_sent: bool) -> bool {
    repeatable && (never_sent || is_idempotent(method))
}

/// A DELETE that is repeated finds nothing when the first one was carried out and only its answer got lost.
pub fn is_gone(method: &str, number: u32, status: u16) -> bool {
    method == "DELETE" && number > 1 && status == 404
}

/// What the platforms say when no connection came about: codes of Node and Bun, words of Deno. Browsers do not tell.
const NEVER_SENT: [&str; 9] = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
    "ConnectionRefused",
    "FailedToOpenSocket",
    "client error (Connect)",
];

/// Whether the code or the message of an error says that nothing was sent.
pub fn says_never_sent(words: &str) -> bool {
    NEVER_SENT.iter().any(|sign| has(words, sign))
}

/// A `Retry-After` in milliseconds from `now_ms`: whole seconds, or a date, which `date` reads as milliseconds since 1970.
pub fn retry_after(text: &str, now_ms: f64, date: impl FnOnce(&str) -> Option<f64>) -> Option<f64> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return crate::rules::whole(text).map(|seconds| seconds * 1000.0);
    }
    // A date begins with its weekday. Date parsers also take "-5" and "1.5" for dates.
    let named = text.starts_with(|first: char| first.is_ascii_alphabetic());
    named.then(|| date(text)).flatten().map(|at| (at - now_ms).max(0.0))
}
