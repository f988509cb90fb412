//! `GET /files/search`: files whose base name matches a pattern.

use super::info::Describer;
use super::{bad_path, blocking, operation};
use crate::execd::errors::{self, Failure, os_text};
use crate::execd::paths;
use axum::response::Response;
use globset::{GlobBuilder, GlobMatcher};
use std::io;
use walkdir::WalkDir;

pub async fn get(path: Option<&str>, pattern: Option<&str>) -> Result<Response, Failure> {
    let path = path.filter(|path| !path.is_empty()).ok_or_else(|| Failure::missing_query("path"))?.to_owned();
    let pattern = pattern.filter(|pattern| !pattern.is_empty()).unwrap_or("**").to_owned();
    blocking(move || search(&path, &pattern)).await
}

fn search(path: &str, pattern: &str) -> Result<Response, Failure> {
    let root = paths::expand_absolute(path).map_err(bad_path)?;
    root.metadata().map_err(|error| Failure::file(&error, operation("stat", &root, &error)))?;
    let failed = |text: String| Failure::runtime(format!("error searching files. {text}"));
    let pattern_error = |error| failed(format!("invalid pattern {pattern}: {error}"));
    let matcher = Pattern::new(pattern);
    let mut describer = Describer::default();
    let mut found = Vec::new();
    for entry in WalkDir::new(&root).follow_root_links(false).sort_by_file_name() {
        let metadata = match entry.map(|entry| (entry.metadata(), entry)) {
            Ok((Ok(metadata), entry)) => (metadata, entry),
            Ok((Err(error), _)) | Err(error) => {
                let Some(error) = error.io_error() else {
                    continue;
                };
                // It vanished while we were walking.
                if error.kind() == io::ErrorKind::NotFound {
                    continue;
                }
                return Err(failed(format!("error accessing path {}: {}", root.display(), os_text(error))));
            }
        };
        let (metadata, entry) = metadata;
        if metadata.is_dir() {
            continue;
        }
        // A bad pattern is noticed only now: with no file to test it is no error.
        let matcher = matcher.as_ref().map_err(pattern_error)?;
        if matcher.matches(entry.file_name()) {
            found.push(describer.describe(entry.path(), &metadata));
        }
    }
    Ok(errors::success(&found))
}

/// A glob for base names, or the opposite of one: `!(x)`.
struct Pattern {
    glob: GlobMatcher,
    negated: bool,
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, String> {
        let (negated, text) = match pattern.strip_prefix('!') {
            None => (false, pattern.to_owned()),
            Some(rest) => match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                // Alternatives are written with bars there.
                Some(inner) => (true, format!("{{{}}}", inner.replace('|', ","))),
                None => return Err("syntax error in pattern".into()),
            },
        };
        let glob = GlobBuilder::new(&text).literal_separator(true).build().map_err(|error| error.to_string())?;
        Ok(Self { glob: glob.compile_matcher(), negated })
    }

    fn matches(&self, name: &std::ffi::OsStr) -> bool {
        self.glob.is_match(name) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("*.py", "a.py", true),
            ("**/*.py", "a.py", true),
            ("**", ".hidden", true),
            ("{a,b}.*", "b.txt", true),
            ("[ab]*", "cx", false),
            ("?.c", "x.c", true),
            ("!(x)", "x", false),
            ("!(x)", "y", true),
            ("sub/*.py", "a.py", false),
            ("*.PY", "a.py", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name.as_ref()), expected, "{pattern} {name}");
        }
        assert!(Pattern::new("!x").is_err());
        assert!(Pattern::new("[a").is_err());
    }
}
