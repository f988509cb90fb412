//! One terminal: what it has printed, who is attached, and the process, when there is one.

use super::process::{self, Input, Mode, Process};
use super::ring::Ring;
use crate::execd::App;
use crate::execd::children;
use crate::lock::lock;
use nix::sys::signal::Signal;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// So many chunks wait for a client that is slow; then the process does.
const WAITING: usize = 4;

pub struct Session {
    pub id: String,
    pub cwd: Option<PathBuf>,
    /// Empty: an interactive shell.
    pub command: String,
    state: Mutex<State>,
    /// Held from the moment at which a chunk gets its offset until it is handed on: two outputs must not overtake each other.
    order: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    ring: Ring,
    seat: Option<Seat>,
    process: Option<Process>,
    deleted: bool,
    seats: u64,
}

/// The one client that a terminal has.
struct Seat {
    number: u64,
    evicted: CancellationToken,
    /// From the moment at which its replay was cut.
    live: Option<mpsc::Sender<Live>>,
}

/// What a client is sent while it is attached.
pub enum Live {
    /// With the channel's byte in front.
    Output(Vec<u8>),
    Exit(i32),
}

/// What a client gets to begin with: a replay if it has missed something, and then all that comes.
pub struct Attached {
    pub replay: Option<(u64, Vec<u8>)>,
    pub mode: Mode,
    pub input: mpsc::Sender<Input>,
    pub live: mpsc::Receiver<Live>,
}

/// A client's hold on its session; dropping it lets the next one in. The process goes on.
pub struct Held {
    pub session: Arc<Session>,
    number: u64,
    pub evicted: CancellationToken,
}

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.session.state).seat.take_if(|seat| seat.number == self.number);
    }
}

impl Session {
    pub fn new(id: String, cwd: Option<PathBuf>, command: String) -> Self {
        Self { id, cwd, command, state: Mutex::default(), order: tokio::sync::Mutex::default() }
    }

    /// Whether it runs, and how much it has printed.
    pub fn status(&self) -> (bool, u64) {
        let state = lock(&self.state);
        (state.process.is_some(), state.ring.end())
    }

    /// Takes the seat, or with `takeover` takes it away from who has it.
    pub fn hold(self: &Arc<Self>, takeover: bool) -> Option<Held> {
        let mut state = lock(&self.state);
        if let Some(holder) = &state.seat {
            if !takeover {
                return None;
            }
            holder.evicted.cancel();
        }
        state.seats += 1;
        let (number, evicted) = (state.seats, CancellationToken::new());
        state.seat = Some(Seat { number, evicted: evicted.clone(), live: None });
        Some(Held { session: Arc::clone(self), number, evicted })
    }

    /// Starts the process if there is none. Replay and live output have no gap between them, and nothing in common.
    pub fn attach(self: &Arc<Self>, app: &Arc<App>, held: &Held, since: u64, mode: Mode) -> io::Result<Attached> {
        let mut state = lock(&self.state);
        if state.deleted {
            return Err(io::Error::other("the session has been deleted"));
        }
        let process = match &state.process {
            Some(process) => process.clone(),
            None => process::start(app, self, mode)?,
        };
        state.process = Some(process.clone());
        let (sender, live) = mpsc::channel(WAITING);
        if let Some(seat) = state.seat.as_mut().filter(|seat| seat.number == held.number) {
            seat.live = Some(sender);
        }
        Ok(Attached { replay: state.ring.since(since), mode: process.mode, input: process.input, live })
    }

    /// What the process has printed. Waits for a slow client.
    pub async fn output(&self, channel: u8, bytes: &[u8]) {
        let _order = self.order.lock().await;
        let client = {
            let mut state = lock(&self.state);
            state.ring.push(bytes);
            state.seat.as_ref().and_then(|seat| seat.live.clone())
        };
        if let Some(client) = client {
            let mut frame = Vec::with_capacity(1 + bytes.len());
            frame.push(channel);
            frame.extend_from_slice(bytes);
            // A client that has gone meanwhile finds it in the ring.
            let _ = client.send(Live::Output(frame)).await;
        }
    }

    /// The process is over. The seat is free at once.
    pub async fn ended(&self, code: i32) {
        let client = {
            let mut state = lock(&self.state);
            state.process = None;
            state.seat.take().and_then(|seat| seat.live)
        };
        if let Some(client) = client {
            let _ = client.send(Live::Exit(code)).await;
        }
    }

    /// Signals the shell's own group: the foreground job of an interactive one is in another.
    pub fn signal(&self, signal: Signal) {
        if let Some(process) = &lock(&self.state).process {
            children::signal_group(process.group, signal);
        }
    }

    /// Kills it and starts no other. Who is attached learns of the exit.
    pub fn delete(&self) {
        lock(&self.state).deleted = true;
        self.signal(Signal::SIGKILL);
    }
}
