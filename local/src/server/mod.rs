//! The lifecycle server: options, start-up and shut-down.

mod auth;
mod bwrap;
mod checks;
mod console;
mod cors;
mod create;
mod create_fields;
mod create_request;
mod diagnostics;
mod diagnostics_text;
mod endpoints;
mod errors;
mod expiry;
mod freeze;
mod host_check;
mod isolation;
mod kernels;
mod kubernetes_bodies;
mod layout;
mod lifecycle;
mod limits;
mod list;
mod metadata;
mod model;
mod mounts;
mod named_volumes;
mod network_policy;
mod pages;
mod process;
mod proxy;
mod python;
mod refused;
mod request_id;
mod routes;
mod sandbox;
mod snapshot_routes;
mod snapshots;
mod spawner;
mod state;
mod state_dir;
mod tree;
mod volume_rules;
mod volumes;
mod www;

use crate::execd::{DeadKernel, EarlyComplete};
use axum::serve::ListenerExt;
use serde_json::json;
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Command line of `opensandbox-local serve`.
#[derive(clap::Args)]
pub struct Options {
    /// Port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The API key; a random one if not given
    #[arg(long, env = "OPENSANDBOX_LOCAL_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Directory of a page to serve at /
    #[arg(long, value_name = "DIR")]
    www: Option<PathBuf>,
    /// An origin (such as http://localhost:3000) whose pages may use this server; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Expose only the response headers that the real server exposes to pages
    #[arg(long)]
    strict_cors: bool,
    /// A directory that sandboxes may mount as a host volume, with all that is inside; may be repeated
    #[arg(long, value_name = "DIR")]
    allow_host_path: Vec<PathBuf>,
    /// What to do with a network policy
    #[arg(long, value_enum, default_value_t = state::EgressMode::State)]
    egress: state::EgressMode,
    /// Run sandboxes as plain processes, without bubblewrap
    #[arg(long)]
    no_bwrap: bool,
    /// Directory with Jupyter kernels (NAME/kernel.json) for sandboxes to run code with; without it /code answers errors
    #[arg(long, value_name = "DIR", env = "OPENSANDBOX_LOCAL_KERNELS")]
    kernels: Option<OsString>,
    /// Whether execution_complete of code comes before its output, as it often does in the real one
    #[arg(long, value_enum, default_value_t)]
    early_complete: EarlyComplete,
    /// What becomes of a run whose kernel dies: the real one waits for ever
    #[arg(long, value_enum, default_value_t)]
    dead_kernel: DeadKernel,
    /// Print readable lines instead of one JSON line when ready
    #[arg(long)]
    human: bool,
    /// Log warnings and errors only
    #[arg(long)]
    quiet: bool,
    /// Needed for an address other than loopback: whoever has the key, or guesses a sandbox's id, runs code here
    #[arg(long)]
    i_know_this_runs_code_for_anyone: bool,
}

