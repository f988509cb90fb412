//! Finds programs as a shell does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// For who has no `PATH`.
pub const DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program on `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT.into());
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0))
}
