//! The Jupyter kernels that sandboxes may run code with, and how they get to see them.

use crate::execd::{DeadKernel, EarlyComplete, paths_of_kernels};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the directory of kernels is seen inside a sandbox.
const INSIDE: &str = "/.opensandbox/kernels";

/// What each execd is told about code.
#[derive(Default)]
pub struct Kernels {
    /// An absolute path.
    pub dir: Option<PathBuf>,
    pub early: EarlyComplete,
    pub dead: DeadKernel,
}

impl Kernels {
    /// Execd's options. `inside`: it runs where only [`Kernels::binds`] is seen.
    pub fn arguments(&self, inside: bool) -> Vec<OsString> {
        let Some(dir) = &self.dir else { return Vec::new() };
        let dir = if inside { Path::new(INSIDE) } else { dir };
        let options = ["--kernels".into(), dir.into(), "--early-complete".into(), self.early.name().into()];
        options.into_iter().chain(["--dead-kernel".into(), self.dead.name().into()]).collect()
    }

    /// What a sandbox sees read-only of the host, and where: the kernels themselves and what they are made of.
    pub fn binds(&self) -> Vec<(PathBuf, PathBuf)> {
        let Some(dir) = &self.dir else { return Vec::new() };
        // The system is there already, and a path in it cannot be mounted a second time.
        let missing = paths_of_kernels(dir).into_iter().filter(|path| path.is_absolute() && !path.starts_with("/usr"));
        let same = missing.map(|path| (path.clone(), path));
        std::iter::once((dir.clone(), PathBuf::from(INSIDE))).chain(same).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_without_kernels() {
        let none = Kernels::default();
        assert!(none.arguments(true).is_empty() && none.binds().is_empty());
    }

    #[test]
    fn read_only_paths_come_from_the_specifications() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("python")).unwrap();
        let spec = r#"{"argv":["/venv/bin/python","{connection_file}"],"display_name":"P","language":"python",
            "metadata":{"opensandbox":{"readOnly":["/venv","/usr/lib/x","relative"]}}}"#;
        std::fs::write(dir.path().join("python/kernel.json"), spec).unwrap();
        let kernels = Kernels { dir: Some(dir.path().into()), early: EarlyComplete::Never, dead: DeadKernel::Error };
        assert_eq!(
            kernels.binds(),
            [(dir.path().into(), INSIDE.into()), ("/venv".into(), "/venv".into())] as [(PathBuf, PathBuf); 2]
        );
        let wanted = ["--kernels", INSIDE, "--early-complete", "never", "--dead-kernel", "error"];
        assert_eq!(kernels.arguments(true), wanted);
        assert_eq!(kernels.arguments(false).get(1).map(PathBuf::from), Some(dir.path().into()));
    }
}
