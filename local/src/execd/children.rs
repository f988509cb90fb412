//! Every process execd starts goes through here, so that reaping orphans never takes a status tokio waits for.

use crate::lock::lock;
use crate::processes;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::collections::HashSet;
use std::io;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks for orphans: processes may end by the hundred.
const REAP_PAUSE: Duration = Duration::from_millis(50);

/// The processes that are execd's own children.
#[derive(Default)]
pub struct Children {
    owned: Mutex<HashSet<i32>>,
}

/// A started process, and the id of its process group.
pub struct Started {
    child: Child,
    pub pid: i32,
}

impl Started {
    /// For its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Children {
    /// Starts a process as the leader of its own group.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Started> {
        command.process_group(0);
        self.adopt(|| command.spawn())
    }

    /// The same for what is started in another way, which makes it the leader of its group.
    pub fn adopt(&self, start: impl FnOnce() -> io::Result<Child>) -> io::Result<Started> {
        // The lock is held over the start: the reaper must not see a child that is not listed yet.
        let mut owned = lock(&self.owned);
        let child = start()?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
        owned.insert(pid);
        Ok(Started { child, pid })
    }

    /// Waits for the end of a process started here.
    pub async fn wait(&self, started: &mut Started) -> io::Result<ExitStatus> {
        let status = started.child.wait().await;
        lock(&self.owned).remove(&started.pid);
        status
    }

    /// Reaps what others left behind. As process 1 of its namespace (or as the subreaper it makes itself) execd
    /// inherits every orphan.
    pub async fn reap_orphans(&self) {
        if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
            tracing::warn!(%error, "orphans go elsewhere");
        }
        let mut ended = match signal(SignalKind::child()) {
            Ok(ended) => ended,
            Err(error) => return tracing::warn!(%error, "orphans are not reaped"),
        };
        while ended.recv().await.is_some() {
            tokio::time::sleep(REAP_PAUSE).await;
            let own = std::process::id();
            let owned = lock(&self.owned);
            let orphans = processes::all().into_iter().filter(|process| {
                process.state == b'Z' && u32::try_from(process.parent) == Ok(own) && !owned.contains(&process.pid)
            });
            for orphan in orphans {
                // Nobody waits for it, so a failure only means that it is gone.
                let _ = waitpid(Pid::from_raw(orphan.pid), Some(WaitPidFlag::WNOHANG));
            }
        }
    }
}

/// Signals a whole process group. False: there is no such group.
pub fn signal_group(group: i32, signal: impl Into<Option<Signal>>) -> bool {
    // 0 and -1 would mean "my own group" and "everything".
    group > 1 && nix::sys::signal::killpg(Pid::from_raw(group), signal) != Err(nix::errno::Errno::ESRCH)
}

/// SIGTERM to the group, three seconds of patience, then SIGKILL. Returns when the group is gone.
pub async fn terminate_group(group: i32) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(3);
    const POLL: Duration = Duration::from_millis(50);
    if !signal_group(group, Signal::SIGTERM) {
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if !signal_group(group, None) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    signal_group(group, Signal::SIGKILL);
    for _ in 0..20 {
        if !signal_group(group, None) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    Err(format!("process group {group} might still be running"))
}

/// Who lives below execd.
fn descendants() -> Vec<processes::Entry> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let mut found = processes::trees(&processes::all(), &HashSet::from([own]));
    found.retain(|process| process.pid != own);
    found
}

/// Ends every descendant of execd: SIGTERM, up to `patience`, then SIGKILL until none is left.
pub async fn end_all(patience: Duration) {
    let signal_all = |signal: Signal| {
        let living = descendants();
        for process in &living {
            processes::signal(process.pid, signal);
        }
        living.is_empty()
    };
    let deadline = Instant::now() + patience;
    let mut done = patience.is_zero() || signal_all(Signal::SIGTERM);
    while !done && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        done = descendants().is_empty();
    }
    // A dying process may have started another one in between.
    for _ in 0..100 {
        if signal_all(Signal::SIGKILL) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
