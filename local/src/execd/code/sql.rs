//! SQL without a database: what the real execd says then.

use super::super::App;
use super::super::errors::Failure;
use super::super::events::{self, Event};
use axum::response::Response;
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What SQL has come to.
#[derive(Default)]
pub struct Sql {
    /// After the first failed attempt the real one never tries again.
    failed: AtomicBool,
}

/// There is no database. The first attempt says so in full.
pub fn run(app: Arc<App>, headers: &HeaderMap) -> Response {
    let (mut events, receiver) = events::channel();
    tokio::spawn(async move {
        events.init(&uuid::Uuid::new_v4().to_string()).await;
        let first = !app.code.sql.failed.swap(true, Ordering::Relaxed);
        let text = if first { "dial tcp 127.0.0.1:3306: connect: connection refused" } else { "db is not initialized" };
        events.send(Event::Error { name: "DBInitError", value: text, traceback: None }).await;
        events.send_raw(Failure::runtime(format!("error running codes {text}")).body()).await;
    });
    events::response(receiver, headers)
}
