//! When is a run over, and how did it end? One state machine for the streaming endpoints of execd.

use crate::rules::short;

/// Which endpoint the stream comes from: they end in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /command`, foreground. All output precedes the terminal event; the server then waits a second before it
    /// closes, so the client does not.
    Command,
    /// `POST /command` with `background: true`: no output, `execution_complete` means "started".
    Background,
    /// `POST /session/{id}/run`, and the runs of isolated sessions.
    Session,
    /// `POST /code`: `execution_complete` often comes before the output, so only the end of the body ends the run.
    Code,
    /// `GET /metrics/watch`: samples without end. Nothing in it is the end, and the end of the body is a cut.
    Watch,
}

/// What an event means for the run. Output, pings and unknown types mean nothing to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Signal {
    /// `init`: the run has an id.
    Init = 0,
    /// `execution_complete`.
    Complete = 1,
    /// An `error` event.
    Error = 2,
    /// A bare `{"code","message"}` object: the server's way to fail inside a stream.
    Refused = 3,
}

impl Signal {
    /// From the number that `src/js/run-reader.js` passes.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Init, Self::Complete, Self::Error, Self::Refused].into_iter().find(|signal| *signal as u8 == number)
    }
}

/// The state of one run.
#[derive(Debug, Clone)]
pub struct Run {
    endpoint: Endpoint,
    started: bool,
    ended: bool,
}

impl Run {
    /// A run that has not sent anything yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, started: false, ended: false }
    }

    /// Takes note of an event; `true` means: over, read no further.
    pub fn note(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Init => self.started = true,
            Signal::Complete | Signal::Error | Signal::Refused => self.ended = self.endpoint != Endpoint::Watch,
        }
        self.ended && self.endpoint != Endpoint::Code
    }

    /// The body has ended: `true` if the run had ended before that, `false` if it was interrupted.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the status endpoint and the capture files can tell how an interrupted run went on.
    pub fn recoverable(&self) -> bool {
        self.endpoint == Endpoint::Command && self.started && !self.ended
    }
}

/// The exit code that an `error` event carries: execd sends it as a decimal string in `evalue`, or a sentence when the
/// program could not be started.
pub fn exit_code(evalue: &str) -> Option<i32> {
    let text = evalue.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // `str::parse` would be several times the code.
    let number =
        digits.bytes().fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    i32::try_from(if digits.len() < text.len() { -number } else { number }).ok()
}

/// The end that a stream did not get to, as the event that it would have been. `said`: why the program could not be run, as JSON.
pub fn end_event(exit_code: Option<f64>, said: &str, timestamp: f64) -> String {
    let at = timestamp as u64;
    if exit_code == Some(0.0) {
        return format!("{{\"type\":\"execution_complete\",\"timestamp\":{at}}}");
    }
    let code = exit_code.map_or_else(String::new, short);
    format!(
        "{{\"type\":\"error\",\"timestamp\":{at},\"error\":{{\"ename\":\"CommandExecError\",\"evalue\":\"{code}\",\"traceback\":[{said}]}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::end_event;

    #[test]
    fn an_end_is_written_as_execd_writes_it() {
        assert_eq!(end_event(Some(0.0), "", 7.0), r#"{"type":"execution_complete","timestamp":7}"#);
        assert_eq!(
            end_event(Some(3.0), "", 7.0),
            r#"{"type":"error","timestamp":7,"error":{"ename":"CommandExecError","evalue":"3","traceback":[]}}"#
        );
        assert_eq!(
            end_event(None, r#""no \"such\" file""#, 7.9),
            r#"{"type":"error","timestamp":7,"error":{"ename":"CommandExecError","evalue":"","traceback":["no \"such\" file"]}}"#
        );
    }
}
