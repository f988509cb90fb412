//! `/session`: bash sessions. Each run is a fresh bash; exported variables and the directory are carried over.

use super::App;
use super::body::{self, Fields, Parsed};
use super::children;
use super::command::send_exit;
use super::command_request::{millis, tag, working_directory};
use super::duration;
use super::errors::{self, Failure, os_text};
use super::events::{self, Event, Events, now_millis};
use super::outcome::Outcome;
use super::paths;
use super::session_script::{self, Dump, State};
use super::shell;
use crate::lock::lock;
use crate::processes;
use crate::search_path;
use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use nix::sys::signal::Signal;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// A longer line blocks the run for good, as in the real one; it also bounds what is held in memory.
const MAX_LINE: usize = 16 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<String, Arc<Session>>>,
}

#[derive(Default)]
struct Session {
    state: Mutex<State>,
    /// Process groups of the runs in progress: runs of one session may overlap.
    running: Mutex<HashSet<i32>>,
}

impl Sessions {
    fn get(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.by_id).get(id).cloned()
    }

    /// Forgets a session and kills what it runs. False: there is no such session.
    pub fn delete(&self, id: &str) -> bool {
        let Some(session) = lock(&self.by_id).remove(id) else {
            return false;
        };
        for group in lock(&session.running).iter() {
            children::signal_group(*group, Signal::SIGKILL);
        }
        true
    }
}

#[derive(Serialize)]
struct Created {
    session_id: String,
}

/// `POST /session`.
pub async fn create(app: &App, body: Body) -> Result<Response, Failure> {
    let unreadable = |error: String| Failure::invalid_request(format!("error parsing request. {error}"));
    let cwd = match body::read(body).await {
        Parsed::Empty => String::new(),
        Parsed::Bad(error) => return Err(unreadable(error)),
        Parsed::Value(value) => {
            Fields::of(&value, "CreateSessionRequest").and_then(|fields| fields.string("cwd")).map_err(unreadable)?
        }
    };
    let mut state = State::default();
    if !cwd.is_empty() {
        let failed = |error: String| Failure::runtime(format!("error creating session. {error}"));
        let path = paths::expand_absolute(&cwd).map_err(failed)?;
        std::fs::create_dir_all(&path)
            .map_err(|error| failed(format!("mkdir {}: {}", path.display(), os_text(&error))))?;
        state.cwd = path.to_string_lossy().into_owned();
    }
    let id = uuid::Uuid::new_v4().to_string();
    let session = Session { state: Mutex::new(state), ..Session::default() };
    lock(&app.sessions.by_id).insert(id.clone(), Arc::new(session));
    Ok(errors::success(&Created { session_id: id }))
}

/// `DELETE /session/{id}`.
pub fn delete(app: &App, id: &str) -> Result<Response, Failure> {
    if app.sessions.delete(id) {
        return Ok(errors::empty());
    }
    Err(Failure::context_not_found(format!("session {id} not found")))
}

struct RunRequest {
    command: String,
    cwd: Option<PathBuf>,
    timeout: Option<Duration>,
}

async fn read_run(body: Body) -> Result<RunRequest, Failure> {
    let unreadable = |error: String| Failure::invalid_request(format!("error parsing request. {error}"));
    let value = match body::read(body).await {
        Parsed::Value(value) => value,
        Parsed::Empty => serde_json::Value::Null,
        Parsed::Bad(error) => return Err(unreadable(error)),
    };
    let fields = Fields::of(&value, "RunInSessionRequest").map_err(unreadable)?;
    let command = fields.string("command").map_err(unreadable)?;
    let cwd = fields.string("cwd").map_err(unreadable)?;
    let timeout = fields.integer("timeout").map_err(unreadable)?;
    let invalid = |text: String| Failure::invalid_request(format!("invalid request. {text}"));
    if command.is_empty() {
        return Err(invalid(tag("RunInSessionRequest.Command", "required")));
    }
    let timeout = millis(timeout).ok_or_else(|| invalid(tag("RunInSessionRequest.Timeout", "gte")))?;
    Ok(RunRequest { command, cwd: working_directory(&cwd).map_err(invalid)?, timeout })
}

/// `POST /session/{id}/run`.
pub async fn run(app: Arc<App>, headers: &HeaderMap, id: &str, body: Body) -> Result<Response, Failure> {
    if id.is_empty() {
        return Err(Failure::missing_path_parameter("sessionId"));
    }
    let request = read_run(body).await?;
    let session =
        app.sessions.get(id).ok_or_else(|| Failure::runtime("error running in session. context not found"))?;
    let (mut events, receiver) = events::channel();
    let id = id.to_owned();
    tokio::spawn(async move {
        let began = Instant::now();
        events.init(&id).await;
        match execute(&app, &session, &request, &events).await {
            Ok(Some(Outcome { code: 0, .. })) => events.send(Event::Complete(began.elapsed())).await,
            Ok(Some(Outcome { code, text })) => send_exit(&events, code, text).await,
            Ok(None) => {
                let limit = request.timeout.unwrap_or(DEFAULT_TIMEOUT);
                let limit = duration::format_millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
                fail(&events, &format!("timeout after {limit}")).await
            }
            Err(error) => fail(&events, &error.to_string()).await,
        };
    });
    Ok(events::response(receiver, headers))
}

