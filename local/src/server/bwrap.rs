//! Bubblewrap's arguments: what a sandbox sees of the host, and what it may do.

use super::layout::Layout;
use super::mounts::Mount;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Where this program is seen inside a sandbox.
pub const EXECD: &str = "/.opensandbox/execd";
/// Links or directories of the host's system that programs need.
const SYSTEM: [&str; 7] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt"];
/// What else stands in the root directory before a sandbox writes there. Made anew for each, also from a snapshot.
const MADE: [&str; 10] = ["usr", "etc", "proc", "dev", "run", "tmp", "workspace", "home", "root", ".opensandbox"];
/// What root keeps inside: about what a container has, without the rights to mount, trace or make devices.
const CAPABILITIES: [&str; 10] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
];

/// The home directory inside.
pub fn home(root: bool) -> &'static str {
    if root { "/root" } else { "/home/sandbox" }
}

/// Whether a name in the root directory is not the sandbox's own doing.
pub fn makes(name: &OsStr) -> bool {
    MADE.iter().chain(&SYSTEM).any(|made| OsStr::new(made) == name)
}

/// Whether every sandbox sees this path of the host anyway.
pub fn is_system(path: &Path) -> bool {
    ["usr"].iter().chain(&SYSTEM).any(|name| path.starts_with(Path::new("/").join(name)))
}

/// An empty root with the host's system read-only, the sandbox's own directories in it, and its volumes.
pub fn arguments(layout: &Layout, program: &Path, root: bool, mounts: &[Mount]) -> Vec<OsString> {
    let mut args = Arguments::default();
    args.add(["--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc"]);
    args.add(["--unshare-cgroup-try"]);
    if root {
        // As root, bubblewrap would leave every capability, enough to mount the host's files again.
        args.add(["--cap-drop", "ALL"]);
        for name in CAPABILITIES {
            args.add(["--cap-add", name]);
        }
    }
    args.add([OsStr::new("--bind"), layout.sub("root").as_os_str(), OsStr::new("/")]);
    args.add(["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]);
    for name in SYSTEM {
        let path = PathBuf::from("/").join(name);
        match fs::read_link(&path) {
            Ok(target) => args.add([OsStr::new("--symlink"), target.as_os_str(), path.as_os_str()]),
            Err(_) => args.add([OsStr::new("--ro-bind-try"), path.as_os_str(), path.as_os_str()]),
        }
    }
    for secret in secrets(Path::new("/etc")) {
        match secret {
            Secret::File(path) => args.add([OsStr::new("--ro-bind"), OsStr::new("/dev/null"), path.as_os_str()]),
            Secret::Directory(path) => args.add([OsStr::new("--tmpfs"), path.as_os_str()]),
        }
    }
    // On many systems this is a link to a file outside /etc.
    if let Ok(real) = fs::canonicalize("/etc/resolv.conf") {
        if !real.starts_with("/etc") {
            args.add([OsStr::new("--ro-bind-try"), real.as_os_str(), real.as_os_str()]);
        }
    }
    // Commands may run as another user, who must get through this directory.
    args.add(["--dir", "/.opensandbox", "--dir", "/home"]);
    args.add(["--proc", "/proc", "--dev", "/dev", "--dir", "/run", "--dir", "/var/tmp"]);
    for (name, at) in [("tmp", "/tmp"), ("workspace", "/workspace"), ("home", home(root))] {
        args.add([OsStr::new("--bind"), layout.sub(name).as_os_str(), OsStr::new(at)]);
    }
    for Mount { source, target, read_only } in mounts {
        // What bubblewrap makes unasked, only this user gets through.
        for above in Path::new(target).ancestors().skip(1).collect::<Vec<_>>().into_iter().rev().skip(1) {
            args.add([OsStr::new("--dir"), above.as_os_str()]);
        }
        let how = OsStr::new(if *read_only { "--ro-bind" } else { "--bind" });
        args.add([how, source.as_os_str(), OsStr::new(target)]);
    }
    args.add([OsStr::new("--ro-bind"), program.as_os_str(), OsStr::new(EXECD)]);
    args.add(["--chdir", "/workspace"]);
    args.list
}

/// What not everybody may read: root inside could, so it is covered.
#[derive(Debug, PartialEq, Eq)]
enum Secret {
    File(PathBuf),
    Directory(PathBuf),
}

fn secrets(dir: &Path) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut walk = WalkDir::new(dir).min_depth(1).same_file_system(true).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        let Ok(mode) = entry.metadata().map(|meta| meta.permissions().mode()) else { continue };
        let kind = entry.file_type();
        if kind.is_dir() && (mode & 0o005 != 0o005) {
            walk.skip_current_dir();
            found.push(Secret::Directory(entry.into_path()));
        } else if kind.is_file() && mode & 0o004 == 0 {
            found.push(Secret::File(entry.into_path()));
        }
    }
    found
}

#[derive(Default)]
struct Arguments {
    list: Vec<OsString>,
}

impl Arguments {
    fn add<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) {
        self.list.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_what_not_everybody_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, mode) in [("open", 0o755), ("closed", 0o700)] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(&format!("{name}/secret")), "").unwrap();
            fs::set_permissions(at(&format!("{name}/secret")), fs::Permissions::from_mode(0o640)).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(at("known"), "").unwrap();
        fs::set_permissions(at("known"), fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(at("closed"), at("link")).unwrap();
        assert_eq!(secrets(dir.path()), [Secret::Directory(at("closed")), Secret::File(at("open/secret"))]);
    }
}
