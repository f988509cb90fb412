//! The daemon inside a sandbox: runs commands, keeps sessions, serves files.

mod auth;
mod body;
mod children;
mod code;
mod command;
mod command_request;
mod duration;
mod entrypoint;
mod errors;
mod events;
mod files;
mod json;
mod lines;
mod metrics;
mod outcome;
mod paths;
mod port_proxy;
mod pty;
mod registry;
mod routes;
mod session;
mod session_script;
mod shell;
mod tail;
mod timestamps;

pub use auth::{HEADER as TOKEN_HEADER, VARIABLE as TOKEN_VARIABLE};
pub use code::kernelspecs::needed_paths as paths_of_kernels;
pub use code::{DeadKernel, EarlyComplete};

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

/// The start of the one line on stdout; the port follows.
pub const LISTENING: &str = "listening ";
/// How long processes may take to end after SIGTERM, when execd itself is told to end.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// Command line of `opensandbox-local execd`.
#[derive(clap::Args)]
pub struct Options {
    /// Port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 44772)]
    port: u16,
    /// Address to listen on (IPv4 only, like the real one)
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    host: Ipv4Addr,
    /// Token that every request must carry in X-EXECD-ACCESS-TOKEN; empty: none
    #[arg(long, env = "EXECD_ACCESS_TOKEN", hide_env_values = true)]
    access_token: Option<String>,
    /// How long a command's stream stays open after its last event
    #[arg(long, env = "EXECD_API_GRACE_SHUTDOWN", default_value = "1s", value_parser = grace)]
    graceful_shutdown_timeout: Duration,
    /// File for what the entrypoint prints; without it, execd's stderr
    #[arg(long, value_name = "PATH")]
    entrypoint_log: Option<PathBuf>,
    /// Directory with Jupyter kernels: NAME/kernel.json; without it, languages that need a kernel are refused
    #[arg(long, value_name = "DIR")]
    kernels: Option<PathBuf>,
    /// Whether execution_complete of code comes before its output, as it often does in the real one
    #[arg(long, value_enum, default_value_t)]
    early_complete: EarlyComplete,
    /// What becomes of a run whose kernel dies: the real one waits for ever
    #[arg(long, value_enum, default_value_t)]
    dead_kernel: DeadKernel,
    /// The program whose end is the end of the sandbox
    #[arg(last = true)]
    entrypoint: Vec<String>,
}

/// An empty variable counts as none.
fn grace(text: &str) -> Result<Duration, String> {
    if text.is_empty() { Ok(Duration::from_secs(1)) } else { duration::parse(text) }
}

/// What all requests share.
pub struct App {
    token: Option<String>,
    grace: Duration,
    children: children::Children,
    commands: registry::Registry,
    sessions: session::Sessions,
    terminals: pty::Sessions,
    code: code::State,
}

/// Serves until the entrypoint ends or a signal comes.
pub async fn run(options: Options) -> ExitCode {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    // Set already: then somebody else decides where the log goes.
    let _ = log.try_init();
    // The token stands in our environment: processes of the same user must not read it from /proc.
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        tracing::warn!(%error, "the environment stays readable");
    }
    let listener = match TcpListener::bind((options.host, options.port)).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, host = %options.host, port = options.port, "cannot listen");
            return ExitCode::FAILURE;
        }
    };
    let app = Arc::new(App {
        token: options.access_token.filter(|token| !token.is_empty()),
        grace: options.graceful_shutdown_timeout,
        children: children::Children::default(),
        commands: registry::Registry::default(),
        sessions: session::Sessions::default(),
        code: code::State::new(options.kernels, options.early_complete, options.dead_kernel),
        terminals: pty::Sessions::default(),
    });
    let reaper = Arc::clone(&app);
    tokio::spawn(async move { reaper.children.reap_orphans().await });
    // Listening for the signals comes before anything can be started: process 1 ignores those without a handler.
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot receive signals");
        return ExitCode::FAILURE;
    };
    if let Err(error) = announce(&listener) {
        tracing::error!(%error, "nobody hears which port this is");
        return ExitCode::FAILURE;
    }
    tokio::spawn(accept(Arc::clone(&app), listener));
    let mut entrypoint = std::pin::pin!(entrypoint::run(&app, &options.entrypoint, options.entrypoint_log.as_deref()));
    tokio::select! {
        code = &mut entrypoint => {
            // What process 1 leaves behind, the kernel kills; without a namespace of its own execd does it.
            children::end_all(Duration::ZERO).await;
            ExitCode::from(code)
        }
        _ = terminate.recv() => stop(entrypoint.as_mut()).await,
        _ = interrupt.recv() => stop(entrypoint.as_mut()).await,
    }
}

/// Ends everything; the exit code is the entrypoint's, or 0 if there was none.
async fn stop(entrypoint: std::pin::Pin<&mut impl Future<Output = u8>>) -> ExitCode {
    children::end_all(SHUTDOWN_PATIENCE).await;
    // Without an entrypoint this never ends by itself.
    let code = tokio::time::timeout(Duration::from_millis(100), entrypoint).await;
    ExitCode::from(code.unwrap_or(0))
}

/// The one line on stdout: who started us reads the port from it.
fn announce(listener: &TcpListener) -> std::io::Result<()> {
    let port = listener.local_addr()?.port();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{LISTENING}{port}")?;
    stdout.flush()
}

async fn accept(app: Arc<App>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(tokio::spawn(serve(Arc::clone(&app), stream, peer))),
            Err(error) => {
                // Out of descriptors, most likely: it passes.
                tracing::warn!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(app: Arc<App>, stream: TcpStream, peer: SocketAddr) {
    // Events are small and must not wait for each other.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay");
    }
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(routes::handle(app, peer, request.map(Body::new)).await) }
    });
    // Go capitalises header names on the wire.
    let connection =
        http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(stream), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection");
    }
}
