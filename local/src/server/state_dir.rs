//! The directory of this server's sandboxes: fresh at start, gone at the end, and those of killed servers with it.

use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "opensandbox-local-";
const LOCK: &str = "lock";

/// Held as long as the server lives.
pub struct StateDir {
    dir: TempDir,
    _lock: Flock<File>,
}

impl StateDir {
    /// Makes one, readable by this user only.
    pub fn create() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix(PREFIX).permissions(fs::Permissions::from_mode(0o700)).tempdir()?;
        // Locked before it gets its name, so that a server starting now never takes it for an abandoned one.
        let waiting = dir.path().join("lock-new");
        let lock = Flock::lock(File::create(&waiting)?, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, error)| io::Error::from(error))?;
        fs::rename(&waiting, dir.path().join(LOCK))?;
        remove_abandoned(dir.path().parent().unwrap_or(Path::new("/tmp")));
        Ok(Self { dir, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// A server that was killed could not clean up: its lock is free, its directory still there.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !ours {
            continue;
        }
        let Ok(file) = File::open(path.join(LOCK)) else {
            continue;
        };
        if Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok() {
            tracing::info!("removing {}, left by a server that was killed", path.display());
            let _ = fs::remove_dir_all(&path);
        }
    }
}
