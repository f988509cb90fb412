//! Finding, replacing and joining words of short texts. What the library has is made for long ones: 10 kB of WebAssembly.

/// Where `part` first stands in `text`, in bytes.
#[inline(never)]
pub fn find(text: &str, part: &str) -> Option<usize> {
    text.as_bytes().windows(part.len().max(1)).position(|window| window == part.as_bytes())
}

/// Whether `part` stands anywhere in `text`. The empty part does.
pub fn has(text: &str, part: &str) -> bool {
    part.is_empty() || find(text, part).is_some()
}

/// What stands before and after the first `part`.
pub fn split<'a>(text: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, part)?;
    Some((text.get(..at)?, text.get(at + part.len()..)?))
}

/// The text with `other` in the place of each `part`, which is not empty.
#[inline(never)]
pub fn replace(text: &str, part: &str, other: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = split(rest, part) {
        out.push_str(before);
        out.push_str(other);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The parts with `between` between them.
pub fn join(parts: &[impl AsRef<str>], between: &str) -> String {
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        out.push_str(part.as_ref());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_the_library_finds() {
        for text in ["", "a", "ab", "äöü", "aaab", "https://h/a://b", "xxabxxabxx", "ab"] {
            for part in ["a", "ab", "://", "ö", "aab", "xx", "zzzzzzzzzzzz"] {
                assert_eq!(find(text, part), text.find(part), "{part} in {text}");
                assert_eq!(has(text, part), text.contains(part), "{part} in {text}");
                assert_eq!(split(text, part), text.split_once(part), "{part} in {text}");
                assert_eq!(replace(text, part, "-"), text.replace(part, "-"), "{part} in {text}");
            }
        }
        assert!(has("a", "") && has("", ""));
        for parts in [&[][..], &["a"], &["a", "", "b"]] {
            assert_eq!(join(parts, "; "), parts.join("; "));
        }
    }
}
