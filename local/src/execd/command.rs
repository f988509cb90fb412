//! `/command`: runs a shell command in the foreground or background, tells how it went, stops it.

use super::App;
use super::body;
use super::children::{self, Started};
use super::command_request::CommandRequest;
use super::errors::{self, Failure, os_text};
use super::events::{self, Event, Events};
use super::outcome::Outcome;
use super::registry::Record;
use super::shell;
use super::tail::{Stream, Tail, Tails};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;
use tokio_util::io::ReaderStream;

const POLL_PERIOD: Duration = Duration::from_millis(100);

/// `POST /command`.
pub async fn post(app: Arc<App>, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let request = CommandRequest::from_body(&body::read_required(body).await?)?;
    let grace = app.grace;
    Ok(run(app, headers, request, "error running commands", grace))
}

/// Starts the command and answers with its event stream. The command does not depend on anybody reading it.
pub fn run(
    app: Arc<App>,
    headers: &HeaderMap,
    request: CommandRequest,
    failure: &'static str,
    grace: Duration,
) -> Response {
    let (events, receiver) = events::channel();
    tokio::spawn(async move {
        if request.background {
            background(app, request, events, failure, grace).await;
        } else {
            foreground(app, request, events, grace).await;
        }
    });
    events::response(receiver, headers)
}

async fn foreground(app: Arc<App>, request: CommandRequest, mut events: Events, grace: Duration) {
    let began = Instant::now();
    let id = uuid::Uuid::new_v4().simple().to_string();
    events.init(&id).await;
    match start_foreground(&app, &request, &id).await {
        Ok((started, mut tails)) => {
            let record = app.commands.add(&id, &request.command, started.pid, None);
            let ended = supervise(Arc::clone(&app), started, record, request.timeout, false);
            if let Err(error) = follow(&mut tails, &events, ended, began).await {
                tracing::warn!(%error, %id, "capture files");
            }
        }
        Err(error) => {
            let text = start_error(&error);
            let traceback = [text.clone()];
            events.send(Event::Error { name: "CommandExecError", value: &text, traceback: Some(&traceback) }).await;
        }
    }
    // The stream always stays open for a while, and pings may still come.
    tokio::time::sleep(grace).await;
}

async fn start_foreground(app: &App, request: &CommandRequest, id: &str) -> io::Result<(Started, Tails)> {
    let (stdout, stderr) = (capture(id, "stdout"), capture(id, "stderr"));
    let mut command = prepare(request)?;
    command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
    let tails = Tails {
        stdout: Tail::open(&stdout, Stream::Stdout).await?,
        stderr: Tail::open(&stderr, Stream::Stderr).await?,
    };
    Ok((app.children.spawn(&mut command)?, tails))
}

/// Streams until the shell has ended, and the terminal event. All output comes before it.
async fn follow(
    tails: &mut Tails,
    events: &Events,
    mut ended: oneshot::Receiver<Outcome>,
    began: Instant,
) -> io::Result<()> {
    let mut ticks = tokio::time::interval(POLL_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let outcome = loop {
        tokio::select! {
            outcome = &mut ended => break outcome,
            _ = ticks.tick() => tails.poll(events).await?,
            // Nobody listens any more: the supervisor goes on without us.
            () = events.closed() => return Ok(()),
        }
    };
    tails.finish(events).await?;
    match outcome {
        Ok(Outcome { code: 0, .. }) => events.send(Event::Complete(began.elapsed())).await,
        Ok(Outcome { code, text }) => send_exit(events, code, text).await,
        Err(_) => send_exit(events, -1, Some("the process was lost".into())).await,
    };
    Ok(())
}

/// The terminal event of a process that did not end with 0.
pub async fn send_exit(events: &Events, code: i32, text: Option<String>) -> bool {
    let traceback: Vec<String> = text.into_iter().collect();
    events.send(Event::Error { name: "CommandExecError", value: &code.to_string(), traceback: Some(&traceback) }).await
}

async fn background(
    app: Arc<App>,
    request: CommandRequest,
    mut events: Events,
    failure: &'static str,
    grace: Duration,
) {
    let began = Instant::now();
    let id = uuid::Uuid::new_v4().simple().to_string();
    events.init(&id).await;
    let output = capture(&id, "output");
    match start_background(&app, &request, &output) {
        Ok(started) => {
            let record = app.commands.add(&id, &request.command, started.pid, Some(output));
            supervise(app, started, record, request.timeout, true);
            events.send(Event::Complete(began.elapsed())).await;
            tokio::time::sleep(grace).await;
        }
        Err(error) => {
            let text = start_error(&error);
            let record = app.commands.add(&id, &request.command, 0, Some(output));
            record.finish(Outcome { code: 255, text: Some(text.clone()) });
            events.send_raw(Failure::runtime(format!("{failure} {text}")).body()).await;
        }
    }
}

fn start_background(app: &App, request: &CommandRequest, output: &PathBuf) -> io::Result<Started> {
    let mut command = prepare(request)?;
    // One open file for both, so that they share a position and do not overwrite each other.
    let file = File::create(output)?;
    command.stdout(file.try_clone()?).stderr(file);
    app.children.spawn(&mut command)
}

fn prepare(request: &CommandRequest) -> io::Result<Command> {
    let mut command = shell::command(&request.command, request.cwd.as_deref(), &request.envs);
    if let Some(uid) = request.uid {
        shell::run_as(&mut command, uid, request.gid)?;
    }
    Ok(command)
}

/// Waits for the process on its own, so that its status is right whether or not anybody reads the stream.
fn supervise(
    app: Arc<App>,
    mut started: Started,
    record: Arc<Record>,
    timeout: Option<Duration>,
    end_group: bool,
) -> oneshot::Receiver<Outcome> {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let group = started.pid;
        let mut wait = std::pin::pin!(app.children.wait(&mut started));
        let status = match timeout {
            None => wait.await,
            Some(limit) => match tokio::time::timeout(limit, &mut wait).await {
                Ok(status) => status,
                Err(_) => {
                    children::signal_group(group, Signal::SIGKILL);
                    wait.await
                }
            },
        };
        if end_group {
            // The real one does so when a background shell ends; children of a foreground one live on.
            children::signal_group(group, Signal::SIGKILL);
        }
        let outcome = match status {
            Ok(status) => Outcome::from(status),
            Err(error) => Outcome { code: -1, text: Some(error.to_string()) },
        };
        record.finish(outcome.clone());
        // Nobody may be listening; the record has it.
        let _ = tell.send(outcome);
    });
    told
}