/// A failure in a stream that has begun: a bare object, without line feeds.
async fn fail(events: &Events, text: &str) -> bool {
    events.send_raw(Failure::runtime(format!("error running in session. {text}")).body()).await
}

/// Runs one script to the end of its output. `None`: the time was up.
async fn execute(app: &App, session: &Session, request: &RunRequest, events: &Events) -> io::Result<Option<Outcome>> {
    let state = {
        let mut state = lock(&session.state);
        if let Some(cwd) = &request.cwd {
            state.cwd = cwd.to_string_lossy().into_owned();
        }
        state.clone()
    };
    let script = script_file(&session_script::write(&state, &request.command))?;
    // No other shell will do here.
    let bash = search_path::find("bash")
        .ok_or_else(|| io::Error::other("exec: \"bash\": executable file not found in $PATH"))?;
    let mut command = shell::program(&bash);
    command.args(["--noprofile", "--norc"]).arg(script.path());
    // stdout and stderr are one pipe, so that their order is right.
    let (sender, receiver) = pipe::pipe()?;
    let write_end = sender.into_blocking_fd()?;
    command.stdout(write_end.try_clone()?).stderr(write_end);
    let mut started = app.children.spawn(&mut command)?;
    // Our copies of the write end must go, or the pipe never ends.
    drop(command);
    let group = started.pid;
    lock(&session.running).insert(group);
    let mut reader = Reader { pipe: receiver, buffer: Vec::new(), dump: Dump::default(), outgoing: Vec::new() };
    let mut wait = std::pin::pin!(app.children.wait(&mut started));
    let mut deadline = std::pin::pin!(tokio::time::sleep(request.timeout.unwrap_or(DEFAULT_TIMEOUT)));
    let (mut status, mut timed_out, mut gone, mut ended) = (None, false, false, false);
    while !ended || status.is_none() {
        tokio::select! {
            more = reader.step(events), if !ended => ended = !more?,
            result = &mut wait, if status.is_none() => status = Some(result),
            // Only the leader is killed. Children that hold the pipe keep the run waiting.
            () = &mut deadline, if !timed_out => {
                timed_out = true;
                if status.is_none() {
                    processes::signal(group, Signal::SIGKILL);
                }
            }
            () = events.closed(), if !gone => {
                gone = true;
                // A run blocked by an overlong line ends here.
                ended |= reader.is_blocked();
                if status.is_none() {
                    processes::signal(group, Signal::SIGKILL);
                }
            }
        }
    }
    lock(&session.running).remove(&group);
    events.send_from(&mut reader.outgoing).await;
    if let Some(state) = reader.dump.into_state() {
        *lock(&session.state) = state;
    }
    match status {
        _ if timed_out => Ok(None),
        Some(status) => status.map(|status| Some(Outcome::from(status))),
        None => Ok(None),
    }
}

fn script_file(text: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("execd_bash_").suffix(".sh").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// Cuts the pipe into lines: LF ends one, a single CR before it goes, blank ones are dropped.
struct Reader {
    pipe: pipe::Receiver,
    buffer: Vec<u8>,
    dump: Dump,
    /// Events that are not handed on yet.
    outgoing: Vec<u8>,
}

impl Reader {
    fn is_blocked(&self) -> bool {
        self.buffer.len() > MAX_LINE
    }

    /// One read, or one hand-over of what the last read gave. False at the end of the output. Nothing is lost when this
    /// is cancelled at any of its waits.
    async fn step(&mut self, events: &Events) -> io::Result<bool> {
        if !self.outgoing.is_empty() {
            events.send_from(&mut self.outgoing).await;
        }
        if self.is_blocked() {
            std::future::pending::<()>().await;
        }
        let scanned = self.buffer.len();
        self.buffer.reserve(CHUNK);
        let got = self.pipe.read_buf(&mut self.buffer).await?;
        if got == 0 {
            let last = std::mem::take(&mut self.buffer);
            emit(&mut self.dump, &last, &mut self.outgoing);
        } else if let Some(end) = memchr::memrchr(b'\n', self.buffer.get(scanned..).unwrap_or_default()) {
            let rest = self.buffer.split_off(scanned + end + 1);
            let whole = std::mem::replace(&mut self.buffer, rest);
            for line in whole.strip_suffix(b"\n").unwrap_or(&whole).split(|byte| *byte == b'\n') {
                emit(&mut self.dump, line, &mut self.outgoing);
            }
        }
        Ok(got > 0)
    }
}

fn emit(dump: &mut Dump, line: &[u8], batch: &mut Vec<u8>) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if dump.is_output(line) {
        Event::Stdout(line).write(batch, now_millis());
    }
}
