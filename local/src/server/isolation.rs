//! How a sandbox is shut in: bubblewrap's arguments, or plain directories where it cannot run.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Where this program is seen inside a sandbox.
const EXECD: &str = "/.opensandbox/execd";
const LOGS: &str = "/.opensandbox/log";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
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

/// The directories of one sandbox on the host.
pub struct Layout {
    pub dir: PathBuf,
}

impl Layout {
    /// Makes them.
    pub fn create(state: &Path, id: &str) -> std::io::Result<Self> {
        let layout = Self {
            dir: state.join(id),
        };
        for (name, mode) in [
            ("workspace", 0o755),
            ("home", 0o700),
            ("tmp", 0o1777),
            ("log", 0o755),
        ] {
            let dir = layout.dir.join(name);
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&dir)?;
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode))?;
        }
        Ok(layout)
    }

    fn sub(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where execd's own messages go.
    pub fn log_file(&self) -> std::io::Result<File> {
        File::create(self.dir.join("log/execd.log"))
    }

    /// The last of them, for an error message.
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.dir.join("log/execd.log")).unwrap_or_default();
        let skip = text.chars().count().saturating_sub(500);
        text.chars()
            .skip(skip)
            .collect::<String>()
            .trim()
            .to_owned()
    }

    /// Removes what a failed start left.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// How sandboxes of this server are shut in.
pub struct Isolation {
    program: PathBuf,
    bwrap: Option<PathBuf>,
    setpriv: Option<PathBuf>,
    root: bool,
    user: String,
}

impl Isolation {
    /// Looks for bubblewrap and tries whether it can start here. The second value says why not.
    pub async fn find(state: &Path, forbidden: bool) -> std::io::Result<(Self, Option<String>)> {
        let uid = nix::unistd::getuid();
        let user = nix::unistd::User::from_uid(uid).ok().flatten();
        let mut isolation = Self {
            program: std::env::current_exe()?,
            bwrap: None,
            setpriv: which("setpriv"),
            root: uid.is_root(),
            user: user.map_or_else(|| uid.to_string(), |user| user.name),
        };
        if forbidden {
            return Ok((isolation, Some("--no-bwrap was given".into())));
        }
        let Some(bwrap) = which("bwrap") else {
            return Ok((isolation, Some("bwrap is not installed".into())));
        };
        isolation.bwrap = Some(bwrap);
        let layout = Layout::create(state, "probe")?;
        let mut probe = Command::new(isolation.bwrap.as_deref().unwrap_or(Path::new("bwrap")));
        probe
            .args(isolation.arguments(&layout))
            .args([EXECD, "--version"])
            .env_clear();
        let output = probe.output().await;
        layout.remove();
        let problem = match output {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if problem.is_some() {
            isolation.bwrap = None;
        }
        Ok((
            isolation,
            problem.map(|why| format!("bwrap cannot start here: {why}")),
        ))
    }

    /// Whether sandboxes have a PID and mount view of their own.
    pub fn is_bubblewrap(&self) -> bool {
        self.bwrap.is_some()
    }

    /// For the start-up line.
    pub fn name(&self) -> &'static str {
        if self.is_bubblewrap() {
            "bubblewrap"
        } else {
            "none"
        }
    }

    /// The command that starts execd with an entrypoint. The server's environment is not inherited: it holds
    /// the developer's secrets.
    pub fn command(&self, layout: &Layout, entrypoint: &[String]) -> Command {
        let mut command;
        let log;
        if let Some(bwrap) = &self.bwrap {
            command = Command::new(bwrap);
            command.env_clear().args(self.arguments(layout)).arg(EXECD);
            command.env("PATH", PATH).env("HOME", self.home());
            log = PathBuf::from(LOGS).join("entrypoint.log");
        } else {
            // Ends with the server too, as far as a signal to execd can do it.
            command = match &self.setpriv {
                Some(setpriv) => {
                    let mut command = Command::new(setpriv);
                    command
                        .args(["--pdeathsig", "TERM", "--"])
                        .arg(&self.program);
                    command
                }
                None => Command::new(&self.program),
            };
            command.env_clear().current_dir(layout.sub("workspace"));
            command
                .env(
                    "PATH",
                    std::env::var_os("PATH").unwrap_or_else(|| PATH.into()),
                )
                .env("HOME", layout.sub("home"))
                .env("TMPDIR", layout.sub("tmp"));
            log = layout.sub("log").join("entrypoint.log");
        }
        command
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env("USER", &self.user);
        command
            .args(["execd", "--port", "0", "--entrypoint-log"])
            .arg(log);
        command.arg("--").args(entrypoint);
        command
    }

    fn home(&self) -> &'static str {
        if self.root { "/root" } else { "/home/sandbox" }
    }

    /// An empty root with the host's system read-only, and the sandbox's own directories in it.
    fn arguments(&self, layout: &Layout) -> Vec<OsString> {
        let mut args = Arguments::default();
        args.add([
            "--die-with-parent",
            "--new-session",
            "--unshare-pid",
            "--unshare-ipc",
        ]);
        args.add(["--unshare-cgroup-try"]);
        if self.root {
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
                Ok(target) => args.add([
                    OsStr::new("--symlink"),
                    target.as_os_str(),
                    path.as_os_str(),
                ]),
                Err(_) => args.add([
                    OsStr::new("--ro-bind-try"),
                    path.as_os_str(),
                    path.as_os_str(),
                ]),
            }
        }
        for name in SECRETS {
            let path = PathBuf::from("/etc").join(name);
            if path.is_file() {
                args.add([
                    OsStr::new("--ro-bind"),
                    OsStr::new("/dev/null"),
                    path.as_os_str(),
                ]);
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
                args.add([
                    OsStr::new("--ro-bind-try"),
                    real.as_os_str(),
                    real.as_os_str(),
                ]);
            }
        }
        // Commands may run as another user, who must get through this directory.
        args.add([
            "--perms",
            "0755",
            "--dir",
            "/.opensandbox",
            "--dir",
            "/home",
        ]);
        args.add([
            "--proc", "/proc", "--dev", "/dev", "--dir", "/run", "--dir", "/var/tmp",
        ]);
        for (name, at) in [
            ("tmp", "/tmp"),
            ("workspace", "/workspace"),
            ("home", self.home()),
            ("log", LOGS),
        ] {
            args.add([
                OsStr::new("--bind"),
                layout.sub(name).as_os_str(),
                OsStr::new(at),
            ]);
        }
        args.add([
            OsStr::new("--ro-bind"),
            self.program.as_os_str(),
            OsStr::new(EXECD),
        ]);
        args.add(["--chdir", "/workspace", "--"]);
        args.list
    }
}

#[derive(Default)]
struct Arguments {
    list: Vec<OsString>,
}

impl Arguments {
    fn add<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) {
        self.list
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
    }
}

/// A program on PATH.
fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| PATH.into());
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| {
            fs::metadata(file)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}
