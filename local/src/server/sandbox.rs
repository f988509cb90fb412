//! One sandbox and the list of all of them.

use super::errors::Failure;
use super::freeze::{self, Frozen};
use super::model::{Shown, Status};
use super::process::Process;
use crate::lock::lock;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What may change during a sandbox's life.
pub struct Changing {
    pub metadata: Map<String, Value>,
    pub expires: Option<Timestamp>,
}

/// What stays as it was created.
pub struct Fixed {
    pub id: String,
    pub image: String,
    pub asked_entrypoint: Vec<String>,
    pub entrypoint: Vec<String>,
    pub platform: Option<Value>,
    pub created: Timestamp,
}

/// A sandbox: its record and its processes.
pub struct Sandbox {
    pub fixed: Fixed,
    pub process: Process,
    state: Mutex<Changing>,
    /// The stopped processes while paused. Held over a whole pause, resume or end, so that these never mix.
    paused: tokio::sync::Mutex<Option<Vec<Frozen>>>,
    is_paused: std::sync::atomic::AtomicBool,
}

impl Sandbox {
    /// A running one.
    pub fn new(fixed: Fixed, process: Process, state: Changing) -> Self {
        Self {
            fixed,
            process,
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
            image: Some(self.fixed.image.clone()),
            platform: self.fixed.platform.clone(),
            status,
            metadata: state.metadata.clone(),
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
        let tree = self.process.tree();
        let stopped = tokio::task::spawn_blocking(move || freeze::stop(&tree)).await;
        let stopped = stopped.unwrap_or_default();
        *paused = Some(stopped);
        self.is_paused.store(true, std::sync::atomic::Ordering::Release);
        Ok(())
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
        freeze::resume(&stopped);
        self.is_paused.store(false, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    /// Kills everything in it, stopped or not, and removes its files.
    pub async fn end(&self) {
        let _no_pause_meanwhile = self.paused.lock().await;
        self.process.kill().await;
    }
}

/// All sandboxes of this server.
#[derive(Default)]
pub struct Sandboxes {
    all: Mutex<HashMap<String, Arc<Sandbox>>>,
    /// Ports of execds, from before their sandbox is listed until after it is gone.
    execd_ports: Mutex<HashSet<u16>>,
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
        lock(&self.execd_ports).insert(sandbox.process.execd_port);
        lock(&self.all).insert(sandbox.fixed.id.clone(), sandbox);
        self.changed.notify_one();
    }

    /// Takes one off the list, so that only one caller ends it.
    pub fn take(&self, id: &str) -> Result<Arc<Sandbox>, Failure> {
        let taken = lock(&self.all).remove(id);
        taken.ok_or_else(|| Failure::no_sandbox(id))
    }

    /// Whether a port is some sandbox's execd.
    pub fn is_execd(&self, port: u16) -> bool {
        lock(&self.execd_ports).contains(&port)
    }

    /// Ends one that was taken.
    pub async fn end(&self, sandbox: &Sandbox) {
        sandbox.end().await;
        lock(&self.execd_ports).remove(&sandbox.process.execd_port);
    }

    /// Ends all. Nothing can be started any more.
    pub async fn end_all(&self) {
        // Never given back: whoever asks to start one now waits until the process is gone.
        std::mem::forget(self.starting.write().await);
        let all: Vec<_> = lock(&self.all).drain().map(|(_, sandbox)| sandbox).collect();
        futures_util::future::join_all(all.iter().map(|sandbox| self.end(sandbox))).await;
    }
}