/// Serves until it is told to stop.
pub async fn run(options: Options) -> ExitCode {
    log_to_stderr(options.quiet);
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("opensandbox-local: {message}");
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(quiet: bool) {
    let level = if quiet { tracing::Level::WARN } else { tracing::Level::INFO };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

async fn serve(options: Options) -> Result<(), String> {
    // Before anything else, so that a signal during start-up is not lost.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    let api_key = api_key(&options)?;
    let listener = listen(&options).await?;
    let local = listener.local_addr().map_err(|error| error.to_string())?;
    let origins = origins(&options.allow_origin)?;
    if options.www.as_ref().is_some_and(|dir| !dir.is_dir()) {
        return Err("--www is not a directory".into());
    }
    let allowed_host_paths = allowed(&options.allow_host_path)?;
    let kernels = kernels::Kernels {
        dir: kernel_dir(options.kernels.as_deref())?,
        early: options.early_complete,
        dead: options.dead_kernel,
    };
    let dir = state_dir::StateDir::create()
        .map_err(|error| format!("cannot make a directory for the sandboxes' files: {error}"))?;
    let (isolation, problem) =
        isolation::Isolation::find(dir.path(), options.no_bwrap, kernels).await.map_err(|error| error.to_string())?;
    if let Some(problem) = problem {
        tracing::warn!("NO ISOLATION: {problem}. Code in sandboxes runs as you, with all your files.");
    }
    let app = Arc::new(state::Shared {
        api_key,
        port: local.port(),
        hosts: host_check::Hosts::new(local),
        cors: cors::Cors { named: origins, strict: options.strict_cors },
        www: options.www.clone(),
        isolation,
        spawner: spawner::Spawner::new().map_err(|error| error.to_string())?,
        state_dir: dir.path().to_owned(),
        sandboxes: sandbox::Sandboxes::default(),
        snapshots: snapshots::Snapshots::new(dir.path().join("snapshots")),
        named_volumes: named_volumes::NamedVolumes::new(dir.path().join("volumes")),
        allowed_host_paths,
        egress: options.egress,
    });
    announce(&app, local, options.human).map_err(|error| error.to_string())?;
    tokio::spawn(expiry::run(app.clone()));
    let service = routes::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    // Events are small and must not wait for the next one.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, service);
    let outcome = tokio::select! {
        outcome = serving => outcome.map_err(|error| error.to_string()),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    };
    // Open streams are not waited for: their sandboxes end now.
    app.sandboxes.end_all().await;
    outcome
}

/// An empty variable counts as none.
fn kernel_dir(named: Option<&OsStr>) -> Result<Option<PathBuf>, String> {
    let Some(dir) = named.filter(|dir| !dir.is_empty()) else { return Ok(None) };
    let dir = Path::new(dir);
    let dir = dir.canonicalize().map_err(|error| format!("--kernels {}: {error}", dir.display()))?;
    Ok(Some(dir))
}

/// Exact origins, as browsers send them.
fn origins(named: &[String]) -> Result<Vec<String>, String> {
    let exact = |name: &String| {
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        let host = name.split_once("://").map(|(_, host)| host);
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '*', '@']) => Ok(name),
            _ => Err(format!("--allow-origin {name} is not an origin such as http://localhost:3000")),
        }
    };
    named.iter().map(exact).collect()
}

/// Absolute paths, without a slash at the end.
fn allowed(named: &[PathBuf]) -> Result<Vec<String>, String> {
    let check = |path: &PathBuf| {
        let normal: PathBuf = path.components().collect();
        let parts = normal.components().filter(|part| !matches!(part, std::path::Component::RootDir));
        let plain = parts.clone().all(|part| matches!(part, std::path::Component::Normal(_))) && parts.count() > 0;
        match normal.to_str() {
            Some(text) if normal.is_absolute() && plain => Ok(text.to_owned()),
            _ => Err(format!("--allow-host-path {} is not an absolute path below /", path.display())),
        }
    };
    named.iter().map(check).collect()
}

fn api_key(options: &Options) -> Result<String, String> {
    match &options.api_key {
        None => Ok(process::random_hex()),
        Some(key) if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("the API key must be visible ASCII characters".into())
        }
        Some(key) => Ok(key.clone()),
    }
}

async fn listen(options: &Options) -> Result<TcpListener, String> {
    let host = if options.host == "localhost" { "127.0.0.1" } else { &options.host };
    let address: IpAddr = host.parse().map_err(|_| format!("--host {host} is not an IP address"))?;
    if !address.is_loopback() && !options.i_know_this_runs_code_for_anyone {
        return Err(format!(
            "--host {address} would let other machines run code here. If that is meant, add --i-know-this-runs-code-for-anyone"
        ));
    }
    let address = SocketAddr::new(address, options.port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {} is in use; choose another with --port N (0 takes any free one)", options.port)
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// The one line that scripts wait for, or a few for people.
fn announce(app: &state::Shared, local: SocketAddr, human: bool) -> std::io::Result<()> {
    let url = format!("http://{local}");
    let page = format!("{url}/#key={}", app.api_key);
    let mut out = std::io::stdout().lock();
    if human {
        writeln!(out, "OpenSandbox for development: {url}")?;
        writeln!(out, "  API key    {}", app.api_key)?;
        if app.www.is_some() {
            writeln!(out, "  Playground {page}")?;
        }
        writeln!(out, "  Isolation  {}", app.isolation.name())?;
        writeln!(out, "Ctrl-C ends it and all its sandboxes.")?;
    } else {
        let line = json!({
            "event": "listening",
            "url": url,
            "domain": local.to_string(),
            "apiKey": app.api_key,
            "pageUrl": page,
            "isolation": app.isolation.name(),
            "pid": std::process::id(),
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}
