//! The Jupyter kernels that sandboxes may run code with, and how they get to see them.

use super::bwrap;
use super::layout::Layout;
use super::mounts::Mount;
use crate::execd::{DeadKernel, EarlyComplete, paths_of_kernels};
use std::ffi::OsString;
use std::fs;
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
    /// Execd's options. `inside`: it runs where only [`Kernels::mounts`] is seen.
    pub fn arguments(&self, inside: bool) -> Vec<OsString> {
        let Some(dir) = &self.dir else { return Vec::new() };
        let dir = if inside { Path::new(INSIDE) } else { dir };
        let options = ["--kernels".into(), dir.into(), "--early-complete".into(), self.early.name().into()];
        options.into_iter().chain(["--dead-kernel".into(), self.dead.name().into()]).collect()
    }

    /// What a sandbox sees of the host: the specifications and what the kernels are made of. Mounted before its volumes,
    /// or bubblewrap would make directories in those.
    pub fn mounts(&self, layout: &Layout, home: &str) -> Vec<Mount> {
        let Some(dir) = &self.dir else { return Vec::new() };
        let needed = paths_of_kernels(dir).into_iter().filter(|path| path.is_absolute() && !bwrap::is_system(path));
        let same = needed.filter_map(|path| Some((path.clone(), path.into_os_string().into_string().ok()?)));
        std::iter::once((dir.clone(), INSIDE.to_owned()))
            .chain(same)
            .filter(|(source, _)| source.exists())
            .filter(|(_, target)| !leads_away(layout, home, target))
            .map(|(source, target)| Mount { source, target, read_only: true })
            .collect()
    }
}

/// A sandbox that is made from a snapshot has what its model put there. Bubblewrap makes directories from outside, and
/// must not follow a sandbox's link.
fn leads_away(layout: &Layout, home: &str, target: &str) -> bool {
    let is_link = |path: &Path| {
        let outside = path.to_str().map(|path| layout.outside(path, home));
        outside.is_none_or(|outside| fs::symlink_metadata(outside).is_ok_and(|meta| meta.is_symlink()))
    };
    let link = Path::new(target).ancestors().any(is_link);
    if link {
        tracing::warn!("a link of the sandbox stands at {target}: its kernels do not start");
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(needed: &[&Path]) -> (tempfile::TempDir, Kernels, Layout) {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("kernels");
        fs::create_dir_all(at.join("python")).unwrap();
        let spec = serde_json::json!({
            "argv": ["python", "{connection_file}"], "display_name": "P", "language": "python",
            "metadata": {"opensandbox": {"readOnly": needed}},
        });
        fs::write(at.join("python/kernel.json"), spec.to_string()).unwrap();
        let layout = Layout::create(dir.path(), "sandbox").unwrap();
        let kernels = Kernels { dir: Some(at), early: EarlyComplete::Never, dead: DeadKernel::Error };
        (dir, kernels, layout)
    }

    fn targets(kernels: &Kernels, layout: &Layout) -> Vec<String> {
        let mounts = kernels.mounts(layout, "/root");
        assert!(mounts.iter().all(|mount| mount.read_only));
        mounts.into_iter().map(|mount| mount.target).collect()
    }

    #[test]
    fn nothing_without_kernels() {
        let (_dir, _, layout) = example(&[]);
        let none = Kernels::default();
        assert!(none.arguments(true).is_empty() && none.mounts(&layout, "/root").is_empty());
    }

    #[test]
    fn what_is_mounted_is_what_the_specifications_name() {
        let venv = tempfile::tempdir().unwrap();
        let needed =
            [venv.path(), Path::new("/usr/lib"), Path::new("/opt/x"), Path::new("relative"), Path::new("/no/such")];
        let (_dir, kernels, layout) = example(&needed);
        assert_eq!(targets(&kernels, &layout), [INSIDE, venv.path().to_str().unwrap()]);
        let wanted = ["--kernels", INSIDE, "--early-complete", "never", "--dead-kernel", "error"];
        assert_eq!(kernels.arguments(true), wanted);
        assert_eq!(kernels.arguments(false).get(1).map(PathBuf::from), kernels.dir);
    }

    #[test]
    fn no_directory_is_made_behind_a_link_of_the_sandbox() {
        let venv = tempfile::tempdir().unwrap();
        let deep = venv.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let (_dir, kernels, layout) = example(&[&deep]);
        assert_eq!(targets(&kernels, &layout).len(), 2);
        let outside = layout.outside(venv.path().to_str().unwrap(), "/root");
        fs::create_dir_all(outside.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/etc", outside).unwrap();
        assert_eq!(targets(&kernels, &layout), [INSIDE]);
    }
}
