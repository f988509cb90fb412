//! The stream core against every recording of the real execd: whole, byte by byte, and cut at every place in two.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use opensandbox_wasm::core::events::{Batch, Kind, ROW};
use opensandbox_wasm::core::frames::{Framer, Sink};
use opensandbox_wasm::core::rows::Row;
use proptest::prelude::*;
use serde_json::{Value, json};

const LIMIT: usize = 64 << 20;

/// Feeds `pieces` and gives every event in the form in which JavaScript sees it.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Value> {
    let mut framer = Framer::new(LIMIT);
    let mut events = Vec::new();
    for piece in pieces {
        let mut batch = Batch::default();
        framer.push(piece, &mut batch).unwrap();
        events.extend(values(&batch));
    }
    let mut batch = Batch::default();
    framer.finish(&mut batch);
    events.extend(values(&batch));
    events
}

/// What `src/js/run.js` does with a batch, with serde_json in the place of the host's JSON.
fn values(batch: &Batch) -> Vec<Value> {
    let rows = batch.rows().map(|Row { kind, text, timestamp }| {
        let plain = |name: &str| json!({"type": name, "text": text, "timestamp": timestamp as u64});
        match kind {
            Kind::Stdout => plain("stdout"),
            Kind::Stderr => plain("stderr"),
            Kind::Ping => plain("ping"),
            Kind::Json => serde_json::from_str(text).unwrap_or_else(|_| json!({"malformed": text})),
            Kind::Tail => serde_json::from_str(text).unwrap_or_else(|_| json!({"torn": text})),
            Kind::Junk => json!({"junk": text}),
        }
    });
    let out: Vec<Value> = rows.collect();
    // Every text has its place in the table, in the units in which JavaScript counts.
    let units: usize = batch.table.chunks(ROW).map(|row| row[1] as usize).sum();
    assert_eq!(units, std::str::from_utf8(&batch.text).expect("text is valid UTF-8").encode_utf16().count());
    out
}

/// The plainest reader there is: lines, JSON.
fn reference(body: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(body);
    text.split('\n').filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/execd");
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "body"))
        .filter(|path| {
            let request: Value = serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
            request["headers"]["content-type"].as_str().is_some_and(|t| t.starts_with("text/event-stream"))
        })
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 30, "only {} recorded streams found", found.len());
    found
}

#[test]
fn every_recording_reads_like_the_plain_reader() {
    for (name, body) in fixtures() {
        assert_eq!(read([&body[..]]), reference(&body), "{name}");
    }
}

#[test]
fn every_recording_byte_by_byte() {
    for (name, body) in fixtures() {
        assert_eq!(read(body.chunks(1)), reference(&body), "{name}");
    }
}

#[test]
fn every_recording_cut_in_two_everywhere() {
    for (name, body) in fixtures() {
        let expected = reference(&body);
        // The two large ones repeat themselves: cut everywhere near their ends and at steps in between.
        let step = (body.len() / 500).max(1);
        let cuts = (0..=body.len()).filter(|cut| cut % step == 0 || *cut < 400 || body.len() - cut < 400);
        for cut in cuts {
            let (a, b) = body.split_at(cut);
            assert_eq!(read([a, b]), expected, "{name} cut at {cut}");
        }
    }
}

/// The payloads alone, with junk and torn tails left out: what a pure SSE reader sees.
#[derive(Default)]
struct Payloads(Vec<String>);
impl Sink for Payloads {
    fn payload(&mut self, bytes: &[u8]) {
        self.0.push(String::from_utf8_lossy(bytes).into_owned());
    }
    fn tail(&mut self, _: &[u8]) {}
    fn junk(&mut self, _: &[u8]) {}
}

fn payloads<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut framer, mut sink) = (Framer::new(LIMIT), Payloads::default());
    for piece in pieces {
        framer.push(piece, &mut sink).unwrap();
    }
    framer.finish(&mut sink);
    sink.0
}