/// `<tmp>/<id>.<kind>`: never deleted, so that clients can fetch the raw bytes.
fn capture(id: &str, kind: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{id}.{kind}"))
}

fn start_error(error: &io::Error) -> String {
    format!("fork/exec {}: {}", shell::path().display(), os_text(error))
}

/// `DELETE /command` and `DELETE /code`: returns when the group is gone.
pub async fn interrupt(app: &App, id: Option<&str>) -> Result<Response, Failure> {
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| Failure::missing_query("id"))?;
    let failed = |text: String| Failure::runtime(format!("error interruptting code context. {text}"));
    if let Some(record) = app.commands.get(id) {
        if !record.is_running() {
            return Err(failed(format!("command {id} is not running")));
        }
        children::terminate_group(record.group).await.map_err(failed)?;
        return Ok(errors::empty());
    }
    // Interrupting a bash session destroys it.
    if app.sessions.delete(id) {
        return Ok(errors::empty());
    }
    Err(failed("no such session".into()))
}

/// `GET /command/status/{id}`.
pub fn status(app: &App, id: &str) -> Result<Response, Failure> {
    if id.is_empty() {
        return Err(Failure::missing_path_parameter("id"));
    }
    match app.commands.get(id) {
        Some(record) => Ok(errors::json_bytes(StatusCode::OK, record.status())),
        None => Err(Failure::new(StatusCode::NOT_FOUND, "INVALID_REQUEST_BODY", format!("command not found: {id}"))),
    }
}

/// `GET /command/{id}/logs`: the combined output from a byte offset on.
pub async fn logs(app: &App, id: &str, cursor: Option<&str>) -> Result<Response, Failure> {
    if id.is_empty() {
        return Err(Failure::missing_path_parameter("id"));
    }
    let record = app.commands.get(id).ok_or_else(|| Failure::invalid_request(format!("command not found: {id}")))?;
    let path = record
        .output
        .as_ref()
        .ok_or_else(|| Failure::invalid_request(format!("command {id} is not running in background")))?;
    let cursor: i64 = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
    let cursor =
        u64::try_from(cursor).map_err(|_| Failure::invalid_request(format!("invalid cursor {cursor} for {id}")))?;
    let unreadable = |error: io::Error| {
        Failure::invalid_request(format!("error opening combined output file for command {id}: {}", os_text(&error)))
    };
    let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let size = file.metadata().await.map_err(unreadable)?.len();
    let length = size.saturating_sub(cursor);
    file.seek(SeekFrom::Start(cursor)).await.map_err(unreadable)?;
    // The file may grow meanwhile; the answer ends where its cursor says.
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file.take(length), 64 * 1024)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert("execd-commands-tail-cursor", size.max(cursor).into());
    Ok(response)
}
