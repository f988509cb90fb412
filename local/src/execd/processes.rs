//! Reads the process table from `/proc`.

use std::collections::HashMap;
use std::path::Path;

pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub is_zombie: bool,
}

/// Every process that can be seen.
pub fn all() -> Vec<Process> {
    // Another namespace's `/proc` (bubblewrap without `--proc`) has other numbers: they must not be acted on.
    let own = std::fs::read_link("/proc/self").ok();
    if own.as_deref() != Some(Path::new(&std::process::id().to_string())) {
        return Vec::new();
    }
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// The living descendants of a process.
pub fn descendants(of: u32) -> Vec<i32> {
    let Ok(root) = i32::try_from(of) else {
        return Vec::new();
    };
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child.pid);
            if !child.is_zombie {
                found.push(child.pid);
            }
        }
    }
    found
}

/// `pid (name) state parent …`; the name may itself contain parentheses and spaces.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Process { pid, parent, is_zombie: state == "Z" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names() {
        let process = parse(7, "7 (a) b (c)) Z 3 7 7 0").unwrap();
        assert_eq!((process.pid, process.parent, process.is_zombie), (7, 3, true));
        assert!(parse(7, "nonsense").is_none());
    }

    #[test]
    fn finds_itself() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(all().iter().any(|process| process.pid == own));
    }
}
