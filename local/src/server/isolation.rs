//! Whether bubblewrap can be used here, and the command that starts a sandbox with or without it.

use super::bwrap::{self, EXECD};
use super::kernels::Kernels;
use super::layout::Layout;
use super::mounts::Mount;
use crate::search_path;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

type Variables = Vec<(OsString, OsString)>;

/// How sandboxes of this server are shut in.
pub struct Isolation {
    program: PathBuf,
    bwrap: Option<PathBuf>,
    setpriv: Option<PathBuf>,
    root: bool,
    user: String,
    kernels: Kernels,
}

/// A command and what it is to read from its standard input.
pub struct Launch {
    pub command: Command,
    pub input: Vec<u8>,
}

impl Isolation {
    /// Looks for bubblewrap and tries whether it can start here. The second value says why not.
    pub async fn find(state: &Path, forbidden: bool, kernels: Kernels) -> std::io::Result<(Self, Option<String>)> {
        let uid = nix::unistd::getuid();
        let user = nix::unistd::User::from_uid(uid).ok().flatten();
        let mut isolation = Self {
            program: std::env::current_exe()?,
            bwrap: None,
            setpriv: search_path::find("setpriv"),
            root: uid.is_root(),
            user: user.map_or_else(|| uid.to_string(), |user| user.name),
            kernels,
        };
        let problem = if forbidden {
            Some("--no-bwrap was given".into())
        } else if let Some(bwrap) = search_path::find("bwrap") {
            let layout = Layout::create(state, "probe")?;
            let problem = isolation.probe(&bwrap, &layout).await;
            layout.remove();
            isolation.bwrap = Some(bwrap).filter(|_| problem.is_none());
            problem
        } else {
            Some("bwrap is not installed".into())
        };
        if !isolation.is_bubblewrap() && isolation.setpriv.is_none() {
            tracing::warn!("setpriv is not installed: sandboxes go on when this server is killed");
        }
        Ok((isolation, problem))
    }

    async fn probe(&self, bwrap: &Path, layout: &Layout) -> Option<String> {
        let Launch { mut command, input } = self.bubblewrap(bwrap, layout, &[], &[], &["--version".into()]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let output = async {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // It may have ended without reading; then its messages tell more than this error.
                let _ = stdin.write_all(&input).await;
            }
            child.wait_with_output().await
        };
        match output.await {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                Some(format!("bwrap cannot start here: {}", said.trim()))
            }
            Err(error) => Some(format!("bwrap cannot start here: {error}")),
        }
    }

    /// Whether sandboxes have a PID and mount view of their own.
    pub fn is_bubblewrap(&self) -> bool {
        self.bwrap.is_some()
    }

    /// For the start-up line.
    pub fn name(&self) -> &'static str {
        if self.is_bubblewrap() { "bubblewrap" } else { "none" }
    }

    /// The home directory inside.
    pub fn home(&self) -> &'static str {
        bwrap::home(self.root)
    }

    /// The command that starts execd with an entrypoint. Later variables win over earlier ones.
    pub fn launch(
        &self,
        layout: &Layout,
        variables: impl IntoIterator<Item = (String, String)>,
        mounts: &[Mount],
        entrypoint: &[String],
    ) -> Launch {
        let mut all = self.variables(layout);
        all.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        // What it prints goes to execd's stderr, and from there to the server.
        let mut arguments: Vec<OsString> = ["execd", "--port", "0"].map(OsString::from).to_vec();
        arguments.extend(self.kernels.arguments(self.is_bubblewrap()));
        arguments.push("--".into());
        arguments.extend(entrypoint.iter().map(OsString::from));
        match &self.bwrap {
            Some(bwrap) => self.bubblewrap(bwrap, layout, mounts, &all, &arguments),
            None => self.plain(layout, &all, &arguments),
        }
    }

    /// What every sandbox has. The server's own environment is not inherited: it holds the developer's secrets.
    fn variables(&self, layout: &Layout) -> Variables {
        let mut all: Variables = vec![
            ("LANG".into(), "C.UTF-8".into()),
            ("TERM".into(), "xterm-256color".into()),
            ("USER".into(), self.user.clone().into()),
        ];
        if self.is_bubblewrap() {
            all.push(("PATH".into(), search_path::DEFAULT.into()));
            all.push(("HOME".into(), bwrap::home(self.root).into()));
        } else {
            let path = std::env::var_os("PATH").unwrap_or_else(|| search_path::DEFAULT.into());
            all.push(("PATH".into(), path));
            all.push(("HOME".into(), layout.sub("home").into()));
            all.push(("TMPDIR".into(), layout.sub("tmp").into()));
        }
        all
    }

    fn bubblewrap(
        &self,
        bwrap: &Path,
        layout: &Layout,
        mounts: &[Mount],
        variables: &[(OsString, OsString)],
        arguments: &[OsString],
    ) -> Launch {
        // Variables are bubblewrap's arguments and not its environment: it starts outside, where a client's
        // LD_PRELOAD would run on the host. And all arguments come through a pipe: /proc shows command lines.
        let mut mounted = self.kernels.mounts(layout, self.home());
        mounted.extend_from_slice(mounts);
        let mut list = bwrap::arguments(layout, &self.program, self.root, &mounted);
        for (name, value) in variables {
            list.extend(["--setenv".into(), name.clone(), value.clone()]);
        }
        let mut input = Vec::new();
        for argument in list {
            input.extend(argument.into_vec());
            input.push(0);
        }
        let mut command = Command::new(bwrap);
        command.env_clear().args(["--args", "0", "--", EXECD]).args(arguments).stdin(Stdio::piped());
        Launch { command, input }
    }

    fn plain(&self, layout: &Layout, variables: &[(OsString, OsString)], arguments: &[OsString]) -> Launch {
        // Ends with the server too, as far as a signal to execd can do it.
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "TERM", "--"]).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(layout.sub("workspace"))
            .args(arguments)
            .stdin(Stdio::null());
        Launch { command, input: Vec::new() }
    }
}
