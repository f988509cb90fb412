//! What a sandbox's execd and entrypoint print: the last of it, each line with its time, as Docker keeps it.

use crate::lock::lock;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::task::AbortOnDropHandle;

/// As many as a client may ask for.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;
/// Longer lines are cut into several.
const LONGEST: usize = 16 << 10;

/// Filled as long as the sandbox runs.
#[derive(Default)]
pub struct Console {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<(Timestamp, String)>,
    bytes: usize,
}

impl Console {
    /// Reads to the end, so that nobody who prints ever waits.
    pub fn fill(self: &Arc<Self>, mut from: impl AsyncRead + Unpin + Send + 'static) -> AbortOnDropHandle<()> {
        let console = Arc::clone(self);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut rest = Vec::new();
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                rest.extend(buffer.iter().take(count));
                console.take_lines(&mut rest);
            }
            if !rest.is_empty() {
                console.push(&rest);
            }
        }))
    }

    /// A line of the server's own.
    pub fn say(&self, line: &str) {
        self.push(line.as_bytes());
    }

    fn take_lines(&self, rest: &mut Vec<u8>) {
        let mut done = 0;
        loop {
            let open = rest.get(done..).unwrap_or_default();
            let end = memchr::memchr(b'\n', open.get(..=LONGEST).unwrap_or(open));
            match end {
                Some(end) => {
                    self.push(open.get(..end).unwrap_or_default());
                    done += end + 1;
                }
                None if open.len() > LONGEST => {
                    self.push(open.get(..LONGEST).unwrap_or_default());
                    done += LONGEST;
                }
                None => break,
            }
        }
        rest.drain(..done);
    }

    fn push(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
        let mut kept = lock(&self.kept);
        kept.bytes += text.len();
        kept.lines.push_back((Timestamp::now(), text));
        while kept.lines.len() > MOST_LINES || kept.bytes > MOST_BYTES {
            let Some((_, gone)) = kept.lines.pop_front() else { break };
            kept.bytes -= gone.len();
        }
    }

    /// The last lines, each with its time in front.
    pub fn tail(&self, count: usize, since: Option<Timestamp>) -> String {
        let kept = lock(&self.kept);
        let new: Vec<_> = kept.lines.iter().filter(|(at, _)| since.is_none_or(|since| *at >= since)).collect();
        let skip = new.len().saturating_sub(count);
        new.iter().skip(skip).map(|(at, text)| format!("{} {text}\n", precise(*at))).collect()
    }

    /// The last of it without times, for an error message.
    pub fn last_words(&self) -> String {
        let kept = lock(&self.kept);
        let skip = kept.lines.len().saturating_sub(5);
        let lines: Vec<&str> = kept.lines.iter().skip(skip).map(|(_, text)| text.as_str()).collect();
        let text = lines.join("\n");
        let skip = text.chars().count().saturating_sub(500);
        text.chars().skip(skip).collect::<String>().trim().to_owned()
    }
}

/// To the nanosecond, as Docker writes times.
pub fn precise(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(console: &Console, count: usize) -> Vec<String> {
        console.tail(count, None).lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    #[tokio::test]
    async fn lines_whole_long_and_open() {
        let console = Arc::new(Console::default());
        let long = "x".repeat(LONGEST + 3);
        let printed = format!("one\r\n\n{long}\nend");
        console.fill(std::io::Cursor::new(printed.into_bytes())).await.unwrap();
        assert_eq!(texts(&console, 9), ["one", "", &"x".repeat(LONGEST), "xxx", "end"]);
        assert_eq!(texts(&console, 2), ["xxx", "end"]);
        assert_eq!(console.tail(9, Some(Timestamp::now())), "");
        let line = console.tail(1, None);
        let (at, _) = line.split_once(' ').unwrap();
        assert_eq!(at.len(), "2026-11-23T01:59:02.266354277Z".len());
        assert!(console.last_words().ends_with("xxx\nend"));
    }

    #[tokio::test]
    async fn only_the_last_is_kept() {
        let console = Arc::new(Console::default());
        let printed: String = (0..MOST_LINES + 5).map(|n| format!("{n}\n")).collect();
        console.fill(std::io::Cursor::new(printed.into_bytes())).await.unwrap();
        assert_eq!(texts(&console, usize::MAX).first().map(String::as_str), Some("5"));
        let wide = format!("{}\n", "y".repeat(LONGEST)).repeat(MOST_BYTES / LONGEST + 2);
        console.fill(std::io::Cursor::new(wide.into_bytes())).await.unwrap();
        assert_eq!(texts(&console, usize::MAX).len(), MOST_BYTES / LONGEST);
    }
}
