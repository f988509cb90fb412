//! The daemon inside a sandbox.

/// Command line of `opensandbox-local execd`.
#[derive(clap::Args)]
pub struct Options {}

/// Serves until it is told to stop.
pub async fn run(_options: Options) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