/// The vectors of the web platform tests `eventsource/format-*`.
#[test]
fn server_sent_events_as_the_standard_says() {
    let x = "x".repeat(2048);
    let comments = format!("data:1\r:\0\n:\r\ndata:2\n:{x}\rdata:3\n:data:fail\r:{x}\ndata:4\n\n");
    let table: Vec<(&str, &str, Vec<&str>)> = vec![
        ("bom", "\u{FEFF}data:1\n\n\u{FEFF}data:2\n\ndata:3\n\n", vec!["1", "3"]),
        ("bom-2", "\u{FEFF}\u{FEFF}data:1\n\ndata:2\n\ndata:3\n\n", vec!["2", "3"]),
        ("comments", &comments, vec!["1\n2\n3\n4"]),
        ("before-final-empty-line", "retry:1000\ndata:test1\n\nid:test\ndata:test2", vec!["test1"]),
        ("field-data", "data:\n\ndata\ndata\n\ndata:test\n\n", vec!["", "\n", "test"]),
        ("field-event", "event:test\ndata:x\n\ndata:x\n\n", vec!["x", "x"]),
        (
            "field-parsing",
            "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
            vec!["\0\n 2\n1\n3\n\n4"],
        ),
        (
            "field-unknown",
            "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:test\n\n",
            vec!["test\n\ntest"],
        ),
        ("leading-space", "data:\ttest\rdata: \ndata:test\n\n", vec!["\ttest\n\ntest"]),
        ("newlines", "data:test\r\ndata\ndata:test\r\n\r\n", vec!["test\n\ntest"]),
        ("null-character", "data:\0\n\n", vec!["\0"]),
        ("utf-8", "data:ok…\n\n", vec!["ok…"]),
        ("json in data", "data: {\"a\":\ndata: 1}\n\n", vec!["{\"a\":\n1}"]),
        (
            "bare and SSE mixed",
            "{\"a\":1}\n\ndata: {\"b\":2}\n{\"c\":3}\n\n",
            vec!["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"],
        ),
    ];
    for (name, input, expected) in table {
        let bytes = input.as_bytes();
        assert_eq!(payloads([bytes]), expected, "{name}");
        assert_eq!(payloads(bytes.chunks(1)), expected, "{name} byte by byte");
        for cut in 0..=bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(payloads([a, b]), expected, "{name} cut at {cut}");
        }
    }
}

#[test]
fn what_is_no_event_is_reported_not_skipped() {
    assert_eq!(read([&b"<html>\n"[..]]), vec![json!({"junk": "<html>"})]);
    assert_eq!(read([&b"Internal Server Error"[..]]), vec![json!({"junk": "Internal Server Error"})]);
    assert_eq!(read([&b"{\"type\":\"stdout\",\n\n"[..]]), vec![json!({"malformed": "{\"type\":\"stdout\","})]);
    assert_eq!(read([&b"{\"type\":\"std"[..]]), vec![json!({"torn": "{\"type\":\"std"})]);
    assert_eq!(read([&b"{\"code\":\"X\"}"[..]]), vec![json!({"code": "X"})], "an error object has no line break");
}

