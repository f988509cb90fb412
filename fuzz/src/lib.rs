//! What must hold for every input. Each check compares the stream core with a reader written in the plainest way: the whole
//! body at once, no fast paths, serde_json in the place of the host's JSON. A check panics where the two differ.

use opensandbox_core::capture::replay;
use opensandbox_core::events::{Batch, Kind, ROW};
use opensandbox_core::frames::{Framer, Sink};
use serde_json::{Value, json};

const LIMIT: usize = 64 << 20;
/// A second limit, low enough to be met.
const LOW: usize = 48;
/// A junk line is kept up to here.
const EXCERPT: usize = 200;

/// An input is a body, then perhaps 0xFF and numbers, one per byte. So a seed can be a plain recording.
fn body_and_numbers(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().rposition(|&byte| byte == 0xFF) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Cuts a body into pieces of these lengths, over and over.
fn pieces<'a>(body: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    if lengths.iter().all(|&length| length == 0) {
        return vec![body];
    }
    let mut rest = body;
    let mut out = Vec::new();
    for &length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(length.into()));
        out.push(piece);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out
}

/// What a stream is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    Payload(Vec<u8>),
    Tail(Vec<u8>),
    Junk(Vec<u8>),
}

#[derive(Default)]
struct Frames(Vec<Frame>);

impl Sink for Frames {
    fn payload(&mut self, bytes: &[u8]) {
        self.0.push(Frame::Payload(bytes.to_vec()));
    }
    fn tail(&mut self, bytes: &[u8]) {
        self.0.push(Frame::Tail(bytes.to_vec()));
    }
    fn junk(&mut self, line: &[u8]) {
        self.0.push(Frame::Junk(line.to_vec()));
    }
}

/// Feeds the pieces; `false`: an event was too large.
fn feed(pieces: &[&[u8]], limit: usize, sink: &mut impl Sink) -> bool {
    let mut framer = Framer::new(limit);
    for piece in pieces {
        if framer.push(piece, sink).is_err() {
            return false;
        }
    }
    framer.finish(sink);
    true
}

/// The lines of a body, the last one, which has no end, apart: empty if there is none. LF, CR and CRLF end a line.
fn lines(body: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut done = Vec::new();
    let mut line = Vec::new();
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'\n' => done.push(std::mem::take(&mut line)),
            b'\r' => {
                done.push(std::mem::take(&mut line));
                if body.get(at + 1) == Some(&b'\n') {
                    at += 1;
                }
            }
            byte => line.push(byte),
        }
        at += 1;
    }
    (done, line)
}

/// The frames of a body, and whether all events are within the limit.
pub fn plain_frames(body: &[u8], limit: usize) -> (Vec<Frame>, bool) {
    let mut out = Vec::new();
    let mut data: Option<Vec<u8>> = None;
    let (mut lines, mut last) = lines(body);
    // The limit counts what is on the wire, so it counts the byte order mark.
    let wire: Vec<usize> = lines.iter().map(Vec::len).collect();
    let too_long = last.len() > limit;
    let first = lines.first_mut().unwrap_or(&mut last);
    if first.starts_with(b"\xEF\xBB\xBF") {
        first.drain(..3);
    }
    for (line, wire) in lines.iter().zip(wire) {
        if wire > limit {
            return (out, false);
        }
        if line.is_empty() || is_json(line) {
            out.extend(data.take().map(Frame::Payload));
            if !line.is_empty() {
                out.push(Frame::Payload(line.clone()));
            }
        } else if let Some(value) = data_of(line) {
            // The line breaks between the values count, too.
            let so_far = data.as_ref().map_or(0, |data| data.len() + 1);
            if so_far + value.len() > limit {
                return (out, false);
            }
            data = Some(match data {
                Some(mut data) => {
                    data.push(b'\n');
                    data.extend(value);
                    data
                }
                None => value,
            });
        } else if !is_field(line) {
            out.push(Frame::Junk(line.clone()));
        }
    }
    if too_long {
        return (out, false);
    }
    if is_json(&last) {
        out.push(Frame::Tail(last));
    } else if !last.is_empty() && !is_field(&last) {
        out.push(Frame::Junk(last));
    }
    (out, true)
}

fn is_json(line: &[u8]) -> bool {
    line.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn data_of(line: &[u8]) -> Option<Vec<u8>> {
    if line == b"data" {
        return Some(Vec::new());
    }
    let value = line.strip_prefix(b"data:")?;
    Some(value.strip_prefix(b" ").unwrap_or(value).to_vec())
}

/// A comment, a field of Server-Sent Events, or one that there may be some day.
fn is_field(line: &[u8]) -> bool {
    match line.iter().position(|&byte| byte == b':') {
        Some(colon) => line[..colon].iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
        None => ["data", "event", "id", "retry"].iter().any(|name| name.as_bytes() == line),
    }
}

/// However a body is cut, its frames are those of the plain reader, also where a limit is met.
pub fn frames(input: &[u8]) {
    let (body, lengths) = body_and_numbers(input);
    let cut = pieces(body, lengths);
    for limit in [LIMIT, LOW] {
        let mut found = Frames::default();
        let within = feed(&cut, limit, &mut found);
        assert_eq!((found.0, within), plain_frames(body, limit), "limit {limit}");
    }
}

/// An event in the form in which the caller gets it.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// An event that the host's JSON accepts.
    Json(Value),
    /// A line that it does not.
    Malformed(String),
    Tail(String),
    Junk(String),
}

