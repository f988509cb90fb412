//! The kernels that the set-up made: `DIR/NAME/kernel.json`, in Jupyter's own format.

use jupyter_protocol::{JupyterKernelspec, Transport};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
        let listed = ours(&spec, "readOnly").and_then(Value::as_array);
        paths.extend(listed.into_iter().flatten().filter_map(|path| path.as_str()).map(PathBuf::from));
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Unix sockets, unless the specification says that its kernel only knows ports.
pub fn transport(spec: &JupyterKernelspec) -> Transport {
    if ours(spec, "transport").and_then(Value::as_str) == Some("tcp") { Transport::TCP } else { Transport::IPC }
}

/// How long to listen on after a kernel has said that it is idle, for one whose last output may come after that.
pub fn late_output(spec: &JupyterKernelspec) -> Duration {
    Duration::from_millis(ours(spec, "lateOutputMs").and_then(Value::as_u64).unwrap_or(0))
}

/// What the set-up has written into the metadata for this program.
fn ours<'a>(spec: &'a JupyterKernelspec, name: &str) -> Option<&'a Value> {
    spec.metadata.as_ref()?.get("opensandbox")?.get(name)
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
    fn sockets_unless_the_kernel_only_knows_ports() {
        let spec = |metadata: &str| {
            let text = format!(r#"{{"argv":[],"display_name":"","language":"","metadata":{metadata}}}"#);
            transport(&serde_json::from_str(&text).unwrap())
        };
        assert_eq!(spec(r#"{"opensandbox":{"transport":"tcp"}}"#), Transport::TCP);
        for metadata in ["null", "{}", r#"{"opensandbox":{"transport":"ipc"}}"#, r#"{"opensandbox":1}"#] {
            assert_eq!(spec(metadata), Transport::IPC, "{metadata}");
        }
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
