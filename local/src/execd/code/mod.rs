//! `/code`: code in Jupyter kernels; shell "languages" run as commands. Without kernels, what an execd without Jupyter says.

mod context;
mod kernel;
pub mod kernelspecs;
mod launch;
mod options;
mod run;
mod sql;

pub use options::{DeadKernel, EarlyComplete};

use super::App;
use super::body::{self, Fields, malformed};
use super::command;
use super::command_request::{CommandRequest, tag};
use super::errors::{self, Failure};
use super::paths;
use axum::body::Body;
use axum::response::Response;
use context::{Context, Contexts};
use http::HeaderMap;
use jupyter_protocol::JupyterKernelspec;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const JUPYTER_LANGUAGES: [&str; 6] = ["python", "java", "javascript", "typescript", "go", "bash"];
const NO_JUPYTER: &str = "Jupyter is not configured";
const NO_KERNEL: &str = "no kernel specs found";

/// Everything that `/code` keeps between requests.
pub struct State {
    /// Where the kernels are; `None`: there is no Jupyter.
    kernels: Option<PathBuf>,
    early: EarlyComplete,
    dead: DeadKernel,
    contexts: Contexts,
    sql: sql::Sql,
}

impl State {
    pub fn new(kernels: Option<PathBuf>, early: EarlyComplete, dead: DeadKernel) -> Self {
        Self { kernels, early, dead, contexts: Contexts::default(), sql: sql::Sql::default() }
    }

    /// `DELETE /code?id=`: false if no context has this id. Returns at once; an idle kernel ignores it.
    pub fn interrupt(&self, id: &str) -> bool {
        let found = self.contexts.get(id);
        if let Some(context) = &found {
            context.kernel().interrupt();
        }
        found.is_some()
    }

    fn kernelspec(&self, language: &str) -> Result<JupyterKernelspec, &'static str> {
        let dir = self.kernels.as_deref().ok_or(NO_JUPYTER)?;
        kernelspecs::find(dir, language).ok_or(NO_KERNEL)
    }
}

/// `POST /code`: the language alone decides what runs.
pub async fn run(app: Arc<App>, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let value = body::read_required(body).await?;
    let read = || -> Result<(String, String, String), String> {
        let fields = Fields::of(&value, "RunCodeRequest")?;
        let context = fields.object("context")?;
        Ok((fields.string("code")?, context.string("language")?, context.string("id")?))
    };
    let (code, language, id) = read().map_err(|error| malformed(&error))?;
    if code.is_empty() {
        let text = tag("RunCodeRequest.Code", "required");
        return Err(Failure::invalid_request(format!("invalid request, validation error {text}")));
    }
    match language.as_str() {
        "" | "command" | "background-command" => {
            let background = language == "background-command";
            let request = CommandRequest { command: code, background, ..CommandRequest::default() };
            Ok(command::run(app, headers, request, "error running codes", Duration::ZERO))
        }
        "sql" => Ok(sql::run(app, headers)),
        known if JUPYTER_LANGUAGES.contains(&known) => {
            let context = context_for(&app, known, &id).await;
            let context = context.map_err(|text| Failure::runtime(format!("error running codes {text}")))?;
            Ok(run::start(app, headers, context, code))
        }
        unknown => Err(Failure::runtime(format!("error running codes unknown language: {unknown}"))),
    }
}

/// The context of a run. With an id any language will do; without one it is the language's own, made when first needed.
async fn context_for(app: &Arc<App>, language: &str, id: &str) -> Result<Arc<Context>, String> {
    if !id.is_empty() {
        return app.code.contexts.get(id).ok_or_else(|| "context not found".into());
    }
    // One at a time: two first runs of a language share its context.
    let _alone = app.code.contexts.making_default().await;
    if let Some(context) = app.code.contexts.default_of(language) {
        return Ok(context);
    }
    let spec = app.code.kernelspec(language)?;
    Context::create(app, language, spec, true).await
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    language: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cwd: &'a str,
}

/// `POST /code/context`. Where the real one retries without end and never answers, this one says what is wrong.
pub async fn create_context(app: &Arc<App>, body: Body) -> Result<Response, Failure> {
    let value = body::read_required(body).await?;
    let read = || -> Result<(String, String), String> {
        let fields = Fields::of(&value, "CodeContextRequest")?;
        Ok((fields.string("language")?, fields.string("cwd")?))
    };
    let (language, cwd) = read().map_err(|error| malformed(&error))?;
    let failed = |text: &str| Failure::runtime(format!("error creating code context. {text}"));
    let spec = app.code.kernelspec(&language).map_err(failed)?;
    if !cwd.is_empty() {
        // Made, and no more: the kernel does not start there in the real one either.
        let dir = paths::expand_absolute(&cwd).map_err(|error| failed(&error))?;
        let made = tokio::fs::create_dir_all(&dir).await;
        made.map_err(|error| failed(&format!("mkdir {}: {}", dir.display(), errors::os_text(&error))))?;
    }
    let context = Context::create(app, &language, spec, false).await.map_err(|error| failed(&error))?;
    Ok(errors::success(&Shown { id: &context.id, language: &language, cwd: &cwd }))
}

/// `GET /code/contexts/{id}`.
pub fn get_context(app: &App, id: &str) -> Result<Response, Failure> {
    let context = app.code.contexts.get(id).ok_or_else(|| no_context(id))?;
    Ok(errors::success(&Shown { id, language: &context.language, cwd: "" }))
}

/// `DELETE /code/contexts/{id}`: answers when the kernel is gone.
pub async fn delete_context(app: &App, id: &str) -> Result<Response, Failure> {
    let context = app.code.contexts.remove(id).ok_or_else(|| no_context(id))?;
    context.end().await;
    Ok(errors::empty())
}

/// `GET /code/contexts`, oldest first.
pub fn list_contexts(app: &App, language: Option<&str>) -> Result<Response, Failure> {
    match language {
        Some(language @ ("command" | "background-command" | "sql")) => {
            Err(Failure::runtime(format!("unsupported language context operation: {language}")))
        }
        wanted => {
            let found = app.code.contexts.of_language(wanted.filter(|language| !language.is_empty()));
            let shown: Vec<Shown<'_>> =
                found.iter().map(|one| Shown { id: &one.id, language: &one.language, cwd: "" }).collect();
            Ok(errors::success(&shown))
        }
    }
}

/// `DELETE /code/contexts?language=`: fine, even if there are none.
pub async fn delete_contexts(app: &App, language: Option<&str>) -> Result<Response, Failure> {
    let language = language.filter(|language| !language.is_empty());
    let language = language.ok_or_else(|| Failure::missing_query("language"))?;
    for context in app.code.contexts.of_language(Some(language)) {
        if let Some(context) = app.code.contexts.remove(&context.id) {
            context.end().await;
        }
    }
    Ok(errors::empty())
}

fn no_context(id: &str) -> Failure {
    Failure::context_not_found(format!("context {id} not found"))
}
