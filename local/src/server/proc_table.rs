//! The machine's processes, as /proc tells them.

use std::collections::HashSet;
use std::fs;

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

/// Where a sandbox's processes are found.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The topmost process of the sandbox, itself included.
    pub root: i32,
    /// `NAME=value` in the environment of processes that left the tree. Not needed inside a PID namespace:
    /// orphans there go to its PID 1.
    pub marker: Option<String>,
}

/// All processes.
pub fn all() -> Vec<Entry> {
    let Ok(dir) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    dir.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(read).collect()
}

/// One process.
pub fn read(pid: i32) -> Option<Entry> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(pid: i32, stat: &str) -> Option<Entry> {
    // The name in parentheses may hold anything, so start after the last one.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.bytes().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Entry { pid, parent, state, started })
}

/// The living processes of a sandbox, parents before children.
pub fn members(tree: &Tree) -> Vec<Entry> {
    let all = all();
    let mut known = HashSet::from([tree.root]);
    if let Some(marker) = &tree.marker {
        known.extend(all.iter().filter(|entry| has_marker(entry.pid, marker)).map(|entry| entry.pid));
    }
    let mut found: Vec<Entry> = all.iter().filter(|entry| known.contains(&entry.pid)).copied().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|entry| entry.pid) {
        next += 1;
        for entry in all.iter().filter(|entry| entry.parent == parent) {
            if known.insert(entry.pid) {
                found.push(*entry);
            }
        }
    }
    found.retain(|entry| !entry.is_dead());
    found
}

fn has_marker(pid: i32, marker: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|part| part == marker.as_bytes()))
}

/// The first child of a process.
pub fn child_of(pid: i32) -> Option<i32> {
    all().iter().find(|entry| entry.parent == pid && !entry.is_dead()).map(|entry| entry.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let stat = "7 (a) R 1) S 5 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 100";
        let entry = parse(7, stat).unwrap();
        assert_eq!((entry.parent, entry.state, entry.started), (5, b'S', 4242));
    }

    #[test]
    fn finds_itself() {
        let me = std::process::id() as i32;
        let tree = Tree { root: me, marker: None };
        assert!(members(&tree).iter().any(|entry| entry.pid == me));
    }
}
