//! JSON as Go's `encoding/json` writes it: compact, with `<`, `>`, `&`, U+2028 and U+2029 escaped.

use serde::Serialize;
use std::io;

/// Appends `text` as a JSON string. Every byte that is not valid UTF-8 becomes the six characters `\ufffd`.
pub fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        push_escaped(out, chunk.valid());
        // Go decodes one byte at a time, so a broken three-byte character is up to three replacement characters.
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

/// Encodes a value. Maps must come sorted (`BTreeMap`), as Go sorts their keys.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, GoFormatter);
    // Writing to memory cannot fail, and the values here have string keys only.
    if let Err(error) = value.serialize(&mut serializer) {
        tracing::error!(%error, "value without a JSON form");
    }
    out
}

struct GoFormatter;

impl serde_json::ser::Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut escaped = Vec::with_capacity(fragment.len());
        push_escaped(&mut escaped, fragment);
        writer.write_all(&escaped)
    }

    // Go writes 2, not 2.0.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value}")
    }
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let mut skip = 1;
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0c => b"\\f",
            b'<' => b"\\u003c",
            b'>' => b"\\u003e",
            b'&' => b"\\u0026",
            0xe2 => match bytes.get(at + 1..at + 3) {
                Some([0x80, 0xa8]) => {
                    skip = 3;
                    b"\\u2028"
                }
                Some([0x80, 0xa9]) => {
                    skip = 3;
                    b"\\u2029"
                }
                _ => continue,
            },
            0x00..=0x1f => {
                out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                copied = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
        out.extend_from_slice(escape);
        copied = at + skip;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &[u8]) -> String {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_go_escapes() {
        assert_eq!(string(b"a<b>&\"\\"), r#""a\u003cb\u003e\u0026\"\\""#);
        assert_eq!(string("x\u{2028}y\u{2029}".as_bytes()), r#""x\u2028y\u2029""#);
        assert_eq!(string(b"\x00\x08\t\n\x0c\r\x1b"), r#""\u0000\b\t\n\f\r\u001b""#);
    }

    #[test]
    fn leaves_the_rest_alone() {
        assert_eq!(string("é\u{85}\u{7f}\u{2027}😀".as_bytes()), "\"é\u{85}\u{7f}\u{2027}😀\"");
    }

    #[test]
    fn every_bad_byte_is_one_replacement() {
        assert_eq!(string(b"\xff\xfe\x00\x01ok"), r#""\ufffd\ufffd\u0000\u0001ok""#);
        assert_eq!(string(b"\xe2\x82x"), r#""\ufffd\ufffdx""#);
        assert_eq!(string("\u{fffd}".as_bytes()), "\"\u{fffd}\"");
    }

    #[test]
    fn values() {
        assert_eq!(encode(&serde_json::json!({"a": "<", "n": 2.0, "f": 0.5})), br#"{"a":"\u003c","n":2,"f":0.5}"#);
    }
}
