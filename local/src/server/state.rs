//! What every handler can reach.

use super::cors::Cors;
use super::host_check::Hosts;
use super::isolation::Isolation;
use super::sandbox::Sandboxes;
use super::spawner::Spawner;
use std::path::PathBuf;
use std::sync::Arc;

/// Shared by all requests.
pub type App = Arc<Shared>;

/// The server's parts.
pub struct Shared {
    pub api_key: String,
    pub port: u16,
    pub hosts: Hosts,
    pub cors: Cors,
    pub www: Option<PathBuf>,
    pub isolation: Isolation,
    pub spawner: Spawner,
    pub state_dir: PathBuf,
    pub sandboxes: Sandboxes,
}
