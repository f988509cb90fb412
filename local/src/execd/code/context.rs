//! A context: an id, a language, and the kernel that keeps its state.

use super::super::App;
use super::kernel::Kernel;
use super::{kernelspecs, launch};
use crate::lock::lock;
use jupyter_protocol::JupyterKernelspec;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

pub struct Context {
    pub id: String,
    pub language: String,
    /// Runs of nobody in particular use it.
    default: bool,
    spec: JupyterKernelspec,
    kernel: Mutex<Arc<Kernel>>,
    /// Held by the one run at a time.
    pub busy: Arc<tokio::sync::Mutex<()>>,
    deleted: watch::Sender<bool>,
}

impl Context {
    /// Starts a kernel and lists it as a context.
    pub async fn create(
        app: &Arc<App>,
        language: &str,
        spec: JupyterKernelspec,
        default: bool,
    ) -> Result<Arc<Self>, String> {
        let kernel = launch::start(app, &spec).await?;
        let context = Arc::new(Self {
            id: uuid::Uuid::new_v4().to_string(),
            language: language.to_owned(),
            default,
            spec,
            kernel: Mutex::new(Arc::new(kernel)),
            busy: Arc::default(),
            deleted: watch::channel(false).0,
        });
        lock(&app.code.contexts.all).push(Arc::clone(&context));
        Ok(context)
    }

    /// Its kernel at this moment.
    pub fn kernel(&self) -> Arc<Kernel> {
        Arc::clone(&lock(&self.kernel))
    }

    /// How long to listen on after its kernel is idle.
    pub fn late_output(&self) -> Duration {
        kernelspecs::late_output(&self.spec)
    }

    /// Its kernel, or a new one with nothing in it where the old one has died between two runs, as Jupyter does it.
    pub async fn living_kernel(&self, app: &Arc<App>) -> Result<Arc<Kernel>, String> {
        let kernel = self.kernel();
        if !kernel.has_ended() {
            return Ok(kernel);
        }
        let fresh = Arc::new(launch::start(app, &self.spec).await?);
        *lock(&self.kernel) = Arc::clone(&fresh);
        if *self.deleted.borrow() {
            // Deleted meanwhile, when only the old one was there to be killed.
            fresh.kill().await;
            return Err("context not found".into());
        }
        Ok(fresh)
    }

    /// Returns when somebody has deleted it.
    pub async fn wait_deleted(&self) {
        // An error would mean that the sender is gone, and it is in `self`.
        let _ = self.deleted.subscribe().wait_for(|deleted| *deleted).await;
    }

    /// Kills its kernel; whoever waits for it hears of it.
    pub async fn end(&self) {
        self.deleted.send_replace(true);
        self.kernel().kill().await;
    }
}

/// All contexts, oldest first.
#[derive(Default)]
pub struct Contexts {
    all: Mutex<Vec<Arc<Context>>>,
    making: tokio::sync::Mutex<()>,
}

impl Contexts {
    pub fn get(&self, id: &str) -> Option<Arc<Context>> {
        lock(&self.all).iter().find(|context| context.id == id).cloned()
    }

    /// Takes it off the list; ending it is the caller's.
    pub fn remove(&self, id: &str) -> Option<Arc<Context>> {
        let mut all = lock(&self.all);
        let at = all.iter().position(|context| context.id == id)?;
        Some(all.remove(at))
    }

    /// Those of one language, or all.
    pub fn of_language(&self, language: Option<&str>) -> Vec<Arc<Context>> {
        let all = lock(&self.all);
        all.iter().filter(|context| language.is_none_or(|language| context.language == language)).cloned().collect()
    }

    pub fn default_of(&self, language: &str) -> Option<Arc<Context>> {
        lock(&self.all).iter().find(|context| context.default && context.language == language).cloned()
    }

    /// Held by who makes a default context.
    pub async fn making_default(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.making.lock().await
    }
}
