//! A running kernel: sends it requests, hands its messages to who runs code, interrupts and kills it.

use super::super::children;
use crate::lock::lock;
use jupyter_protocol::{InterruptRequest, JupyterMessage};
use jupyter_zmq_client::{ClientIoPubConnection, DealerRecvConnection, DealerSendConnection, RuntimeError};
use nix::sys::signal::Signal;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

type Listener = Arc<Mutex<Option<mpsc::UnboundedSender<JupyterMessage>>>>;

pub struct Kernel {
    group: i32,
    ended: watch::Receiver<bool>,
    shell: tokio::sync::Mutex<DealerSendConnection>,
    /// Takes interrupts, for kernels that want a message instead of a signal.
    interrupts: Option<mpsc::UnboundedSender<()>>,
    listener: Listener,
    /// Aborted when dropped.
    _tasks: JoinSet<()>,
    /// Its connection file and its sockets, removed when dropped.
    _dir: TempDir,
}

/// What [`Kernel::new`] is made of.
pub struct Parts {
    pub group: i32,
    pub ended: watch::Receiver<bool>,
    pub shell: (DealerSendConnection, DealerRecvConnection),
    pub iopub: ClientIoPubConnection,
    pub control: Option<DealerSendConnection>,
    pub dir: TempDir,
}

impl Kernel {
    pub fn new(parts: Parts) -> Self {
        let listener = Listener::default();
        let (shell, replies) = parts.shell;
        let mut tasks = JoinSet::new();
        tasks.spawn(read_outputs(parts.iopub, Arc::clone(&listener)));
        tasks.spawn(drop_replies(replies));
        let interrupts = parts.control.map(|control| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tasks.spawn(send_interrupts(control, receiver));
            sender
        });
        Self {
            group: parts.group,
            ended: parts.ended,
            shell: tokio::sync::Mutex::new(shell),
            interrupts,
            listener,
            _tasks: tasks,
            _dir: parts.dir,
        }
    }

    /// What the kernel publishes from now on, until the next call.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<JupyterMessage> {
        // Without a bound: a reader that waits would make the kernel's socket drop messages.
        let (sender, receiver) = mpsc::unbounded_channel();
        *lock(&self.listener) = Some(sender);
        receiver
    }

    /// Nobody listens any more.
    pub fn stop_listening(&self) {
        *lock(&self.listener) = None;
    }

    pub async fn request(&self, message: JupyterMessage) -> Result<(), RuntimeError> {
        self.shell.lock().await.send(message).await
    }

    /// As Ctrl-C in a terminal: the whole group gets it.
    pub fn interrupt(&self) {
        match &self.interrupts {
            // Closed only when the kernel is gone.
            Some(interrupts) => drop(interrupts.send(())),
            None if self.has_ended() => {}
            None => drop(children::signal_group(self.group, Signal::SIGINT)),
        }
    }

    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Returns when the process has ended.
    pub async fn wait_ended(&self) {
        // An error means that nobody waits for the process any more: it has ended.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Kills the whole group, and returns when the process has ended.
    pub async fn kill(&self) {
        // Its id may belong to somebody else by then.
        if !self.has_ended() {
            children::signal_group(self.group, Signal::SIGKILL);
        }
        self.wait_ended().await;
    }
}

async fn read_outputs(mut iopub: ClientIoPubConnection, listener: Listener) {
    loop {
        match iopub.read().await {
            Ok(message) => {
                if let Some(listener) = lock(&listener).as_ref() {
                    // It may have stopped to listen just now.
                    let _ = listener.send(message);
                }
            }
            // The connection; when the process has ended, this task ends with the kernel.
            Err(RuntimeError::ZmqError(error)) => {
                tracing::debug!(%error, "kernel output");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // One that is not signed with our key, or that nobody understands.
            Err(error) => tracing::warn!(%error, "message of a kernel left out"),
        }
    }
}

/// Everything worth knowing also comes as output; unread replies would fill the socket.
async fn drop_replies(mut replies: DealerRecvConnection) {
    loop {
        if let Err(error) = replies.read().await {
            tracing::debug!(%error, "kernel reply");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn send_interrupts(mut control: DealerSendConnection, mut wanted: mpsc::UnboundedReceiver<()>) {
    while wanted.recv().await.is_some() {
        if let Err(error) = control.send(InterruptRequest {}.into()).await {
            tracing::warn!(%error, "interrupt");
        }
    }
}
