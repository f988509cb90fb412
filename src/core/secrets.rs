//! What must not be read in logs and messages: keys and tokens are replaced, ids of sandboxes shortened.

use crate::text::{replace, split};

/// What stands in a secret's place.
pub const MASK: &str = "***";
/// Shorter ones are none: replacing every `1` of a text would leave nothing readable.
const SHORTEST: usize = 4;
/// Shorter values of headers are words such as `prod`.
const SHORTEST_HEADER: usize = 8;
/// How much of an id is shown at most. Enough to tell two apart, far too little to guess the rest.
const SHOWN: usize = 8;

/// The text without the secrets in it. The longest first: one may be a part of another, as in `Bearer …`, whose rest would
/// stay. (The library's sort is 6 kB of WebAssembly.)
#[cold]
pub fn mask<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
    let mut text = text.to_owned();
    while let Some((index, _)) = secrets.iter().enumerate().max_by_key(|(_, secret)| secret.len()) {
        text = replace(&text, secrets.swap_remove(index), MASK);
    }
    text
}

/// The beginning of an id, at most a quarter of it.
pub fn shorten(id: &str) -> String {
    let shown: String = id.chars().take((id.chars().count() / 4).min(SHOWN)).collect();
    format!("{shown}…")
}

/// What of a request header must not be repeated: its value, and of two words the second one, such as that of `Bearer …`.
pub fn of_header<'a>(name: &str, value: &'a str) -> [&'a str; 2] {
    const PLAIN: [&str; 5] = ["accept", "content-type", "range", "user-agent", "x-request-id"];
    if PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain)) {
        return ["", ""];
    }
    [value, value.split_once(' ').map_or("", |(_, second)| second)]
        .map(|secret| if secret.len() < SHORTEST_HEADER { "" } else { secret })
}

/// A URL or its path for people: without its query, and with what looks like an id shortened. Whoever has the id of a sandbox
/// has its ports: it stands in the path, or, behind a gateway, in the name of the host.
#[cold]
pub fn readable(url: &str) -> String {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = split(place, "://").unwrap_or(("", place));
    let mut shown = String::new();
    if !scheme.is_empty() {
        shown.push_str(scheme);
        shown.push_str("://");
    }
    let mut before = "";
    for (index, part) in rest.split('/').enumerate() {
        if index > 0 {
            shown.push('/');
        }
        let host = index == 0 && !scheme.is_empty();
        for (index, label) in part.split(if host { '.' } else { '/' }).enumerate() {
            if index > 0 {
                shown.push('.');
            }
            let secret =
                (before == "sandboxes" && !label.is_empty()) || looks_like_id(label, if host { 32 } else { 16 });
            if secret { shown.push_str(&shorten(label)) } else { shown.push_str(label) }
        }
        before = part;
    }
    shown
}

fn looks_like_id(text: &str, shortest: usize) -> bool {
    text.len() >= shortest && text.bytes().any(|byte| byte.is_ascii_digit())
}
