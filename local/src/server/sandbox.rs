//! One sandbox and the list of all of them.

use super::errors::Failure;
use super::freeze::{self, Frozen};
use super::layout::Layout;
use super::model::{Shown, Status};
use super::named_volumes::Use;
use super::process::Process;
use super::snapshots::Lease;
use crate::egress;
use crate::lock::lock;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What may change during a sandbox's life.
pub struct Changing {
    pub metadata: Map<String, Value>,
    pub expires: Option<Timestamp>,
}

/// What stays as it was created.
pub struct Fixed {
    pub id: String,
    /// None: made of a snapshot.
    pub image: Option<String>,
    pub snapshot: Option<String>,
    pub env: Vec<(String, String)>,
    pub limits: Map<String, Value>,
    /// The metadata and the end that it was created with: later changes do not reach a container's labels.
    pub labels: Map<String, Value>,
    pub first_end: Option<Timestamp>,
    pub extensions: Map<String, Value>,
    pub asked_entrypoint: Vec<String>,
    pub entrypoint: Vec<String>,
    pub platform: Option<Value>,
    pub created: Timestamp,
}

/// What is the sandbox's for its life only, and then somebody else's again.
#[derive(Default)]
pub struct Held {
    pub snapshot: Option<Lease>,
    pub volumes: Vec<Use>,
}

/// A sandbox: its record and its processes.
pub struct Sandbox {
    pub fixed: Fixed,
    pub process: Process,
    /// There if it was created with a network policy.
    pub egress: Option<egress::Served>,
    held: Mutex<Held>,
    ending: CancellationToken,
    state: Mutex<Changing>,
    /// The stopped processes while paused. Held over a whole pause, resume or end, so that these never mix.
    paused: tokio::sync::Mutex<Option<Vec<Frozen>>>,
    is_paused: std::sync::atomic::AtomicBool,
}

impl Sandbox {
    /// A running one.
    pub fn new(fixed: Fixed, process: Process, egress: Option<egress::Served>, held: Held, state: Changing) -> Self {
        Self {
            fixed,
            process,
            egress,
            held: Mutex::new(held),
            ending: CancellationToken::new(),
            state: Mutex::new(state),
            paused: tokio::sync::Mutex::new(None),
            is_paused: false.into(),
        }
    }

    /// Changes metadata or expiry.
    pub fn change<T>(&self, change: impl FnOnce(&mut Changing) -> T) -> T {
        change(&mut lock(&self.state))
    }

    /// Its state now.
    pub fn status(&self) -> Status {
        match self.process.ended() {
            Some((code, at)) => Status::Ended { code, at },
            None if self.is_paused.load(std::sync::atomic::Ordering::Acquire) => Status::Paused,
            None => Status::Running,
        }
    }

    /// What answers show.
    pub fn shown(&self) -> Shown {
        let status = self.status();
        let state = lock(&self.state);
        Shown {
            id: self.fixed.id.clone(),
            image: self.fixed.image.clone(),
            snapshot: self.fixed.snapshot.clone(),
            platform: self.fixed.platform.clone(),
            status,
            metadata: state.metadata.clone(),
            extensions: self.fixed.extensions.clone(),
            asked_entrypoint: self.fixed.asked_entrypoint.clone(),
            entrypoint: self.fixed.entrypoint.clone(),
            created: self.fixed.created,
            expires: state.expires,
        }
    }

    /// Stops all its processes.
    pub async fn pause(&self) -> Result<(), Failure> {
        let mut paused = self.paused.lock().await;
        if self.status() != Status::Running {
            return Err(Failure::api(
                StatusCode::CONFLICT,
                "DOCKER::SANDBOX_NOT_RUNNING",
                "Sandbox is not in a running state.",
            ));
        }
        *paused = Some(self.stop_all().await);
        Ok(())
    }

    async fn stop_all(&self) -> Vec<Frozen> {
        let tree = self.process.tree();
        let stopped = tokio::task::spawn_blocking(move || freeze::stop(&tree)).await;
        self.is_paused.store(true, std::sync::atomic::Ordering::Release);
        stopped.unwrap_or_default()
    }

    fn let_go(&self, stopped: &[Frozen]) {
        freeze::resume(stopped);
        self.is_paused.store(false, std::sync::atomic::Ordering::Release);
    }

