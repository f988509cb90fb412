//! The directories of one sandbox on the host.

use super::bwrap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Those that stand at a place of their own inside.
const PLACED: [&str; 3] = ["workspace", "home", "tmp"];

/// `workspace`, `home`, `tmp` and `root` (everything else that a sandbox may write), in a directory that it cannot
/// see.
pub struct Layout {
    pub dir: PathBuf,
}

impl Layout {
    /// Makes them.
    pub fn create(state: &Path, id: &str) -> std::io::Result<Self> {
        let layout = Self { dir: state.join(id) };
        for (name, mode) in [("workspace", 0o755), ("home", 0o700), ("tmp", 0o1777), ("root", 0o755)] {
            let dir = layout.dir.join(name);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode))?;
        }
        Ok(layout)
    }

    /// One of them.
    pub fn sub(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where an absolute path of the sandbox is on the host.
    pub fn outside(&self, inside: &str, home: &str) -> PathBuf {
        let inside = Path::new(inside);
        for (place, name) in [("/workspace", "workspace"), ("/tmp", "tmp"), (home, "home"), ("/", "root")] {
            if let Ok(rest) = inside.strip_prefix(place) {
                return self.sub(name).join(rest);
            }
        }
        self.sub("root")
    }

    /// Copies a sandbox's files into a directory, or a snapshot's files into a new sandbox.
    pub async fn copy(&self, to: &Self) -> Result<(), String> {
        copy(PLACED.iter().map(|name| self.sub(name)), &to.dir).await?;
        let own: Vec<PathBuf> = fs::read_dir(self.sub("root"))
            .map_err(|error| error.to_string())?
            .flatten()
            .filter(|entry| !bwrap::makes(&entry.file_name()))
            .map(|entry| entry.path())
            .collect();
        copy(own.into_iter(), &to.sub("root")).await?;
        // Directories that bubblewrap makes in there, from outside: it must not follow a sandbox's link.
        for path in ["var", "var/tmp"].map(|name| to.sub("root").join(name)) {
            if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_dir()) {
                fs::remove_file(&path).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Removes what a failed start left.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// With everything that belongs to a file: owners, modes, times, links, attributes.
async fn copy(from: impl Iterator<Item = PathBuf>, to: &Path) -> Result<(), String> {
    let from: Vec<PathBuf> = from.collect();
    if from.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("cp");
    command.args(["-a", "--reflink=auto", "--"]).args(from).arg(to).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("cp: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("cp failed").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[tokio::test]
    async fn copies_are_the_same_and_apart() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|id| Layout::create(dir.path(), id).unwrap());
        for path in ["workspace/.hidden", "home/a b", "tmp/file", "root/app/deep"] {
            let path = from.sub(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, path.to_string_lossy().as_bytes()).unwrap();
        }
        fs::set_permissions(from.sub("workspace/.hidden"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::set_permissions(from.sub("workspace"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::hard_link(from.sub("tmp/file"), from.sub("tmp/same")).unwrap();
        symlink("/nowhere", from.sub("home/link")).unwrap();
        // What bubblewrap makes anew, and a trap in the place of what it makes.
        fs::create_dir(from.sub("root/usr")).unwrap();
        fs::write(from.sub("root/usr/x"), "").unwrap();
        symlink("/", from.sub("root/var")).unwrap();

        from.copy(&to).await.unwrap();
        let mode = |path: &str| fs::metadata(to.sub(path)).unwrap().mode() & 0o7777;
        assert_eq!((mode("workspace"), mode("workspace/.hidden"), mode("tmp")), (0o750, 0o640, 0o1777));
        assert_eq!(fs::read(to.sub("root/app/deep")).unwrap(), fs::read(from.sub("root/app/deep")).unwrap());
        assert_eq!(fs::read_link(to.sub("home/link")).unwrap(), Path::new("/nowhere"));
        assert_eq!(fs::metadata(to.sub("tmp/same")).unwrap().nlink(), 2);
        assert!(!to.sub("root/usr/x").exists() && fs::symlink_metadata(to.sub("root/var")).is_err());
        fs::write(to.sub("tmp/file"), "changed").unwrap();
        assert_ne!(fs::read(from.sub("tmp/file")).unwrap(), b"changed");
    }

    #[test]
    fn places() {
        let layout = Layout { dir: "/s".into() };
        for (inside, outside) in [
            ("/workspace/a", "/s/workspace/a"),
            ("/workspaces", "/s/root/workspaces"),
            ("/tmp", "/s/tmp"),
            ("/home/sandbox/x", "/s/home/x"),
            ("/home/other", "/s/root/home/other"),
        ] {
            assert_eq!(layout.outside(inside, "/home/sandbox"), Path::new(outside));
        }
    }
}
