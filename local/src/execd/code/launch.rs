//! Starts a kernel: connection file, process, sockets, and the first words with it.

use super::super::App;
use super::super::children;
use super::super::shell;
use super::kernel::{Kernel, Parts};
use super::kernelspecs::{self, CONNECTION_FILE};
use crate::search_path;
use jupyter_protocol::{
    ConnectionInfo, JupyterKernelspec, JupyterMessage, JupyterMessageContent, KernelInfoRequest, Transport,
};
use jupyter_zmq_client::{
    ClientControlConnection, ClientIoPubConnection, ClientShellConnection, RuntimeError,
    create_client_control_connection, create_client_iopub_connection, create_client_shell_connection_with_identity,
    peek_ports, peer_identity_for_session,
};
use nix::sys::signal::Signal;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// How long a kernel may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// A kernel that publishes before it has heard of our subscription is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Longer paths do not fit into the address of a Unix socket.
const LONGEST_SOCKET: usize = 100;

/// Starts a kernel and waits until it answers. An error text says why it did not.
pub async fn start(app: &Arc<App>, spec: &JupyterKernelspec) -> Result<Kernel, String> {
    let dir = private_dir().map_err(|error| error.to_string())?;
    let transport = kernelspecs::transport(spec);
    let connection = connection(dir.path(), transport).await.map_err(|error| error.to_string())?;
    let file = dir.path().join("connection.json");
    write_connection(&file, &connection).map_err(|error| error.to_string())?;
    let log = dir.path().join("kernel.log");
    let (group, ended) = spawn(app, spec, &file, &log).map_err(|error| format!("{}: {error}", spec.display_name))?;
    let mut starting = Starting { group, ended: ended.clone(), is_handed_over: false };
    let mut early_end = ended.clone();
    let by_message = spec.interrupt_mode.as_deref() == Some("message");
    let talking = async {
        tokio::select! {
            sockets = connect(&connection, by_message) => sockets.map_err(|error| error.to_string()),
            _ = early_end.wait_for(|ended| *ended) => Err("it ended".into()),
            () = tokio::time::sleep(PATIENCE) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
        }
    };
    let Sockets { shell, iopub, control } = match talking.await {
        Ok(sockets) => sockets,
        Err(why) => {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let said = said.trim_end().lines().last().unwrap_or_default();
            return Err(format!("kernel {} does not start: {why}. {said}", spec.display_name));
        }
    };
    starting.is_handed_over = true;
    let control = control.map(|control| control.split().0);
    Ok(Kernel::new(Parts { group, ended, shell: shell.split(), iopub, control, dir }))
}

/// A kernel that nobody has yet. It ends when nobody gets it: it does not start, or whoever asked for it has left.
struct Starting {
    group: i32,
    ended: watch::Receiver<bool>,
    is_handed_over: bool,
}

impl Drop for Starting {
    fn drop(&mut self) {
        if !self.is_handed_over && !*self.ended.borrow() {
            children::signal_group(self.group, Signal::SIGKILL);
        }
    }
}

/// A directory that only this user can enter. Its path must be short enough for sockets in it.
fn private_dir() -> io::Result<TempDir> {
    let make = |parent: &Path| {
        tempfile::Builder::new().prefix("kernel-").permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
    };
    let dir = make(&std::env::temp_dir())?;
    if dir.path().as_os_str().len() < LONGEST_SOCKET { Ok(dir) } else { make(Path::new("/tmp")) }
}

/// Sockets in that directory where the kernel knows them, and not ports: other sandboxes share the machine's network, and
/// whoever can connect to a port may read what a kernel publishes. The key is what requests must be signed with.
async fn connection(dir: &Path, transport: Transport) -> Result<ConnectionInfo, RuntimeError> {
    let (ip, ports) = match transport {
        Transport::IPC => (dir.join("s").to_string_lossy().into_owned(), (1..=5).collect()),
        Transport::TCP => (Ipv4Addr::LOCALHOST.to_string(), peek_ports(Ipv4Addr::LOCALHOST.into(), 5).await?),
    };
    let mut ports = ports.into_iter();
    let mut next = || ports.next().unwrap_or_default();
    Ok(ConnectionInfo {
        ip,
        transport,
        shell_port: next(),
        iopub_port: next(),
        stdin_port: next(),
        control_port: next(),
        hb_port: next(),
        key: rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect(),
        signature_scheme: "hmac-sha256".into(),
        kernel_name: None,
    })
}

