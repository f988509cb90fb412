//! The directories of one sandbox on the host.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// `workspace`, `home`, `tmp` and `log`, which the sandbox may write, in a directory that it cannot see.
pub struct Layout {
    pub dir: PathBuf,
}

impl Layout {
    /// Makes them.
    pub fn create(state: &Path, id: &str) -> std::io::Result<Self> {
        let layout = Self { dir: state.join(id) };
        for (name, mode) in [("workspace", 0o755), ("home", 0o700), ("tmp", 0o1777), ("log", 0o755)] {
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

    /// Where execd's own messages go: beside the others, so that the sandbox cannot put a link in its place.
    pub fn log_file(&self) -> std::io::Result<File> {
        File::create(self.sub("execd.log"))
    }

    /// The last of them, for an error message.
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.sub("execd.log")).unwrap_or_default();
        let skip = text.chars().count().saturating_sub(500);
        text.chars().skip(skip).collect::<String>().trim().to_owned()
    }

    /// Removes what a failed start left.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
