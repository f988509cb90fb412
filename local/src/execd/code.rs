//! `/code` as an execd without Jupyter answers it; shell "languages" run as commands.

use super::App;
use super::body::{self, Fields, malformed};
use super::command;
use super::command_request::{CommandRequest, tag};
use super::errors::{self, Failure};
use super::events::{self, Event};
use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const JUPYTER_LANGUAGES: [&str; 6] = ["python", "java", "javascript", "typescript", "go", "bash"];
const NO_JUPYTER: &str = "Jupyter is not configured";

/// What SQL has come to.
#[derive(Default)]
pub struct State {
    /// After the first failed attempt the real one never tries again.
    database_failed: AtomicBool,
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
    let failed = |text: &str| Err(Failure::runtime(format!("error running codes {text}")));
    match language.as_str() {
        "" | "command" | "background-command" => {
            let background = language == "background-command";
            let request = CommandRequest { command: code, background, ..CommandRequest::default() };
            Ok(command::run(app, headers, request, "error running codes", Duration::ZERO))
        }
        "sql" => Ok(sql(app, headers)),
        known if JUPYTER_LANGUAGES.contains(&known) => {
            failed(if id.is_empty() { NO_JUPYTER } else { "context not found" })
        }
        unknown => failed(&format!("unknown language: {unknown}")),
    }
}

/// There is no database. The first attempt says so in full.
fn sql(app: Arc<App>, headers: &HeaderMap) -> Response {
    let (mut events, receiver) = events::channel();
    tokio::spawn(async move {
        events.init(&uuid::Uuid::new_v4().to_string()).await;
        let first = !app.code.database_failed.swap(true, Ordering::Relaxed);
        let text = if first { "dial tcp 127.0.0.1:3306: connect: connection refused" } else { "db is not initialized" };
        events.send(Event::Error { name: "DBInitError", value: text, traceback: None }).await;
        events.send_raw(Failure::runtime(format!("error running codes {text}")).body()).await;
    });
    events::response(receiver, headers)
}

/// `POST /code/context`. The real one retries without end and never answers; that helps nobody.
pub async fn create_context(body: Body) -> Result<Response, Failure> {
    let value = body::read_required(body).await?;
    let read = || Fields::of(&value, "CodeContextRequest")?.string("language");
    read().map_err(|error| malformed(&error))?;
    Err(Failure::runtime(format!("error creating code context. {NO_JUPYTER}")))
}

/// `GET /code/contexts`: there are none.
pub fn list_contexts(language: Option<&str>) -> Result<Response, Failure> {
    match language {
        Some(language @ ("command" | "background-command" | "sql")) => {
            Err(Failure::runtime(format!("unsupported language context operation: {language}")))
        }
        _ => Ok(errors::success(&[(); 0])),
    }
}

/// `DELETE /code/contexts?language=`: fine, even if there are none.
pub fn delete_contexts(language: Option<&str>) -> Result<Response, Failure> {
    match language {
        None | Some("") => Err(Failure::missing_query("language")),
        Some(_) => Ok(errors::empty()),
    }
}

pub fn no_context(id: &str) -> Failure {
    Failure::context_not_found(format!("context {id} not found"))
}