fn write_connection(path: &Path, connection: &ConnectionInfo) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&serde_json::to_vec(connection)?)
}

/// Starts the process; its messages go to `log`. The receiver turns true when it has ended.
fn spawn(
    app: &Arc<App>,
    spec: &JupyterKernelspec,
    file: &Path,
    log: &Path,
) -> io::Result<(i32, watch::Receiver<bool>)> {
    let file = file.to_string_lossy();
    let mut arguments = spec.argv.iter().map(|argument| argument.replace(CONNECTION_FILE, &file));
    let program = arguments.next().unwrap_or_default();
    let log = File::create(log)?;
    let mut command = shell::program(&find_program(&program));
    command.args(arguments).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
    if let Some(env) = &spec.env {
        command.envs(env);
    }
    let mut started = app.children.spawn(&mut command)?;
    let group = started.pid;
    let (tell, ended) = watch::channel(false);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(error) = app.children.wait(&mut started).await {
            tracing::warn!(%error, "kernel");
        }
        tell.send_replace(true);
    });
    Ok((group, ended))
}

fn find_program(name: &str) -> PathBuf {
    if name.contains('/') { name.into() } else { search_path::find(name).unwrap_or_else(|| name.into()) }
}

fn session() -> String {
    uuid::Uuid::new_v4().to_string()
}

struct Sockets {
    shell: ClientShellConnection,
    iopub: ClientIoPubConnection,
    /// For kernels that are interrupted by a message.
    control: Option<ClientControlConnection>,
}

/// Connects as soon as the sockets are there, and returns when the kernel both answers and is heard.
async fn connect(connection: &ConnectionInfo, by_message: bool) -> Result<Sockets, RuntimeError> {
    let session = session();
    for port in [connection.shell_port, connection.iopub_port, connection.control_port] {
        while !listens(connection, port).await {
            tokio::time::sleep(POLL).await;
        }
    }
    let mut iopub = create_client_iopub_connection(connection, "", &session).await?;
    let identity = peer_identity_for_session(&session)?;
    let mut shell = create_client_shell_connection_with_identity(connection, &session, identity).await?;
    loop {
        let request: JupyterMessage = KernelInfoRequest {}.into();
        let asked = request.header.msg_id.clone();
        shell.send(request).await?;
        let heard = async {
            while !is_answer(&iopub.read().await?, &asked) {}
            Ok::<_, RuntimeError>(())
        };
        match tokio::time::timeout(ASK_AGAIN, heard).await {
            Ok(outcome) => outcome?,
            Err(_) => continue,
        }
        let control = match by_message {
            true => Some(create_client_control_connection(connection, &session).await?),
            false => None,
        };
        return Ok(Sockets { shell, iopub, control });
    }
}

async fn listens(connection: &ConnectionInfo, port: u16) -> bool {
    match connection.transport {
        Transport::IPC => tokio::net::UnixStream::connect(format!("{}-{port}", connection.ip)).await.is_ok(),
        Transport::TCP => tokio::net::TcpStream::connect((connection.ip.as_str(), port)).await.is_ok(),
    }
}

/// Idle again after our question: it is ready for work.
fn is_answer(message: &JupyterMessage, asked: &str) -> bool {
    let ours = message.parent_header.as_ref().is_some_and(|parent| parent.msg_id == asked);
    ours && matches!(&message.content, JupyterMessageContent::Status(status) if status.execution_state.as_str() == "idle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_its_user_reads_the_key() {
        let dir = private_dir().unwrap();
        let file = dir.path().join("connection.json");
        let info = connection(dir.path(), Transport::IPC).await.unwrap();
        write_connection(&file, &info).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(dir.path()), mode(&file)), (0o700, 0o600));
        assert_eq!(info.key.len(), 64);
        assert_ne!(info.key, connection(dir.path(), Transport::IPC).await.unwrap().key);
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!((&read["transport"], &read["key"]), (&"ipc".into(), &info.key.as_str().into()));
        assert!(info.shell_url().starts_with("ipc:///"));
    }

    #[tokio::test]
    async fn ports_are_free_and_different_ones() {
        let dir = private_dir().unwrap();
        let info = connection(dir.path(), Transport::TCP).await.unwrap();
        let mut ports = [info.shell_port, info.iopub_port, info.stdin_port, info.control_port, info.hb_port].to_vec();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!((ports.len(), info.ip.as_str()), (5, "127.0.0.1"));
        assert!(!ports.contains(&0));
    }
}