#[test]
fn odd_json_goes_to_the_host_and_comes_back_equal() {
    let rows = [
        r#"{"timestamp":5,"text":"a","type":"stdout"}"#,
        r#"{ "type" : "stderr" , "text" : "a\u00e9\ud83d\ude00\n\t\"\\\/\b\f\r" , "timestamp" : 0 }"#,
        r#"{"type":"stdout","text":"a","timestamp":5,"eid":7}"#,
        r#"{"type":"stdout","text":"a","timestamp":1.5}"#,
        r#"{"type":"stdout","text":"a","timestamp":-1}"#,
        r#"{"type":"stdout","text":"a","timestamp":12345678901234567890}"#,
        r#"{"type":"stdout","text":null,"timestamp":5}"#,
        r#"{"type":"stdout","timestamp":5}"#,
        r#"{"type":"std\u006fut","text":"a","timestamp":5}"#,
        r#"{"type":"result","results":{"text":"1"},"timestamp":5}"#,
        r#"{"type":"stdout","text":"é漢😀","timestamp":5}"#,
    ];
    for row in rows {
        let expected: Value = serde_json::from_str(row).unwrap();
        assert_eq!(read([format!("{row}\n").as_bytes()]), vec![expected], "{row}");
    }
    // Not JSON, though nearly: the host refuses them, and so do we.
    for row in [
        "{\"type\":\"stdout\",\"text\":\"\u{1}\",\"timestamp\":5}",
        r#"{"type":"stdout","text":"a","timestamp":05}"#,
        r#"{"type":"stdout","text":"a","timestamp":5}x"#,
        r#"{"type":"stdout","text":"\x","timestamp":5}"#,
        r#"{"type":"stdout","text":"a","timestamp":5,}"#,
    ] {
        assert_eq!(read([format!("{row}\n").as_bytes()]), vec![json!({"malformed": row})]);
    }
    // An unpaired surrogate has no UTF-8: it must reach the host as JSON text.
    let mut batch = Batch::default();
    let mut framer = Framer::new(LIMIT);
    framer.push(b"{\"type\":\"stdout\",\"text\":\"\\ud800\",\"timestamp\":5}\n", &mut batch).unwrap();
    assert_eq!(batch.table[0], f64::from(Kind::Json as u8));
}