    /// Lets them go on.
    pub async fn resume(&self) -> Result<(), Failure> {
        let mut paused = self.paused.lock().await;
        if self.status() != Status::Paused {
            return Err(Failure::api(
                StatusCode::CONFLICT,
                "DOCKER::SANDBOX_NOT_PAUSED",
                "Sandbox is not in a paused state.",
            ));
        }
        let stopped = paused.take().unwrap_or_default();
        self.let_go(&stopped);
        Ok(())
    }

    /// Copies its files while nothing in it runs. Like the real one it is shown as paused meanwhile.
    pub async fn copy_files(&self, to: &Layout) -> Result<(), String> {
        let paused = self.paused.lock().await;
        let gone = || format!("Sandbox {} was deleted meanwhile.", self.fixed.id);
        if self.ending.is_cancelled() {
            return Err(gone());
        }
        let must_stop = paused.is_none() && self.process.ended().is_none();
        let stopped = if must_stop { self.stop_all().await } else { Vec::new() };
        let copied = tokio::select! {
            copied = self.process.layout.copy(to) => copied,
            () = self.ending.cancelled() => Err(gone()),
        };
        if must_stop {
            self.let_go(&stopped);
        }
        copied
    }

    /// Kills everything in it, stopped or not, and removes its files.
    pub async fn end(&self) {
        self.ending.cancel();
        let _no_pause_meanwhile = self.paused.lock().await;
        self.process.kill().await;
    }

    /// Lets go of what it held. Named volumes end with it only if it was deleted, not if its time was over.
    pub fn release(&self, deleted: bool) {
        let Held { snapshot, volumes } = std::mem::take(&mut *lock(&self.held));
        drop(snapshot);
        if deleted {
            volumes.into_iter().for_each(Use::end);
        }
    }

    /// Ports that belong to it and are not its own programs'.
    fn inner_ports(&self) -> impl Iterator<Item = u16> {
        [Some(self.process.execd_port), self.egress.as_ref().map(|egress| egress.port)].into_iter().flatten()
    }
}

/// All sandboxes of this server.
#[derive(Default)]
pub struct Sandboxes {
    all: Mutex<HashMap<String, Arc<Sandbox>>>,
    /// Ports of execds and egress APIs, from before their sandbox is listed until after it is gone.
    inner_ports: Mutex<HashSet<u16>>,
    /// Wakes the expiry task.
    pub changed: Notify,
    /// Read while a sandbox is started; written at the server's end, which so waits for those on their way.
    pub starting: tokio::sync::RwLock<()>,
}

impl Sandboxes {
    /// One by id.
    pub fn get(&self, id: &str) -> Result<Arc<Sandbox>, Failure> {
        let found = lock(&self.all).get(id).cloned();
        found.ok_or_else(|| Failure::no_sandbox(id))
    }

    /// All, in no order.
    pub fn all(&self) -> Vec<Arc<Sandbox>> {
        lock(&self.all).values().cloned().collect()
    }

    /// Lists a new one.
    pub fn add(&self, sandbox: Arc<Sandbox>) {
        lock(&self.inner_ports).extend(sandbox.inner_ports());
        lock(&self.all).insert(sandbox.fixed.id.clone(), sandbox);
        self.changed.notify_one();
    }

    /// Takes one off the list, so that only one caller ends it.
    pub fn take(&self, id: &str) -> Result<Arc<Sandbox>, Failure> {
        let taken = lock(&self.all).remove(id);
        taken.ok_or_else(|| Failure::no_sandbox(id))
    }

    /// Whether a port is some sandbox's execd or egress API.
    pub fn is_inner(&self, port: u16) -> bool {
        lock(&self.inner_ports).contains(&port)
    }

    /// Ends one that was taken, because somebody deleted it or because its time was over.
    pub async fn end(&self, sandbox: &Sandbox, deleted: bool) {
        sandbox.end().await;
        sandbox.release(deleted);
        let mut ports = lock(&self.inner_ports);
        for port in sandbox.inner_ports() {
            ports.remove(&port);
        }
    }

    /// Ends all. Nothing can be started any more.
    pub async fn end_all(&self) {
        // Never given back: whoever asks to start one now waits until the process is gone.
        std::mem::forget(self.starting.write().await);
        let all: Vec<_> = lock(&self.all).drain().map(|(_, sandbox)| sandbox).collect();
        futures_util::future::join_all(all.iter().map(|sandbox| self.end(sandbox, true))).await;
    }
}
