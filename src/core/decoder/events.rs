//! Reads event payloads into a [`Batch`]: one text buffer plus a table, so that JavaScript decodes once per chunk.
//!
//! `stdout`, `stderr` and `ping`, which make up nearly all of a stream, are read here. Everything else (other types,
//! unknown or repeated keys, unpaired surrogates, numbers that are no plain integers) is passed on as JSON text for the
//! host's `JSON.parse`, whose result is right by definition.

use crate::frames::Sink;
use memchr::memchr2;

/// What one row of the table describes. The numbers are shared with `src/js/run-reader.js`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// JSON text for the host.
    Json = 0,
    /// Text of a `stdout` event.
    Stdout = 1,
    /// Text of a `stderr` event.
    Stderr = 2,
    /// Text of a `ping` event.
    Ping = 3,
    /// JSON text of a line that the stream ended in: perhaps torn.
    Tail = 4,
    /// A line that belongs to no event.
    Junk = 5,
}

/// Numbers per row of [`Batch::table`]: kind, length of the text in UTF-16 units, timestamp in Unix milliseconds.
pub const ROW: usize = 3;
/// How much of a junk line is kept for the error message.
const EXCERPT: usize = 200;

/// The events of one chunk.
#[derive(Debug, Default, PartialEq)]
pub struct Batch {
    /// The texts of all events, joined; valid UTF-8.
    pub text: Vec<u8>,
    /// [`ROW`] numbers per event.
    pub table: Vec<f64>,
    /// How many rows are of each [`Kind`], by its number.
    pub counts: [u32; 6],
}

impl Batch {
    /// Empties it for the next chunk, keeping the memory up to a sensible size.
    pub fn clear(&mut self) {
        self.text.clear();
        self.table.clear();
        self.counts = [0; 6];
        self.text.shrink_to(1 << 20);
        self.table.shrink_to(1 << 17);
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.table.len() / ROW
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Adds an event whose text is already plain.
    pub fn add(&mut self, kind: Kind, text: &str, timestamp: f64) {
        self.text.extend_from_slice(text.as_bytes());
        self.row(kind, text.encode_utf16().count(), timestamp);
    }

    fn add_lossy(&mut self, kind: Kind, bytes: &[u8]) {
        // Broken UTF-8 is replaced per event: joined first, the halves of two events could melt into one character.
        self.add(kind, &String::from_utf8_lossy(bytes), 0.0);
    }

    /// Number of events of a kind.
    pub fn count(&self, kind: Kind) -> u32 {
        self.counts.get(kind as usize).copied().unwrap_or_default()
    }

    fn row(&mut self, kind: Kind, length: usize, timestamp: f64) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
        self.table.extend_from_slice(&[f64::from(kind as u8), length as f64, timestamp]);
    }
}

impl Sink for Batch {
    fn line(&mut self, bytes: &[u8]) -> usize {
        let start = self.text.len();
        match usual(bytes, &mut self.text) {
            Some((kind, length, timestamp, taken)) => {
                self.row(kind, length, timestamp);
                taken
            }
            None => {
                self.text.truncate(start);
                0
            }
        }
    }

    fn payload(&mut self, bytes: &[u8]) {
        let start = self.text.len();
        match frequent(bytes, &mut self.text) {
            Some((kind, length, timestamp)) => self.row(kind, length, timestamp),
            None => {
                self.text.truncate(start);
                self.add_lossy(Kind::Json, bytes);
            }
        }
    }

    fn tail(&mut self, bytes: &[u8]) {
        self.add_lossy(Kind::Tail, bytes);
    }

    fn junk(&mut self, line: &[u8]) {
        self.add_lossy(Kind::Junk, line.get(..EXCERPT).unwrap_or(line));
    }
}

/// Reads an output event byte for byte as execd writes it: nearly all of a stream. One pass, where the general way needs
/// one for the end of the line and one more for the end of the text. The last number is the length of it all, with the LF
/// and the empty line behind it.
fn usual(bytes: &[u8], out: &mut Vec<u8>) -> Option<(Kind, usize, f64, usize)> {
    let (kind, rest) = if let Some(rest) = bytes.strip_prefix(b"{\"type\":\"stdout\",\"text\":") {
        (Kind::Stdout, rest)
    } else {
        (Kind::Stderr, bytes.strip_prefix(b"{\"type\":\"stderr\",\"text\":")?)
    };
    let mut cursor = Cursor(rest);
    let length = cursor.text(out)?;
    cursor.0 = cursor.0.strip_prefix(b",\"timestamp\":")?;
    let timestamp = cursor.integer()?;
    let rest = cursor.0.strip_prefix(b"}\n")?;
    let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    Some((kind, length, timestamp, bytes.len() - rest.len()))
}

