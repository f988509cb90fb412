//! Follows the capture files of a command and turns what they gain into events.

use super::events::{Event, Events, now_millis};
use super::lines::Lines;
use std::io;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

const CHUNK: usize = 128 * 1024;
/// Events gathered before they are handed on.
const BATCH: usize = 64 * 1024;

#[derive(Clone, Copy)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn event<'a>(&self, line: &'a [u8]) -> Event<'a> {
        match self {
            Self::Stdout => Event::Stdout(line),
            Self::Stderr => Event::Stderr(line),
        }
    }
}

/// One capture file being followed.
pub struct Tail {
    file: File,
    stream: Stream,
    lines: Lines,
    buffer: Vec<u8>,
    /// How far it has been read.
    offset: u64,
}

impl Tail {
    pub async fn open(path: &Path, stream: Stream) -> io::Result<Self> {
        Ok(Self { file: File::open(path).await?, stream, lines: Lines::default(), buffer: Vec::new(), offset: 0 })
    }

    /// Sends what one read gives, up to `limit` (a position in the file). `Ok(false)`: nothing new there.
    async fn step(&mut self, events: &Events, limit: u64) -> io::Result<bool> {
        let room = limit.saturating_sub(self.offset);
        if room == 0 {
            return Ok(false);
        }
        self.buffer.clear();
        self.buffer.reserve(CHUNK);
        let want = room.min(u64::try_from(CHUNK).unwrap_or(u64::MAX));
        let got = (&mut self.file).take(want).read_buf(&mut self.buffer).await?;
        if got == 0 {
            return Ok(false);
        }
        self.offset = self.offset.saturating_add(u64::try_from(got).unwrap_or(0));
        let now = now_millis();
        let mut batches = Vec::new();
        let mut batch = Vec::new();
        self.lines.push(&self.buffer, |line| {
            self.stream.event(line).write(&mut batch, now);
            if batch.len() >= BATCH {
                batches.push(std::mem::take(&mut batch));
            }
        });
        if !batch.is_empty() {
            batches.push(batch);
        }
        for batch in batches {
            events.send_raw(batch).await;
        }
        Ok(true)
    }

    async fn finish(&mut self, events: &Events) {
        let mut batch = Vec::new();
        self.lines.finish(|line| self.stream.event(line).write(&mut batch, now_millis()));
        if !batch.is_empty() {
            events.send_raw(batch).await;
        }
    }

    async fn size(&mut self) -> io::Result<u64> {
        let size = self.file.metadata().await?.len();
        // A command may truncate its own capture (`: > /dev/stdout`): go on from the start of what is there.
        if size < self.offset {
            self.offset = 0;
            self.file.rewind().await?;
        }
        Ok(size)
    }
}

/// The two captures of a foreground command.
pub struct Tails {
    pub stdout: Tail,
    pub stderr: Tail,
}

impl Tails {
    /// Sends everything that is there now. In turns, so that a busy stdout does not hold back stderr.
    pub async fn poll(&mut self, events: &Events) -> io::Result<()> {
        let limits = (self.stdout.size().await?, self.stderr.size().await?);
        while !events.is_closed() {
            let more = self.stdout.step(events, limits.0).await?;
            if !self.stderr.step(events, limits.1).await? && !more {
                break;
            }
        }
        Ok(())
    }

    /// As [`Self::poll`], then the unterminated last lines: the shell has ended. What its children write from now on is
    /// not streamed.
    pub async fn finish(&mut self, events: &Events) -> io::Result<()> {
        self.poll(events).await?;
        self.stdout.finish(events).await;
        self.stderr.finish(events).await;
        Ok(())
    }
}
