//! Stopping and continuing all processes of a sandbox.

use super::tree::Tree;
use crate::processes::{self, Entry};
use nix::sys::signal::Signal;
use std::collections::HashSet;
use std::time::Duration;

/// A process that was stopped by us.
#[derive(Debug, Clone, Copy)]
pub struct Frozen {
    pid: i32,
    started: u64,
}

/// Stops them all. Parents first: a child that is still running can then start no sibling unseen, and a shell
/// never sees its child stop. Goes on until a round finds nobody new.
pub fn stop(tree: &Tree) -> Vec<Frozen> {
    let mut stopped = Vec::new();
    let mut known = HashSet::new();
    for _ in 0..100 {
        let running: Vec<Entry> = tree
            .members()
            .into_iter()
            // Who was stopped before (a job of a shell) stays as it is and is not continued later.
            .filter(|entry| !matches!(entry.state, b'T' | b't'))
            .collect();
        if running.is_empty() {
            break;
        }
        let mut fresh = false;
        for entry in running {
            if known.insert((entry.pid, entry.started)) {
                fresh = true;
                if processes::signal(entry.pid, Signal::SIGSTOP) {
                    stopped.push(Frozen { pid: entry.pid, started: entry.started });
                }
            }
        }
        if !fresh {
            // Signalled and not yet stopped.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    stopped
}

/// Continues them, children first: a shell that wakes before its child would report the child as stopped.
pub fn resume(stopped: &[Frozen]) {
    for frozen in stopped.iter().rev() {
        let same = processes::read(frozen.pid).is_some_and(|entry| entry.started == frozen.started);
        if same {
            processes::signal(frozen.pid, Signal::SIGCONT);
        }
    }
}
