//! Paths of a directory's entries, made relative to it.

/// What comes after `root` in `path`; `None` when that is not below it.
///
/// The list is the sandbox's word, and what comes out of here becomes a file name on somebody's disk: nothing in it may lead
/// out of the directory again.
pub fn relative<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')?;
    let harmless = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
    rest.split('/').all(harmless).then_some(rest)
}
