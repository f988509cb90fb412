//! Starts the shell of a terminal, on a pseudo-terminal or on pipes.

use super::session::Session;
use super::{STDERR, STDOUT};
use crate::execd::App;
use crate::execd::children::Started;
use crate::execd::shell;
use crate::search_path;
use pty_process::{Error, Size};
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A live frame holds at most so much.
const CHUNK: usize = 32_768;
/// How long the end of the output is waited for when the shell has ended: what it left in the background may hold it open.
const LAST_OUTPUT: Duration = Duration::from_millis(200);
/// So many frames that the shell has not taken yet wait; then the client does.
const TYPED: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pty,
    Pipe,
}

/// What a client does to the process.
pub enum Input {
    Bytes(Vec<u8>),
    Resize { cols: u16, rows: u16 },
}

/// A shell that runs.
#[derive(Clone)]
pub struct Process {
    pub group: i32,
    pub mode: Mode,
    pub input: mpsc::Sender<Input>,
}

/// Starts it, and the tasks that carry its input and output.
pub fn start(app: &Arc<App>, session: &Arc<Session>, mode: Mode) -> io::Result<Process> {
    let bash = search_path::find("bash")
        .ok_or_else(|| io::Error::other("exec: \"bash\": executable file not found in $PATH"))?;
    let mut command = shell::program(&bash);
    command.args(["--norc", "--noprofile"]);
    if !session.command.is_empty() {
        command.arg("-c").arg(&session.command);
    }
    if let Some(cwd) = &session.cwd {
        command.current_dir(cwd);
    }
    let (sender, receiver) = mpsc::channel(TYPED);
    let (mut started, outputs) = match mode {
        Mode::Pty => on_terminal(app, session, command, receiver).map_err(io_error)?,
        Mode::Pipe => on_pipes(app, session, command, receiver)?,
    };
    let process = Process { group: started.pid, mode, input: sender };
    let (app, session) = (Arc::clone(app), Arc::clone(session));
    tokio::spawn(async move {
        let status = app.children.wait(&mut started).await;
        let _ = tokio::time::timeout(LAST_OUTPUT, futures_util::future::join_all(outputs)).await;
        // -1 stands for a signal.
        session.ended(status.ok().and_then(|status| status.code()).unwrap_or(-1)).await;
    });
    Ok(process)
}

type Running = (Started, Vec<JoinHandle<()>>);

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

fn on_terminal(
    app: &App,
    session: &Arc<Session>,
    command: Command,
    mut input: mpsc::Receiver<Input>,
) -> Result<Running, Error> {
    let (pty, pts) = pty_process::open()?;
    pty.resize(Size::new(24, 80))?;
    // The child becomes the leader of a session of its own, and with that of a process group.
    let started = app.children.adopt(|| pty_process::Command::from(command).spawn(pts).map_err(io_error))?;
    let (reader, mut writer) = pty.into_split();
    tokio::spawn(async move {
        while let Some(typed) = input.recv().await {
            let done = match typed {
                Input::Bytes(bytes) => writer.write_all(&bytes).await,
                Input::Resize { cols, rows } => writer.resize(Size::new(rows, cols)).map_err(io_error),
            };
            if done.is_err() {
                return;
            }
        }
    });
    Ok((started, vec![pump(session, STDOUT, reader)]))
}

fn on_pipes(
    app: &App,
    session: &Arc<Session>,
    mut command: Command,
    input: mpsc::Receiver<Input>,
) -> io::Result<Running> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = app.children.spawn(&mut command)?;
    let child = started.child();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut outputs = Vec::new();
    if let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) {
        tokio::spawn(feed(input, stdin));
        outputs = vec![pump(session, STDOUT, stdout), pump(session, STDERR, stderr)];
    }
    Ok((started, outputs))
}

/// A pipe has no size.
async fn feed(mut input: mpsc::Receiver<Input>, mut to: impl AsyncWrite + Unpin) {
    while let Some(typed) = input.recv().await {
        if let Input::Bytes(bytes) = typed {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }
}

/// Carries one output to its end. A terminal's is told by an error.
fn pump(session: &Arc<Session>, channel: u8, mut from: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
    let session = Arc::clone(session);
    tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(got @ 1..) = from.read(&mut buffer).await {
            session.output(channel, buffer.get(..got).unwrap_or_default()).await;
        }
    })
}
