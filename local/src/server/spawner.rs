//! The one thread that starts sandbox processes.
//!
//! A child that asked to die with its parent dies with the *thread* that started it, and the async runtime's
//! threads come and go. So one thread that lives as long as the server does all the starting.

use std::io;
use std::sync::mpsc;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// Hands commands to the thread.
pub struct Spawner {
    orders: mpsc::Sender<Order>,
}

impl Spawner {
    /// Starts the thread. Must be called inside the runtime.
    pub fn new() -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("spawner".into()).spawn(move || {
            let _inside = runtime.enter();
            for (mut command, answer) in inbox {
                // Nobody waiting means the request was aborted; the child is then killed on drop.
                let _ = answer.send(command.spawn());
            }
        })?;
        Ok(Self { orders })
    }

    /// Starts one process.
    pub async fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the spawner thread has ended");
        let (answer, child) = oneshot::channel();
        self.orders.send((command, answer)).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}
