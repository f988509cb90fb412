//! Which processes of this machine belong to a sandbox.

use crate::processes::{self, Entry};
use std::collections::HashSet;
use std::fs;

/// Where a sandbox's processes are found.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The topmost process of the sandbox, itself included.
    pub root: i32,
    /// `NAME=value` in the environment of processes that left the tree. Not needed inside a PID namespace:
    /// orphans there go to its PID 1.
    pub marker: Option<String>,
}

impl Tree {
    /// The living processes, parents before children.
    pub fn members(&self) -> Vec<Entry> {
        let all = processes::all();
        let mut roots = HashSet::from([self.root]);
        if let Some(marker) = &self.marker {
            roots.extend(all.iter().filter(|entry| has_marker(entry.pid, marker)).map(|entry| entry.pid));
        }
        processes::trees(&all, &roots)
    }
}

fn has_marker(pid: i32, marker: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|part| part == marker.as_bytes()))
}

/// The first child of a process.
pub fn child_of(pid: i32) -> Option<i32> {
    processes::all().iter().find(|entry| entry.parent == pid && !entry.is_dead()).map(|entry| entry.pid)
}
