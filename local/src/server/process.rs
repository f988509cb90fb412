//! The processes of one sandbox: starting execd, waiting for it, ending everything.

use super::console::Console;
use super::errors::Failure;
use super::isolation::Launch;
use super::layout::Layout;
use super::mounts::{self, Mount};
use super::state::Shared;
use super::tree::{self, Tree};
use crate::execd::{LISTENING, TOKEN_VARIABLE};
use crate::processes;
use axum::http::StatusCode;
use jiff::Timestamp;
use nix::sys::signal::Signal;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How long execd may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What a sandbox is started with.
pub struct Order<'a> {
    pub id: &'a str,
    pub entrypoint: &'a [String],
    pub env: &'a [(String, String)],
    pub mounts: &'a [Mount],
    /// Files to begin with.
    pub snapshot: Option<&'a Layout>,
}

/// A running (or ended) execd with all that it started.
pub struct Process {
    /// Where it listens.
    pub execd_port: u16,
    /// What it asks for in `X-EXECD-ACCESS-TOKEN`.
    pub token: String,
    /// The process this server started; exits with the entrypoint's status.
    outer: i32,
    tree: Tree,
    ended: watch::Receiver<Option<(i32, Timestamp)>>,
    /// What execd and the entrypoint printed.
    pub console: Arc<Console>,
    /// Its directories.
    pub layout: Layout,
    pub started: Timestamp,
    _printing: AbortOnDropHandle<()>,
}

impl Process {
    /// Starts a sandbox and waits until its execd listens.
    pub async fn start(app: &Shared, order: &Order<'_>) -> Result<Self, Failure> {
        let id = order.id;
        let failed = |why: String| {
            tracing::error!(sandbox = id, "start failed: {why}");
            Failure::api(
                StatusCode::SERVICE_UNAVAILABLE,
                "DOCKER::SANDBOX_EXECD_START_FAILED",
                format!("Failed to start the execd of sandbox {id}: {why}"),
            )
        };
        let layout = Layout::create(&app.state_dir, id).map_err(|error| failed(error.to_string()))?;
        if let Some(snapshot) = order.snapshot {
            let copied = snapshot.copy(&layout).await;
            let checked = copied.and_then(|()| mounts::check_places(order.mounts, &layout, app.isolation.home()));
            if let Err(why) = checked {
                layout.remove();
                return Err(failed(why));
            }
        }
        // A client may choose the token itself, as with the real server.
        let token = order
            .env
            .iter()
            .find(|(name, value)| name == TOKEN_VARIABLE && !value.is_empty())
            .map_or_else(random_hex, |(_, value)| value.clone());
        let own = [("OPENSANDBOX_ID".to_owned(), id.to_owned()), (TOKEN_VARIABLE.to_owned(), token.clone())];
        let variables = order.env.iter().cloned().chain(own);
        let launch = app.isolation.launch(&layout, variables, order.mounts, order.entrypoint);
        let Launch { mut command, input } = launch;
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C in the server's terminal is for the server, which ends sandboxes in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = match app.spawner.spawn(command).await {
            Ok(child) => child,
            Err(error) => {
                layout.remove();
                return Err(failed(error.to_string()));
            }
        };
        let console = Arc::new(Console::default());
        let Some(stderr) = child.stderr.take() else {
            return Err(failed("its messages cannot be read".into()));
        };
        let printing = console.fill(stderr);
        let listening = async {
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(&input).await.ok()?;
            }
            first_port(child.stdout.take()?).await
        };
        let listening = tokio::time::timeout(START_LIMIT, listening).await;
        let outer = child.id().and_then(|pid| i32::try_from(pid).ok());
        let tree = if app.isolation.is_bubblewrap() {
            // The outer process is only bubblewrap's watcher; the sandbox starts at its child, PID 1 inside.
            let inner = outer.and_then(tree::child_of).or(outer);
            Tree { root: inner.unwrap_or(0), marker: None }
        } else {
            Tree { root: outer.unwrap_or(0), marker: Some(format!("OPENSANDBOX_ID={id}")) }
        };
        let Ok(Some(execd_port)) = listening else {
            kill_tree(&tree, outer);
            let status = child.wait().await;
            let why = match (listening, status) {
                (Err(_), _) => "it did not listen within 10 s".to_owned(),
                (_, Ok(status)) => format!("it ended before it listened: {status}"),
                (_, Err(error)) => error.to_string(),
            };
            // Whoever held the other end is dead; what they said is still on its way.
            let _ = tokio::time::timeout(Duration::from_secs(1), printing).await;
            let said = console.last_words();
            layout.remove();
            return Err(failed(format!("{why} {said}")));
        };
        console.say(&format!("execd listening on 127.0.0.1:{execd_port}"));
        Ok(Self {
            execd_port,
            token,
            outer: outer.unwrap_or(0),
            ended: watch_exit(child, id.to_owned(), tree.clone()),
            tree,
            console,
            layout,
            started: Timestamp::now(),
            _printing: printing,
        })
    }

    /// Exit code and time, once it ended.
    pub fn ended(&self) -> Option<(i32, Timestamp)> {
        *self.ended.borrow()
    }

    /// Where its processes are.
    pub fn tree(&self) -> Tree {
        self.tree.clone()
    }

    /// Kills everything and returns when nothing is left of it.
    pub async fn kill(&self) {
        let tree = self.tree.clone();
        let outer = (self.ended().is_none()).then_some(self.outer);
        let killing = tokio::task::spawn_blocking(move || kill_tree(&tree, outer));
        if killing.await.is_err() {
            tracing::error!("killing a sandbox failed");
        }
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(Duration::from_secs(5), ended.wait_for(Option::is_some)).await;
        let dir = &self.layout.dir;
        if let Err(error) = tokio::fs::remove_dir_all(dir).await {
            tracing::warn!("cannot remove {}: {error}", dir.display());
        }
    }
}