#[test]
fn broken_utf8_is_replaced_within_its_event() {
    // Joined first, the two halves would melt into one "é".
    let body = b"{\"type\":\"stdout\",\"text\":\"a\xC3\",\"timestamp\":1}\n{\"type\":\"stdout\",\"text\":\"\xA9b\",\"timestamp\":2}\n";
    let texts: Vec<_> = read([&body[..]]).iter().map(|v| v["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["a\u{FFFD}", "\u{FFFD}b"]);
}

#[test]
fn a_long_line_fed_byte_by_byte_is_copied_once() {
    let mut line = vec![b'{'; 1];
    line.resize(96 * 1024, b'x');
    let (mut framer, mut sink) = (Framer::new(LIMIT), Payloads::default());
    for byte in line.chunks(1) {
        framer.push(byte, &mut sink).unwrap();
    }
    framer.push(b"\n", &mut sink).unwrap();
    assert_eq!(sink.0[0].len(), line.len());
    assert_eq!(framer.copied(), line.len() as u64);
}

/// What `src/js/run-reader.js` does with a long line: takes it away, and feeds what follows it.
#[test]
fn a_bare_line_can_be_taken_away_and_its_end_fed_alone() {
    let line = br#"{"type":"stdout","text":"long","timestamp":1}"#;
    for end in [&b"\n\n"[..], b"\r\r", b"\r\n\r\n"] {
        for cut in 1..line.len() {
            let mut framer = Framer::new(LIMIT);
            let mut batch = Batch::default();
            framer.push(b"{\"a\":1}\n", &mut batch).unwrap();
            framer.push(&line[..cut], &mut batch).unwrap();
            assert_eq!(framer.bare_line(), cut);
            assert_eq!(framer.take_line(), &line[..cut]);
            assert_eq!(framer.bare_line(), 0);
            framer.push(end, &mut batch).unwrap();
            framer.push(b"{\"b\":2}\n", &mut batch).unwrap();
            framer.finish(&mut batch);
            assert_eq!(values(&batch), [json!({"a": 1}), json!({"b": 2})]);
        }
    }
    // Not one that other lines are joined with, nor one that comes behind such lines.
    for other in ["data: {\"a\":1", "data: x\n{\"a\":1", ": {", "<html>"] {
        let mut framer = Framer::new(LIMIT);
        framer.push(other.as_bytes(), &mut Batch::default()).unwrap();
        assert_eq!(framer.bare_line(), 0, "{other}");
    }
}

#[test]
fn the_limit_is_the_same_however_an_event_is_cut() {
    let event = b"{\"type\":\"stdout\",\"text\":\"abc\",\"timestamp\":12}";
    let body = [b"\n", &event[..], b"\n\n"].concat();
    for (limit, fits) in [(event.len() - 1, false), (event.len(), true), (event.len() + 1, true)] {
        for cut in 0..=body.len() {
            let (mut framer, mut batch) = (Framer::new(limit), Batch::default());
            let (a, b) = body.split_at(cut);
            let read = framer.push(a, &mut batch).and_then(|()| framer.push(b, &mut batch));
            assert_eq!((read.is_ok(), batch.len()), (fits, usize::from(fits)), "limit {limit}, cut at {cut}");
        }
    }
}

#[test]
fn an_event_over_the_limit_is_an_error() {
    let mut batch = Batch::default();
    assert!(Framer::new(10).push(b"{\"0123456789\n", &mut batch).is_err());
    let mut framer = Framer::new(10);
    assert!(framer.push(b"{\"0123", &mut batch).is_ok());
    assert!(framer.push(b"456789", &mut batch).is_err());
    let mut framer = Framer::new(10);
    assert!(framer.push(b"data:01234\n", &mut batch).is_ok());
    assert!(framer.push(b"data:56789\n", &mut batch).is_err(), "many short lines of one event count together");
}

proptest! {
    /// Any cut of any bytes gives the events of the whole.
    #[test]
    fn cuts_do_not_matter(parts in prop::collection::vec(prop_oneof![
        Just("{\"type\":\"stdout\",\"text\":\"é😀\\n\",\"timestamp\":1}".to_owned()), Just("\n".into()), Just("\r\n".into()), Just("\r".into()),
        Just("data: {\"a\":1}".into()), Just("data:".into()), Just(": c".into()), Just("{".into()), "[ -~]{0,12}"], 0..30),
        cuts in prop::collection::vec(0usize..400, 0..6)) {
        let body = parts.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(body.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut at = 0;
        for cut in cuts.into_iter().chain([body.len()]) {
            pieces.push(&body[at..cut]);
            at = cut;
        }
        prop_assert_eq!(read(pieces), read([&body[..]]));
    }

    /// Any text survives the hand-written reader.
    #[test]
    fn any_text_survives(text in any::<String>(), timestamp in 0u64..999_999_999_999_999) {
        let event = json!({"type": "stdout", "text": text, "timestamp": timestamp});
        prop_assert_eq!(read([format!("{event}\n").as_bytes()]), vec![event]);
    }
}

/// Eight bytes at a time: every odd byte must be seen at every place of a word, and beside every other odd one.
#[test]
fn the_fast_scan_sees_every_odd_byte() {
    let odd = ["\\\"", "\\\\", "\\n", "\\u0001", "é", "😀", "\u{7F}", " ", "~", "!", "#", "[", "]"];
    for first in odd {
        for second in odd {
            for before in 0..17 {
                for between in [0, 1, 6, 7, 8] {
                    let text = format!("{}{first}{}{second}z", "a".repeat(before), "b".repeat(between));
                    let row = format!("{{\"type\":\"stdout\",\"text\":\"{text}\",\"timestamp\":1795402209570}}\n\n");
                    let expected: Value = serde_json::from_str(&row).unwrap();
                    // After another event: the fast way is not taken for the first line of a stream.
                    let body = format!("{{\"type\":\"ping\"}}\n{row}");
                    assert_eq!(read([body.as_bytes()])[1], expected, "{row}");
                }
            }
        }
    }
    for control in 0u8..0x20 {
        for before in 0..9 {
            let row = format!(
                "{{\"type\":\"stdout\",\"text\":\"{}{}\",\"timestamp\":5}}",
                "a".repeat(before),
                control as char
            );
            if control != b'\n' && control != b'\r' {
                let body = format!("{{\"type\":\"ping\"}}\n{row}\n");
                assert_eq!(read([body.as_bytes()])[1], json!({"malformed": row}));
            }
        }
    }
}
