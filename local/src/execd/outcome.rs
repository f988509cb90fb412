//! How a process ended, in the words of Go's `exec` package.

use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The exit code (-1 for a signal) and, unless it is 0, Go's text for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub text: Option<String>,
}

impl From<ExitStatus> for Outcome {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(0), _) => Self { code: 0, text: None },
            (Some(code), _) => Self { code, text: Some(format!("exit status {code}")) },
            (None, signal) => {
                let core = if status.core_dumped() { " (core dumped)" } else { "" };
                Self { code: -1, text: Some(format!("signal: {}{core}", signal_text(signal.unwrap_or(0)))) }
            }
        }
    }
}

fn signal_text(number: i32) -> String {
    let text = match Signal::try_from(number) {
        Ok(Signal::SIGHUP) => "hangup",
        Ok(Signal::SIGINT) => "interrupt",
        Ok(Signal::SIGQUIT) => "quit",
        Ok(Signal::SIGILL) => "illegal instruction",
        Ok(Signal::SIGTRAP) => "trace/breakpoint trap",
        Ok(Signal::SIGABRT) => "aborted",
        Ok(Signal::SIGBUS) => "bus error",
        Ok(Signal::SIGFPE) => "floating point exception",
        Ok(Signal::SIGKILL) => "killed",
        Ok(Signal::SIGUSR1) => "user defined signal 1",
        Ok(Signal::SIGSEGV) => "segmentation fault",
        Ok(Signal::SIGUSR2) => "user defined signal 2",
        Ok(Signal::SIGPIPE) => "broken pipe",
        Ok(Signal::SIGALRM) => "alarm clock",
        Ok(Signal::SIGTERM) => "terminated",
        _ => return format!("signal {number}"),
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let outcome = |raw| Outcome::from(ExitStatus::from_raw(raw));
        assert_eq!(outcome(0), Outcome { code: 0, text: None });
        assert_eq!(outcome(7 << 8), Outcome { code: 7, text: Some("exit status 7".into()) });
        assert_eq!(outcome(9), Outcome { code: -1, text: Some("signal: killed".into()) });
        assert_eq!(outcome(64).text.unwrap(), "signal: signal 64");
    }
}