/// With a PID namespace the kernel kills all of it with its PID 1. Without one, everybody is stopped first, so
/// that nobody starts a process between being seen and being killed.
fn kill_tree(tree: &Tree, outer: Option<i32>) {
    for round in 0..500 {
        // After its exit the root's pid may belong to somebody else.
        let alive = outer.is_some() || tree.marker.is_some();
        let members = if alive { live_members(tree, outer) } else { Vec::new() };
        if members.is_empty() {
            break;
        }
        if tree.marker.is_some() {
            for pid in &members {
                processes::signal(*pid, Signal::SIGSTOP);
            }
        }
        for pid in &members {
            processes::signal(*pid, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(if round < 50 { 1 } else { 10 }));
    }
    if let Some(outer) = outer {
        processes::signal(outer, Signal::SIGKILL);
    }
}

fn live_members(tree: &Tree, outer: Option<i32>) -> Vec<i32> {
    let mut tree = tree.clone();
    if outer.is_none() {
        // Only those that carry the mark.
        tree.root = 0;
    }
    tree.members().iter().map(|entry| entry.pid).collect()
}

/// Reads execd's `listening <port>` line; what follows is read and dropped, so that execd never blocks on it.
async fn first_port(stdout: impl AsyncRead + Unpin + Send + 'static) -> Option<u16> {
    let mut lines = BufReader::new(stdout).lines();
    let port = loop {
        let line = lines.next_line().await.ok()??;
        if let Some(port) = line.strip_prefix(LISTENING) {
            break port.trim().parse().ok()?;
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(port)
}

fn watch_exit(mut child: Child, id: String, tree: Tree) -> watch::Receiver<Option<(i32, Timestamp)>> {
    let (tell, ended) = watch::channel(None);
    tokio::spawn(async move {
        let code = match child.wait().await {
            Ok(status) => processes::shell_code(status).unwrap_or(255),
            Err(_) => 255,
        };
        // The sandbox ends with its entrypoint; without a PID namespace, what is left must be looked for.
        if tree.marker.is_some() {
            let _ = tokio::task::spawn_blocking(move || kill_tree(&tree, None)).await;
        }
        tracing::info!(sandbox = id, code, "ended");
        let _ = tell.send(Some((code, Timestamp::now())));
    });
    ended
}

/// 32 random bytes in hex.
pub fn random_hex() -> String {
    rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect()
}
