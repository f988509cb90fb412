//! How Python writes values: the real server puts them into its messages.

/// `repr()` of a string.
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            letter if letter == quote => out.extend(['\\', quote]),
            letter if letter.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

/// `repr()` of a list of strings.
pub fn repr_list(texts: &[String]) -> String {
    let all: Vec<String> = texts.iter().map(|text| repr(text)).collect();
    format!("[{}]", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("it's"), "\"it's\"");
        assert_eq!(repr("'\"\\\n\u{1}"), "'\\'\"\\\\\\n\\x01'");
        assert_eq!(repr_list(&["/a".into(), "/b".into()]), "['/a', '/b']");
        assert_eq!(repr_list(&[]), "[]");
    }
}
