//! `/pty`: terminals. Output is kept in a ring, so that a client may come back; one client at a time.

mod process;
mod ring;
mod session;
mod socket;

use super::App;
use super::body::{self, Fields, Parsed};
use super::errors::{self, Failure, os_text};
use super::paths;
use crate::lock::lock;
use crate::query::Pairs;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use http::request::Parts;
use http::{StatusCode, header};
use process::Mode;
use serde::Serialize;
use session::Session;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The first byte of a binary frame says what it carries.
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const REPLAY: u8 = 3;

/// All terminals. They never expire.
#[derive(Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<String, Arc<Session>>>,
}

impl Sessions {
    fn get(&self, id: &str) -> Result<Arc<Session>, Failure> {
        lock(&self.by_id).get(id).cloned().ok_or_else(|| not_found(id))
    }
}

fn not_found(id: &str) -> Failure {
    Failure::context_not_found(format!("pty session {id} not found"))
}

/// A text frame to the client.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Server {
    Connected { session_id: String, mode: &'static str },
    Pong,
    Exit { exit_code: i32 },
    Error { error: String, code: &'static str },
}

#[derive(Serialize)]
struct Created<'a> {
    session_id: &'a str,
}

#[derive(Serialize)]
struct Status<'a> {
    session_id: &'a str,
    running: bool,
    output_offset: u64,
}

/// `POST /pty`. Nothing runs before the first client comes.
pub async fn create(app: &App, body: Body) -> Result<Response, Failure> {
    let unreadable = |error: String| Failure::invalid_request(format!("error parsing request. {error}"));
    let (cwd, command) = match body::read(body).await {
        Parsed::Empty => Default::default(),
        Parsed::Bad(error) => return Err(unreadable(error)),
        Parsed::Value(value) => {
            let fields = Fields::of(&value, "CreatePTYSessionRequest").map_err(unreadable)?;
            (fields.string("cwd").map_err(unreadable)?, fields.string("command").map_err(unreadable)?)
        }
    };
    let id = uuid::Uuid::new_v4().to_string();
    let created = super::json::encode(&Created { session_id: &id });
    let cwd = match directory(&cwd) {
        Ok(cwd) => cwd,
        Err(error) => {
            // The real one goes on after its error, and answers with two objects.
            let mut both = Failure::runtime(format!("error creating pty session. {error}")).body();
            both.extend(created);
            return Ok(errors::json_bytes(StatusCode::INTERNAL_SERVER_ERROR, both));
        }
    };
    lock(&app.terminals.by_id).insert(id.clone(), Arc::new(Session::new(id, cwd, command)));
    Ok(errors::json_bytes(StatusCode::CREATED, created))
}

/// Made if it is not there.
fn directory(cwd: &str) -> Result<Option<PathBuf>, String> {
    if cwd.is_empty() {
        return Ok(None);
    }
    let path = paths::expand_absolute(cwd)?;
    std::fs::create_dir_all(&path).map_err(|error| format!("mkdir {}: {}", path.display(), os_text(&error)))?;
    Ok(Some(path))
}

/// `GET /pty/{id}`.
pub fn status(app: &App, id: &str) -> Result<Response, Failure> {
    let (running, output_offset) = app.terminals.get(id)?.status();
    Ok(errors::success(&Status { session_id: id, running, output_offset }))
}

/// `DELETE /pty/{id}`.
pub fn delete(app: &App, id: &str) -> Result<Response, Failure> {
    let session = lock(&app.terminals.by_id).remove(id).ok_or_else(|| not_found(id))?;
    session.delete();
    Ok(errors::empty())
}

/// `GET /pty/{id}/ws`. Who is not let in learns that before the handshake is looked at.
pub async fn websocket(app: Arc<App>, id: &str, query: &Pairs, mut parts: Parts) -> Result<Response, Failure> {
    let session = app.terminals.get(id)?;
    let is = |name: &str, value: &str| query.first(name) == Some(value);
    let held = session.hold(is("takeover", "1")).ok_or_else(|| {
        Failure::new(StatusCode::CONFLICT, "ALREADY_CONNECTED", "another client is already connected")
    })?;
    let mode = if is("pty", "0") { Mode::Pipe } else { Mode::Pty };
    let since = offset(query.first("since").unwrap_or_default());
    let asked = parts.headers.contains_key(header::UPGRADE);
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => Ok(upgrade.on_upgrade(move |ws| socket::serve(app, held, since, mode, ws))),
        Err(_) if asked => Ok(text(StatusCode::BAD_REQUEST)),
        Err(_) => Ok(text(StatusCode::UPGRADE_REQUIRED)),
    }
}

/// The digits that it begins with.
fn offset(text: &str) -> u64 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn text(status: StatusCode) -> Response {
    let reason = format!("{}\n", status.canonical_reason().unwrap_or_default());
    errors::with_type(status, "text/plain; charset=utf-8", reason.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn offsets() {
        for (text, wanted) in [("", 0), ("3x", 3), ("-1", 0), ("x", 0), ("12", 12), ("99999999999999999999", 0)] {
            assert_eq!(offset(text), wanted, "{text}");
        }
    }
}
