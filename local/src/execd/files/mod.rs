//! Files and directories.

pub mod delete;
pub mod download;
pub mod info;
pub mod list;
pub mod make;
pub mod permissions;
pub mod range;
pub mod rename;
pub mod replace;
pub mod search;
pub mod upload;

use super::errors::{Failure, os_text};
use std::io;
use std::path::Path;

/// Runs file work off the async threads. A panic there goes on here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Failure::runtime(error.to_string())),
        },
    }
}

/// An error in the words of Go: `open /tmp/x: no such file or directory`.
fn operation(name: &str, path: &Path, error: &io::Error) -> String {
    format!("{name} {}: {}", path.display(), os_text(error))
}

/// A path that cannot be expanded.
fn bad_path(error: String) -> Failure {
    Failure::runtime(format!("error accessing file: {error}"))
}
