//! The events of a [`Batch`], one by one, for programs in Rust. JavaScript reads the same table by itself.

use crate::events::{Batch, Kind, ROW};

/// One event of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// What it is.
    pub kind: Kind,
    /// Text of the output; for [`Kind::Json`] and [`Kind::Tail`] the event's JSON, for your parser.
    pub text: &'a str,
    /// Unix time in milliseconds; 0 where it is in the JSON.
    pub timestamp: f64,
}

/// See [`Batch::rows`].
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    text: &'a str,
    table: std::slice::Chunks<'a, f64>,
}

impl Batch {
    /// Its events, in the order of the stream.
    pub fn rows(&self) -> Rows<'_> {
        // What is added to it is valid UTF-8.
        Rows { text: std::str::from_utf8(&self.text).unwrap_or_default(), table: self.table.chunks(ROW) }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let &[kind, length, timestamp] = self.table.next()? else { return None };
        let (text, rest) = self.text.split_at(bytes_of(self.text, length as usize));
        self.text = rest;
        Some(Row { kind: kind_of(kind as u8), text, timestamp })
    }
}

/// How many bytes the first `units` UTF-16 units of a text are.
fn bytes_of(text: &str, units: usize) -> usize {
    let mut left = units;
    let end = text.char_indices().find(|(_, character)| {
        let over = left == 0;
        left = left.saturating_sub(character.len_utf16());
        over
    });
    end.map_or(text.len(), |(at, _)| at)
}

fn kind_of(number: u8) -> Kind {
    [Kind::Json, Kind::Stdout, Kind::Stderr, Kind::Ping, Kind::Tail]
        .into_iter()
        .find(|kind| *kind as u8 == number)
        .unwrap_or(Kind::Junk)
}
