//! The `Range` header of downloads.

#[derive(Debug, PartialEq, Eq)]
pub enum Ranged {
    /// The first range that has something: start and length.
    Part(u64, u64),
    /// The header does not ask for anything.
    Whole,
    /// Everything asked for lies behind the end.
    Beyond,
    Unreadable,
}

/// Reads the header for a file of `size` bytes.
pub fn read(header: &str, size: u64) -> Ranged {
    if header.is_empty() {
        return Ranged::Whole;
    }
    let Some(list) = header.strip_prefix("bytes=") else {
        return Ranged::Unreadable;
    };
    let mut first = None;
    let mut beyond = false;
    for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match read_one(item, size) {
            None => return Ranged::Unreadable,
            Some(None) => beyond = true,
            Some(Some(part)) => first = first.or(Some(part)),
        }
    }
    match first {
        Some((start, length)) => Ranged::Part(start, length),
        None if beyond => Ranged::Beyond,
        None => Ranged::Whole,
    }
}

/// Outer `None`: not a range. Inner `None`: behind the end.
fn read_one(item: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (start, end) = item.split_once('-')?;
    let (start, end) = (start.trim(), end.trim());
    if start.is_empty() {
        let length = number(end)?.min(size);
        return Some(Some((size - length, length)));
    }
    let start = number(start)?;
    if start >= size {
        return Some(None);
    }
    if end.is_empty() {
        return Some(Some((start, size - start)));
    }
    let end = number(end)?;
    (end >= start).then(|| Some((start, end.min(size - 1) - start + 1)))
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            ("bytes=0-4", Ranged::Part(0, 5)),
            ("bytes=3-", Ranged::Part(3, 7)),
            ("bytes=-4", Ranged::Part(6, 4)),
            ("bytes=-40", Ranged::Part(0, 10)),
            ("bytes=5-100", Ranged::Part(5, 5)),
            ("bytes=99-, 2-3, 4-5", Ranged::Part(2, 2)),
            ("bytes=10-", Ranged::Beyond),
            ("bytes=", Ranged::Whole),
            ("bytes=4-2", Ranged::Unreadable),
            ("bytes=x-2", Ranged::Unreadable),
            ("bytes=-", Ranged::Unreadable),
            ("lines=1-2", Ranged::Unreadable),
        ];
        for (header, expected) in cases {
            assert_eq!(read(header, 10), expected, "{header}");
        }
    }
}