fn parsed(text: &str) -> Event {
    serde_json::from_str(text).map_or_else(|_| Event::Malformed(text.to_owned()), Event::Json)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn plain_events(frames: &[Frame]) -> Vec<Event> {
    let event = |frame: &Frame| match frame {
        Frame::Payload(bytes) => parsed(&lossy(bytes)),
        Frame::Tail(bytes) => Event::Tail(lossy(bytes)),
        Frame::Junk(bytes) => Event::Junk(lossy(&bytes[..bytes.len().min(EXCERPT)])),
    };
    frames.iter().map(event).collect()
}

/// Takes a batch apart as JavaScript does, and checks that its table fits its text.
fn events_of(batch: &Batch) -> Vec<Event> {
    let text = std::str::from_utf8(&batch.text).expect("the text is UTF-8");
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut counts = [0; 6];
    let mut at = 0;
    let mut out = Vec::new();
    assert_eq!(batch.table.len() % ROW, 0);
    for row in batch.table.chunks(ROW) {
        let end = at + row[1] as usize;
        let text = String::from_utf16(&units[at..end]).expect("a row ends at the end of a character");
        at = end;
        counts[row[0] as usize] += 1;
        let kinds = [Kind::Json, Kind::Stdout, Kind::Stderr, Kind::Ping, Kind::Tail, Kind::Junk];
        let kind = kinds.into_iter().find(|kind| f64::from(*kind as u8) == row[0]).expect("a known kind");
        let plain = |name: &str| Event::Json(json!({"type": name, "text": text, "timestamp": row[2] as u64}));
        out.push(match kind {
            Kind::Stdout => plain("stdout"),
            Kind::Stderr => plain("stderr"),
            Kind::Ping => plain("ping"),
            Kind::Json => parsed(&text),
            Kind::Tail => Event::Tail(text),
            Kind::Junk => Event::Junk(text),
        });
    }
    assert_eq!(at, units.len(), "the table covers the whole text");
    assert_eq!(batch.counts, counts);
    assert_eq!(batch.len(), out.len());
    assert_eq!(batch.is_empty(), out.is_empty());
    out
}

/// However a body is cut, its events are those of the plain reader with serde_json, at the start of a stream and later on, where
/// the faster way is taken. The input is read as one line, too, and as the text of an event.
pub fn events(input: &[u8]) {
    let (body, lengths) = body_and_numbers(input);
    let line: Vec<u8> = body.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
    let bodies = [
        body.to_vec(),
        [b"\n", body].concat(),
        [b"\n", &line[..], b"\n"].concat(),
        [b"\n{\"type\":\"stdout\",\"text\":\"", &line[..], b"\",\"timestamp\":5}\n\n"].concat(),
        [b"\ndata: {\"text\":\"", &line[..], b"\",\"type\":\"stderr\",\"timestamp\":5}\n\n"].concat(),
    ];
    // All of them for a seed without numbers; else the last number says which one, for speed.
    let chosen = lengths.last().map(|&number| usize::from(number) % bodies.len());
    for (index, body) in bodies.iter().enumerate().filter(|(index, _)| chosen.is_none_or(|chosen| chosen == *index)) {
        // The low limit for the body as it is, at the start of a stream and later on: more would cost time and show nothing new.
        for limit in if index < 2 { &[LIMIT, LOW][..] } else { &[LIMIT] } {
            let (frames, within) = plain_frames(body, *limit);
            let expected = plain_events(&frames);
            let whole = vec![&body[..]];
            for cut in if lengths.is_empty() { vec![whole] } else { vec![whole, pieces(body, lengths)] } {
                let mut batch = Batch::default();
                assert_eq!(feed(&cut, *limit, &mut batch), within, "limit {limit}");
                assert_eq!(events_of(&batch), expected, "limit {limit}");
                batch.clear();
                assert_eq!(batch, Batch::default());
            }
        }
    }
}

/// The texts of the events that execd makes of a program's output: one per line, every byte that is not UTF-8 replaced.
pub fn plain_capture(raw: &[u8]) -> Vec<String> {
    let (mut lines, last) = lines(raw);
    if !last.is_empty() {
        lines.push(last);
    }
    lines.iter().map(|line| if line.is_empty() { "\n".to_owned() } else { replaced(line) }).collect()
}

fn replaced(mut bytes: &[u8]) -> String {
    let mut out = String::new();
    while !bytes.is_empty() {
        let character = (1..=bytes.len().min(4)).find_map(|length| std::str::from_utf8(&bytes[..length]).ok());
        out.push_str(character.unwrap_or("\u{FFFD}"));
        bytes = &bytes[character.map_or(1, str::len)..];
    }
    out
}

/// What is read back from a capture file is what the events of the run would have been, whatever was seen before.
pub fn capture(input: &[u8]) {
    let (raw, numbers) = body_and_numbers(input);
    let expected = plain_capture(raw);
    let some = numbers.iter().map(|&number| usize::from(number)).sum();
    for skip in [0, some, expected.len(), usize::MAX] {
        let mut batch = Batch::default();
        assert_eq!(replay(raw, skip, Kind::Stderr, 5.0, &mut batch), expected.len());
        let wanted: Vec<Event> = expected
            .iter()
            .skip(skip)
            .map(|text| Event::Json(json!({"type": "stderr", "text": text, "timestamp": 5})))
            .collect();
        assert_eq!(events_of(&batch), wanted);
    }
}
