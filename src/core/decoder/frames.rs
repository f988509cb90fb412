//! Cuts a byte stream into payloads: bare JSON lines (what execd sends) and Server-Sent Events, mixed freely.
//!
//! Every byte is looked at once and copied at most once (a line that spans chunks), so the cost is linear in
//! the size of the stream however it is cut.

use memchr::memchr2;

/// Receives what the [`Framer`] finds.
pub trait Sink {
    /// May read a whole line at the start of `bytes`, its LF included, and give its length; 0: the line is not one that it
    /// knows. It saves looking for the end of the line first.
    fn line(&mut self, bytes: &[u8]) -> usize {
        let _ = bytes;
        0
    }
    /// One complete payload: a bare JSON line, or the joined `data:` lines of one SSE event.
    fn payload(&mut self, bytes: &[u8]);
    /// The last line of a stream that ended without a line break. execd appends its error objects like this;
    /// it may also be the torn half of an event.
    fn tail(&mut self, bytes: &[u8]);
    /// A line that is neither JSON nor anything SSE knows, such as the HTML page of a proxy.
    fn junk(&mut self, line: &[u8]);
}

/// One event grew over the limit. Nothing more may be fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Incremental decoder. Feed it with [`push`](Self::push), close it with [`finish`](Self::finish).
pub struct Framer {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    skip_lf: bool,
    first_line: bool,
    max_event: usize,
    copied: u64,
}

impl Framer {
    /// `max_event`: the most bytes that one event may have.
    pub fn new(max_event: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            skip_lf: false,
            first_line: true,
            max_event,
            copied: 0,
        }
    }

    /// Bytes copied into the carry buffer so far: what the linear-time test counts.
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// How many bytes of a bare JSON line are held that is not complete yet; 0 when it is another kind of line.
    pub fn bare_line(&self) -> usize {
        if self.has_data || !is_json(&self.line) { 0 } else { self.line.len() }
    }

    /// Hands that line over to the caller, who puts it together; `push` is then given what follows it, its end first.
    pub fn take_line(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }

    /// Feeds the next chunk, cut anywhere.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl Sink) -> Result<(), TooLarge> {
        let mut rest = chunk;
        if self.skip_lf && !rest.is_empty() {
            // The CR that ended the previous chunk already ended the line: its LF is not a second, empty line.
            self.skip_lf = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        loop {
            if self.line.is_empty() && !self.has_data && !self.first_line {
                // What is larger than the limit is left to the general way, which counts the line without its end.
                let taken = sink.line(rest.get(..self.max_event.saturating_add(1)).unwrap_or(rest));
                if taken > 0 {
                    rest = rest.get(taken..).unwrap_or_default();
                    continue;
                }
            }
            let Some(at) = memchr2(b'\n', b'\r', rest) else { break };
            let (line, ending) = rest.split_at(at);
            if self.line.is_empty() {
                self.check(line.len())?;
                self.line_done(line, sink)?;
            } else {
                self.carry(line)?;
                let whole = std::mem::take(&mut self.line);
                self.line_done(&whole, sink)?;
                self.recycle(whole);
            }
            rest = match ending {
                [b'\r', b'\n', after @ ..] => after,
                [b'\r'] => {
                    self.skip_lf = true;
                    &[]
                }
                [_, after @ ..] => after,
                [] => &[],
            };
        }
        self.carry(rest)
    }

    /// The stream has ended. An SSE event without its closing blank line is dropped, as the standard says.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        let line = std::mem::take(&mut self.line);
        let line = self.without_bom(&line);
        if is_json(line) {
            sink.tail(line);
        } else if !line.is_empty() && !is_sse(line) {
            sink.junk(line);
        }
        self.data = Vec::new();
        self.has_data = false;
    }

    fn carry(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        self.check(self.line.len().saturating_add(bytes.len()))?;
        self.copied = self.copied.saturating_add(bytes.len() as u64);
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Keeps a small buffer for the next line and gives a large one back.
    fn recycle(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= 64 * 1024 {
            buffer.clear();
            self.line = buffer;
        }
    }

    fn check(&self, length: usize) -> Result<(), TooLarge> {
        if length > self.max_event { Err(TooLarge) } else { Ok(()) }
    }

    fn without_bom<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        if std::mem::take(&mut self.first_line) { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line }
    }

    fn line_done(&mut self, line: &[u8], sink: &mut impl Sink) -> Result<(), TooLarge> {
        let line = self.without_bom(line);
        if line.is_empty() {
            self.dispatch(sink);
        } else if is_json(line) {
            self.dispatch(sink);
            sink.payload(line);
        } else if let Some(value) = field(line, b"data") {
            self.check(self.data.len().saturating_add(value.len()))?;
            self.data.extend_from_slice(value);
            self.data.push(b'\n');
            self.has_data = true;
        } else if !is_sse(line) {
            sink.junk(line);
        }
        Ok(())
    }

    fn dispatch(&mut self, sink: &mut impl Sink) {
        if std::mem::take(&mut self.has_data) {
            let data = std::mem::take(&mut self.data);
            sink.payload(data.strip_suffix(b"\n").unwrap_or(&data));
            if data.capacity() <= 64 * 1024 {
                self.data = data;
                self.data.clear();
            }
        }
    }
}

fn is_json(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{')
}

/// The value of `name: value`, `name:value` or a bare `name`.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// Comments, the fields of the standard, and fields that it may get one day: `name:` of word characters.
fn is_sse(line: &[u8]) -> bool {
    if line.first() == Some(&b':') || [&b"data"[..], b"event", b"id", b"retry"].contains(&line) {
        return true;
    }
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    name.len() < line.len()
        && !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
