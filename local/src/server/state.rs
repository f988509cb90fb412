//! What every handler can reach.

use super::cors::Cors;
use super::host_check::Hosts;
use super::isolation::Isolation;
use super::named_volumes::NamedVolumes;
use super::sandbox::Sandboxes;
use super::snapshots::Snapshots;
use super::spawner::Spawner;
use std::path::PathBuf;
use std::sync::Arc;

/// Shared by all requests.
pub type App = Arc<Shared>;

/// What a network policy at create leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EgressMode {
    /// Taken, stored, shown and changed; not enforced
    State,
    /// Refused, as by a server without an egress image
    Refuse,
}

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
    pub snapshots: Snapshots,
    pub named_volumes: Arc<NamedVolumes>,
    /// Directories of this machine that may be mounted, with all that is inside.
    pub allowed_host_paths: Vec<String>,
    pub egress: EgressMode,
}
