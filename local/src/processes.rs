//! The processes that can be seen, as `/proc` tells them, and signals to them.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub pid: i32,
    pub parent: i32,
    /// `R`, `S`, `T` (stopped), `Z` (dead, not yet collected), …
    pub state: u8,
    /// Start time in ticks: with the pid it names a process for good, a pid alone may be reused.
    pub started: u64,
}

impl Entry {
    /// Dead already, only its entry is left.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

/// All processes.
pub fn all() -> Vec<Entry> {
    // Another namespace's `/proc` (bubblewrap without `--proc`) has other numbers: they must not be acted on.
    let own = fs::read_link("/proc/self").ok();
    if own.as_deref() != Some(Path::new(&std::process::id().to_string())) {
        return Vec::new();
    }
    let Ok(dir) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    dir.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(read).collect()
}

/// One process.
pub fn read(pid: i32) -> Option<Entry> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `pid (name) state parent …`; the name may hold anything, so what counts starts after the last parenthesis.
fn parse(pid: i32, stat: &str) -> Option<Entry> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.bytes().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Entry { pid, parent, state, started })
}

/// The living among the processes in `roots` and everybody below them, parents before children.
pub fn trees(all: &[Entry], roots: &HashSet<i32>) -> Vec<Entry> {
    let parents: HashMap<i32, i32> = all.iter().map(|entry| (entry.pid, entry.parent)).collect();
    let is_below_a_root = |pid: i32| {
        // Bounded: a table that was read while it changed may hold a circle.
        let ancestors = std::iter::successors(parents.get(&pid), |pid| parents.get(pid)).take(all.len());
        ancestors.into_iter().any(|pid| roots.contains(pid) && parents.contains_key(pid))
    };
    let is_top = |entry: &&Entry| roots.contains(&entry.pid) && !is_below_a_root(entry.pid);
    let mut found: Vec<Entry> = all.iter().filter(is_top).copied().collect();
    let mut children: HashMap<i32, Vec<Entry>> = HashMap::new();
    for entry in all {
        children.entry(entry.parent).or_default().push(*entry);
    }
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|entry| entry.pid) {
        next += 1;
        found.extend(children.remove(&parent).unwrap_or_default());
    }
    found.retain(|entry| !entry.is_dead());
    found
}

/// Signals one process. It may have ended by itself: false.
pub fn signal(pid: i32, signal: Signal) -> bool {
    // 0 and -1 would mean "my own group" and "everything"; 1 is never meant.
    pid > 1 && kill(Pid::from_raw(pid), signal).is_ok()
}

/// The exit code as shells count it: 128 and the signal's number for who was killed.
pub fn shell_code(status: ExitStatus) -> Option<i32> {
    status.code().or(status.signal().map(|signal| 128 + signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let stat = "7 (a) R 1) S 5 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 100";
        let entry = parse(7, stat).unwrap();
        assert_eq!((entry.parent, entry.state, entry.started), (5, b'S', 4242));
        assert!(parse(7, "nonsense").is_none());
    }

    #[test]
    fn finds_itself() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(trees(&all(), &HashSet::from([own])).iter().any(|entry| entry.pid == own));
    }

    #[test]
    fn parents_come_first_and_the_dead_lead_to_their_children() {
        let entry = |pid, parent, state| Entry { pid, parent, state, started: 0 };
        let all = [entry(9, 8, b'S'), entry(8, 5, b'Z'), entry(5, 2, b'S'), entry(7, 2, b'S'), entry(6, 7, b'S')];
        let found = |roots: &[i32]| -> Vec<i32> {
            trees(&all, &roots.iter().copied().collect()).iter().map(|entry| entry.pid).collect()
        };
        assert_eq!(found(&[5]), [5, 9]);
        assert_eq!(found(&[9, 5]), [5, 9]);
        assert_eq!(found(&[9, 7]), [9, 7, 6]);
        assert_eq!(found(&[7]), [7, 6]);
        assert_eq!(found(&[1]), [0; 0]);
    }
}