/// Reads `{"type":"stdout"|"stderr"|"ping","text":…,"timestamp":…}` with the keys in any order, each exactly once.
/// Appends the text and gives kind, UTF-16 length and timestamp; `None` (with `out` dirty) for anything else.
fn frequent(bytes: &[u8], out: &mut Vec<u8>) -> Option<(Kind, usize, f64)> {
    let mut cursor = Cursor(bytes);
    let (mut kind, mut length, mut timestamp) = (None, None, None);
    cursor.space();
    cursor.eat(b'{')?;
    loop {
        cursor.space();
        let key = cursor.plain_string()?;
        cursor.space();
        cursor.eat(b':')?;
        cursor.space();
        match key {
            b"type" if kind.is_none() => {
                kind = Some(match cursor.plain_string()? {
                    b"stdout" => Kind::Stdout,
                    b"stderr" => Kind::Stderr,
                    b"ping" => Kind::Ping,
                    _ => return None,
                });
            }
            b"text" if length.is_none() => length = Some(cursor.text(out)?),
            b"timestamp" if timestamp.is_none() => timestamp = Some(cursor.integer()?),
            _ => return None,
        }
        cursor.space();
        if cursor.eat(b',').is_none() {
            break;
        }
    }
    cursor.eat(b'}')?;
    cursor.space();
    if cursor.0.is_empty() { Some((kind?, length?, timestamp?)) } else { None }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        match self.0 {
            [byte, rest @ ..] if *byte == wanted => {
                self.0 = rest;
                Some(())
            }
            _ => None,
        }
    }

    /// A string of plain ASCII without escapes: keys and types.
    fn plain_string(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let end = memchr2(b'"', b'\\', self.0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.eat(b'"')?;
        text.iter().all(|byte| (0x20..0x7F).contains(byte)).then_some(text)
    }

    /// Digits only, at most 15 of them: exact in an f64. A leading zero is left to `JSON.parse`, which refuses it.
    fn integer(&mut self) -> Option<f64> {
        if let [b'0', b'0'..=b'9', ..] = self.0 {
            return None;
        }
        let mut value: u64 = 0;
        let mut digits = 0;
        while let [byte @ b'0'..=b'9', rest @ ..] = self.0 {
            // It cannot overflow: only 15 digits are read. (A checked multiplication is a call of a function in WebAssembly.)
            value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            digits += 1;
            if digits > 15 {
                return None;
            }
            self.0 = rest;
        }
        (digits > 0).then_some(value as f64)
    }

    /// Unescapes a JSON string into `out`; gives its length in UTF-16 units.
    fn text(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        self.eat(b'"')?;
        let mut length = 0;
        loop {
            let plain = plain_ascii(self.0);
            let (run, rest) = self.0.split_at(plain);
            out.extend_from_slice(run);
            length += plain;
            match rest {
                [b'"', after @ ..] => {
                    self.0 = after;
                    return Some(length);
                }
                [b'\\', b'u', after @ ..] => {
                    self.0 = after;
                    let character = self.unicode_escape()?;
                    length += character.len_utf16();
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                [b'\\', escaped, after @ ..] => {
                    out.push(match escaped {
                        b'"' | b'\\' | b'/' => *escaped,
                        b'b' => 0x08,
                        b'f' => 0x0C,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        _ => return None,
                    });
                    length += 1;
                    self.0 = after;
                }
                [byte, ..] if *byte >= 0x80 => {
                    // Everything up to the next quote or backslash at once: a broken sequence is replaced as a whole.
                    let (run, after) = rest.split_at(memchr2(b'"', b'\\', rest)?);
                    length += copy_run(run, out)?;
                    self.0 = after;
                }
                // A raw control character, which JSON forbids, or the end.
                _ => return None,
            }
        }
    }

    /// `XXXX` after `\u`, with the second half of a surrogate pair. Unpaired ones have no UTF-8: the host reads them.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first);
        }
        self.0 = self.0.strip_prefix(b"\\u")?;
        let second = self.hex4()?;
        if first >= 0xDC00 || !(0xDC00..0xE000).contains(&second) {
            return None;
        }
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    fn hex4(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        digits.iter().try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
    }
}

/// How many bytes at the start are printable ASCII other than quote and backslash. Eight at a time: bits that are set in
/// `odd` mark a byte that is one of those four things, perhaps with false marks above a true one, which do no harm here.
fn plain_ascii(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let odd = (word | control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C))) & TOPS;
        if odd != 0 {
            return at + (odd.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| !(0x20..0x80).contains(&byte) || byte == b'"' || byte == b'\\')
        .unwrap_or(rest.len())
}

/// Copies a stretch without escapes; gives its length in UTF-16 units. `None` for raw control characters, which JSON forbids.
fn copy_run(run: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let text = String::from_utf8_lossy(run);
    if text.bytes().any(|byte| byte < 0x20) {
        return None;
    }
    out.extend_from_slice(text.as_bytes());
    // One unit per character, two for those of four bytes.
    Some(text.bytes().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum())
}
