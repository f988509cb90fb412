//! Bubblewrap's arguments: what a sandbox sees of the host, and what it may do.

use super::layout::Layout;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Where this program is seen inside a sandbox.
pub const EXECD: &str = "/.opensandbox/execd";
/// Where what execd writes for the server is seen inside.
pub const LOGS: &str = "/.opensandbox/log";
/// Links or directories of the host's system that programs need.
const SYSTEM: [&str; 7] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt"];
/// Files of /etc that root could read and a sandbox must not.
const SECRETS: [&str; 5] = ["shadow", "shadow-", "gshadow", "gshadow-", "sudoers"];
const SECRET_DIRS: [&str; 3] = ["ssh", "ssl/private", "sudoers.d"];
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

/// An empty root with the host's system read-only, and the sandbox's own directories in it.
pub fn arguments(layout: &Layout, program: &Path, root: bool) -> Vec<OsString> {
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
    args.add(["--tmpfs", "/"]);
    args.add(["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]);
    for name in SYSTEM {
        let path = PathBuf::from("/").join(name);
        match fs::read_link(&path) {
            Ok(target) => args.add([OsStr::new("--symlink"), target.as_os_str(), path.as_os_str()]),
            Err(_) => args.add([OsStr::new("--ro-bind-try"), path.as_os_str(), path.as_os_str()]),
        }
    }
    for name in SECRETS {
        let path = PathBuf::from("/etc").join(name);
        if path.is_file() {
            args.add([OsStr::new("--ro-bind"), OsStr::new("/dev/null"), path.as_os_str()]);
        }
    }
    for name in SECRET_DIRS {
        let path = PathBuf::from("/etc").join(name);
        if path.is_dir() {
            args.add([OsStr::new("--tmpfs"), path.as_os_str()]);
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
    for (name, at) in [("tmp", "/tmp"), ("workspace", "/workspace"), ("home", home(root)), ("log", LOGS)] {
        args.add([OsStr::new("--bind"), layout.sub(name).as_os_str(), OsStr::new(at)]);
    }
    args.add([OsStr::new("--ro-bind"), program.as_os_str(), OsStr::new(EXECD)]);
    args.add(["--chdir", "/workspace"]);
    args.list
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
