//! Path expansion: `$NAME`, `~`, absolute and clean, as every path field of execd has it.

use std::path::{Path, PathBuf};

/// Expands variables and a leading `~`. The error text names what is undefined.
pub fn expand(path: &str) -> Result<String, String> {
    let home = std::env::var("HOME").unwrap_or_default();
    expand_with(path, &home, |name| std::env::var(name).ok())
}

/// As [`expand`], then absolute against execd's directory and without `.`, `..` and trailing slashes.
pub fn expand_absolute(path: &str) -> Result<PathBuf, String> {
    let expanded = expand(path)?;
    let base = std::env::current_dir().map_err(|error| error.to_string())?;
    Ok(clean(&base.join(expanded)))
}

/// Removes `.`, `..` and doubled slashes by the text alone; links are not looked at.
pub fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}

/// Replaces each `$NAME` and `${NAME}` in `text` by what `lookup` says.
pub fn expand_variables(text: &str, mut lookup: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, from_dollar) = rest.split_at(dollar);
        out.push_str(before);
        let after = from_dollar.get(1..).unwrap_or_default();
        let (name, used) = variable_name(after);
        match name {
            // A lone `$` stays; broken braces are eaten, as Go's os.Expand does.
            "" if used == 0 => out.push('$'),
            "" => {}
            name => out.push_str(&lookup(name)),
        }
        rest = after.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The name at the start of `text` (which follows a `$`) and how many bytes it takes.
fn variable_name(text: &str) -> (&str, usize) {
    let Some(first) = text.bytes().next() else {
        return ("", 0);
    };
    if first == b'{' {
        return match text.find('}') {
            Some(1) => ("", 2),
            Some(end) => (text.get(1..end).unwrap_or_default(), end + 1),
            None => ("", 1),
        };
    }
    if is_special(first) {
        return (text.get(..1).unwrap_or_default(), 1);
    }
    let end = text.bytes().position(|byte| !(byte == b'_' || byte.is_ascii_alphanumeric())).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), end)
}

/// `$5`, `$$`, `$?` and the like: names only a shell knows.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9')
}

fn expand_with(path: &str, home: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut undefined = Vec::new();
    let expanded = expand_variables(path, |name| {
        if let [byte] = name.as_bytes() {
            if is_special(*byte) {
                return String::new();
            }
        }
        lookup(name).unwrap_or_else(|| {
            undefined.push(name.to_owned());
            String::new()
        })
    });
    if !undefined.is_empty() {
        undefined.sort();
        undefined.dedup();
        return Err(format!("path references undefined environment variables: {}", undefined.join(",")));
    }
    Ok(match expanded.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with(['/', '\\']) => {
            format!("{}/{}", home.trim_end_matches('/'), rest.get(1..).unwrap_or_default())
        }
        _ => expanded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(path: &str) -> Result<String, String> {
        expand_with(path, "/root", |name| match name {
            "A" => Some("aa".into()),
            "B_1" => Some("b".into()),
            _ => None,
        })
    }

    #[test]
    fn variables() {
        assert_eq!(expanded("/x/$A/${B_1}y").unwrap(), "/x/aa/by");
        assert_eq!(expanded("price$5.txt").unwrap(), "price.txt");
        assert_eq!(expanded("a$$b$?c$-d${1}e").unwrap(), "abcde");
        assert_eq!(expanded("end$").unwrap(), "end$");
        assert_eq!(expanded("a${}b${c").unwrap(), "abc");
        assert_eq!(
            expanded("$NOPE/$A/${ALSO}").unwrap_err(),
            "path references undefined environment variables: ALSO,NOPE"
        );
    }

    #[test]
    fn home() {
        assert_eq!(expanded("~").unwrap(), "/root");
        assert_eq!(expanded("~/x").unwrap(), "/root/x");
        assert_eq!(expanded("~\\x").unwrap(), "/root/x");
        assert_eq!(expanded("~user/x").unwrap(), "~user/x");
        assert_eq!(expanded("a~").unwrap(), "a~");
    }

    #[test]
    fn cleaning() {
        for (from, to) in [("/a/./b//c/../d/", "/a/b/d"), ("/../x", "/x"), ("a/..", "."), ("../a", "../a"), ("/", "/")]
        {
            assert_eq!(clean(Path::new(from)), Path::new(to), "{from}");
        }
    }
}
