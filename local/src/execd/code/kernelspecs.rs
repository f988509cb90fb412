//! The kernels that the set-up made: `DIR/NAME/kernel.json`, in Jupyter's own format.

use jupyter_protocol::JupyterKernelspec;
use std::fs;
use std::path::{Path, PathBuf};

/// What every kernel specification of a folder says, by name. Unreadable ones are left out.
pub fn all(dir: &Path) -> Vec<JupyterKernelspec> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path().join("kernel.json")).collect();
    files.sort();
    files.iter().filter_map(|file| read(file)).collect()
}

/// The kernel of a language. The languages are compared as they are: `Python` is none.
pub fn find(dir: &Path, language: &str) -> Option<JupyterKernelspec> {
    all(dir).into_iter().find(|spec| spec.language == language)
}

/// What a sandbox must see of the host, read-only, so that the kernels of a folder can run in it.
pub fn needed_paths(dir: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for spec in all(dir) {
        let metadata = serde_json::Value::from_iter(spec.metadata.unwrap_or_default());
        let listed = metadata.pointer("/opensandbox/readOnly").and_then(serde_json::Value::as_array);
        paths.extend(listed.into_iter().flatten().filter_map(|path| path.as_str()).map(PathBuf::from));
    }
    paths.sort();
    paths.dedup();
    paths
}

fn read(file: &Path) -> Option<JupyterKernelspec> {
    let text = fs::read_to_string(file).ok()?;
    match serde_json::from_str::<JupyterKernelspec>(&text) {
        Ok(spec) if spec.argv.iter().any(|argument| argument.contains(CONNECTION_FILE)) => Some(spec),
        Ok(_) => {
            tracing::warn!("{}: argv has no {CONNECTION_FILE}", file.display());
            None
        }
        Err(error) => {
            tracing::warn!(%error, "{}", file.display());
            None
        }
    }
}

/// Stands in `argv` for the path of the connection file.
pub const CONNECTION_FILE: &str = "{connection_file}";

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(specs: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in specs {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("kernel.json"), text).unwrap();
        }
        dir
    }

    #[test]
    fn by_language_and_only_what_can_be_started() {
        let dir = folder(&[
            ("a", r#"{"argv":["a","{connection_file}"],"display_name":"A","language":"python"}"#),
            ("b", r#"{"argv":["b"],"display_name":"B","language":"bash"}"#),
            ("c", "nonsense"),
        ]);
        assert_eq!(find(dir.path(), "python").unwrap().argv, ["a", "{connection_file}"]);
        for language in ["Python", "bash", "go", ""] {
            assert!(find(dir.path(), language).is_none(), "{language}");
        }
        assert!(find(Path::new("/no/such"), "python").is_none());
    }

    #[test]
    fn paths_that_a_sandbox_needs() {
        let spec = |paths: &str| {
            format!(
                r#"{{"argv":["{{connection_file}}"],"display_name":"","language":"x","metadata":{{"opensandbox":{{"readOnly":{paths}}}}}}}"#
            )
        };
        let (a, b) = (spec(r#"["/venv","/python"]"#), spec(r#"["/venv"]"#));
        let dir = folder(&[("a", &a), ("b", &b)]);
        assert_eq!(needed_paths(dir.path()), [Path::new("/python"), Path::new("/venv")]);
    }
}
