//! Rebuilds the events of a foreground command from its capture files, for a run whose stream was cut.
//!
//! execd keeps the raw output in `<tmp>/<id>.stdout` and `.stderr` and makes one event per line of it: LF, CR and CRLF
//! end a line, an empty line is an event with the text `"\n"`, a last line without an end is an event too.

use crate::events::{Batch, Kind};

/// Adds the events of `raw` to `batch`, without the first `skip`, which the caller has already seen.
/// Gives the number of lines in all; less than `skip` means that the file is not the whole output.
pub fn replay(raw: &[u8], skip: usize, kind: Kind, timestamp: f64, batch: &mut Batch) -> usize {
    let mut count = 0;
    let mut rest = raw;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, ending) = rest.split_at(end);
        rest = match ending {
            [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
            [] => &[],
        };
        if count >= skip {
            let text = if line.is_empty() { "\n".into() } else { lossy_per_byte(line) };
            batch.add(kind, &text, timestamp);
        }
        count += 1;
    }
    count
}

/// Go's JSON encoder replaces every offending byte, where `from_utf8_lossy` replaces whole broken sequences.
fn lossy_per_byte(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
