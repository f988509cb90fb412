//! `opensandbox-local`: an OpenSandbox-compatible server for one machine.
//!
//! Two programs in one binary: the lifecycle server (default) and `execd`, the daemon that runs inside each sandbox.

mod egress;
mod execd;
mod forward;
mod lock;
mod processes;
mod query;
mod search_path;
mod server;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    /// The lifecycle server, its proxy and the playground's files
    Serve(server::Options),
    /// The daemon inside a sandbox: commands, sessions, files, metrics
    Execd(execd::Options),
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match Cli::parse().program {
        Program::Serve(options) => server::run(options).await,
        Program::Execd(options) => execd::run(options).await,
    }
}
